import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { must } from '#base/must.ts';
import type { SlotRow, UserId } from '#vault/keeper.ts';
import { onEveryStore, signUp } from './every-store.testkit.ts';
import {
  aCredential,
  anAccount,
  anEntry,
  aRecord,
  aSession,
  aSlot,
  aSubmission,
  aToken,
  aUser,
} from './store.testkit.ts';
import type { CertificateChange, SeenCertificate, TurnedKeys } from './types.ts';

await onEveryStore((place) => {
  it('is healthy', async () => assert.equal(await place.store.healthy(), true));

  it('gives back a user by id and by login, with account, credentials and slot', async () => {
    const { store } = place;
    const made = await signUp(store);
    assert.deepEqual(await store.user(made.user.id), made.user);
    const found = await store.userByLogin(made.account.imap);
    assert.deepEqual(found, { user: made.user, account: made.account, slot: made.slots[0] });
    assert.deepEqual(await store.accounts(made.user.id), [made.account]);
    assert.deepEqual(await store.credential(made.account.id, 'smtp'), made.credentials[1]);
    assert.deepEqual(await store.sessionByTokenHash(made.session.tokenHash), made.session);
    assert.deepEqual(await store.slots(made.user.id, 'mail-password'), made.slots);
    assert.equal(await store.user('nobody' as UserId), null);
    assert.equal(await store.userByLogin({ ...made.account.imap, port: 143 }), null);
  });

  it('refuses a second first sign-in of the same login, and keeps nothing of it', async () => {
    const { store } = place;
    const made = await signUp(store);
    const user = aUser();
    const account = anAccount(user.id, { imap: made.account.imap });
    const rows = { user, account, credentials: [], slots: [aSlot(user.id, account.id)], session: aSession(user.id) };
    await assert.rejects(store.createUser(rows), { code: 'store/conflict' });
    assert.equal(await store.user(user.id), null);
  });

  it('keeps users who leave nothing apart, several of one login', async () => {
    const { store } = place;
    const made = await signUp(store, true);
    assert.equal(await store.userByLogin(made.account.imap), null);
    const user = aUser();
    const account = anAccount(user.id, { imap: made.account.imap });
    await store.createUser({ user, account, credentials: [], slots: [], session: aSession(user.id) });
    assert.deepEqual(await store.accounts(user.id), [account]);
  });

  it('writes what a later sign-in sealed anew in one go', async () => {
    const { store } = place;
    const made = await signUp(store);
    const session = aSession(made.user.id, { lastSeenAt: 2000 });
    const imap = aCredential(made.account, 'imap', 2);
    const slot = { ...aSlot(made.user.id, made.account.id), id: made.slots[0]!.id, generation: 2 };
    await store.addSession({ session, credentials: [imap], slots: [{ ...slot, name: 'not taken' } as SlotRow] });
    assert.deepEqual(await store.credential(made.account.id, 'imap'), imap);
    assert.deepEqual(await store.slots(made.user.id, 'mail-password'), [slot]);
    assert.deepEqual(await store.sessions(made.user.id), [session, made.session]);
  });

  it('finds a user by the name of the Postern sign-in, which nobody else can take', async () => {
    const { store } = place;
    const [one, two] = [await signUp(store), await signUp(store)];
    const name = `ana-${one.user.id}`;
    const slot = aSlot(one.user.id, null, 'site-password', { name: 'Site', createdAt: 2000 });
    await store.saveSlots([slot], name);
    assert.deepEqual(await store.userBySiteName(name), { user: { ...one.user, siteName: name }, slots: [slot] });
    const other = aSlot(two.user.id, null, 'site-password');
    await assert.rejects(store.saveSlots([other], name), { code: 'store/conflict' });
    assert.equal(await store.slot(other.id), null, 'nothing of it is kept');
    await assert.rejects(store.setSiteName(two.user.id, name), { code: 'store/conflict' });
    assert.equal(await store.deleteSlot(one.user.id, slot.id), true);
    assert.equal(await store.userBySiteName(name), null);
  });

  it('keeps names, times and facts of slots while what they seal is made anew', async () => {
    const { store } = place;
    const { user, slots } = await signUp(store);
    const facts = { credentialId: 'Yw', publicKey: 'pQ', signCount: 1, transports: ['internal'], rpId: 'localhost' };
    const passkey = aSlot(user.id, null, 'passkey', { name: 'Phone', createdAt: 2000, facts });
    await store.saveSlots([passkey, aToken(user.id).slot]);
    assert.deepEqual(await store.slots(user.id), [...slots, passkey]);
    const sealed = { ...passkey, generation: 2, sealed: randomBytes(9) };
    await store.sealSlots([{ ...sealed, name: 'x', createdAt: 9, facts: null } as SlotRow]);
    await store.touchSlot(passkey.id, 3000, 8);
    assert.equal(await store.renameSlot(user.id, passkey.id, 'Old phone'), true);
    assert.equal(await store.renameSlot('another' as UserId, passkey.id, 'No'), false);
    const now = { ...sealed, name: 'Old phone', lastUsedAt: 3000, facts: { ...facts, signCount: 8 } };
    assert.deepEqual(await store.slot(passkey.id), now);
  });

  it('never deletes the last slot that can open, whoever else asks', async () => {
    const { store } = place;
    await using other = await place.again();
    const { user, slots } = await signUp(store);
    const second = aSlot(user.id, null, 'recovery');
    await store.saveSlots([second, aToken(user.id).slot]);
    assert.equal(await store.deleteSlot('another' as UserId, second.id), false);
    const gone = await Promise.all([store.deleteSlot(user.id, slots[0]!.id), other.deleteSlot(user.id, second.id)]);
    assert.equal(gone.filter(Boolean).length, 1);
    assert.equal((await store.slots(user.id)).length, 1);
  });

  it('takes each step of a one-time code once, and none before it', async () => {
    const { store } = place;
    await using other = await place.again();
    const { user } = await signUp(store);
    const taken = await Promise.all([store.takeTotpStep(user.id, 50), other.takeTotpStep(user.id, 50)]);
    assert.equal(taken.filter(Boolean).length, 1);
    assert.equal(await store.takeTotpStep(user.id, 49), false);
    assert.equal(await store.takeTotpStep(user.id, 51), true);
    assert.equal((await store.user(user.id))?.totpStep, 51);
  });

  it('finds users by id, address and name, in any case', async () => {
    const { store } = place;
    const [one, other] = [await signUp(store), await signUp(store)];
    const name = `${one.user.id}.named`;
    await store.setSiteName(other.user.id, name);
    const ids = async (word: string) => (await store.usersNamed(word)).map(({ id }) => id);
    assert.deepEqual(await ids(one.user.id), [one.user.id]);
    assert.deepEqual(await ids(name.toUpperCase()), [other.user.id]);
    assert.ok((await ids(one.account.address.toUpperCase())).includes(one.user.id));
    assert.deepEqual(await ids('nobody@elsewhere.test'), []);
  });

  it('locks a user for the operator and lists all users', async () => {
    const { store } = place;
    const { user } = await signUp(store);
    await store.setLocked(user.id, 7000);
    assert.deepEqual(
      (await store.users()).find((each) => each.id === user.id),
      { ...user, lockedAt: 7000 },
    );
  });

  it('changes what is named of an account, and removes it with all that is its own', async () => {
    const { store } = place;
    const made = await signUp(store);
    const second = anAccount(made.user.id, { position: 1 });
    await store.saveAccount(second);
    await store.saveCredentials([aCredential(second, 'imap')]);
    const submission = aSubmission(second);
    await store.saveSubmission(submission);
    const change: CertificateChange = { at: 4, what: ['key'], before: { issuer: 'o', fingerprint: 'f' } };
    const facts = {
      subject: 'a',
      issuer: 'b',
      fingerprint: 'c',
      key: 'd',
      validFrom: 1,
      validTo: 5,
      altNames: ['a'],
    };
    const certificate: SeenCertificate = { ...facts, seenAt: 6, privateAddress: false, change };
    const certificates = { imap: certificate, smtp: null };
    const changed = await store.changeAccount(second.id, { away: 'resident', awayUntil: 9, certificates });
    assert.deepEqual(changed, { ...second, away: 'resident', awayUntil: 9, certificates });
    assert.equal(changed?.inAllInboxes, true);
    await store.changeAccount(second.id, { inAllInboxes: false });
    assert.deepEqual(await store.account(second.id), { ...changed, inAllInboxes: false });
    await store.changeAccount(second.id, { inAllInboxes: true });
    assert.deepEqual(await store.accounts(made.user.id), [made.account, changed]);
    assert.deepEqual(await store.credentials(made.user.id).then((list) => list.length), 3);
    await store.deleteAccount(second.id);
    assert.equal(await store.account(second.id), null);
    assert.equal(await store.record(submission.record.id), null);
    assert.equal(await store.credential(second.id, 'imap'), null);
    assert.equal(await store.changeAccount(second.id, { name: 'x' }), null);
  });

  it('keeps an account with its passwords and its slot, all of it or nothing', async () => {
    const { store } = place;
    const [one, other] = [await signUp(store), await signUp(store)];
    const slot = must(one.slots[0], 'a slot');
    const account = { ...one.account, ownSmtp: true, imap: { ...one.account.imap, host: 'elsewhere.test' } };
    const credential = { ...aCredential(account, 'smtp'), sealed: Buffer.from('anew') };
    await store.keepAccount({
      account,
      credentials: [credential],
      slots: [{ ...slot, sealed: Buffer.from('slot') }],
    });
    assert.deepEqual(await store.account(account.id), account);
    assert.deepEqual((await store.credential(account.id, 'smtp'))?.sealed, Buffer.from('anew'));
    assert.deepEqual((await store.slot(slot.id))?.sealed, Buffer.from('slot'));
    assert.equal((await store.slot(slot.id))?.createdAt, slot.createdAt);
    const taken = { ...account, imap: other.account.imap };
    const rows = { account: taken, credentials: [{ ...credential, sealed: Buffer.from('lost') }], slots: [] };
    await assert.rejects(store.keepAccount(rows), { code: 'store/conflict' });
    assert.deepEqual(await store.account(account.id), account);
    assert.deepEqual((await store.credential(account.id, 'smtp'))?.sealed, Buffer.from('anew'));
  });

  it('detaches a login, so that another user can have it', async () => {
    const { store } = place;
    const made = await signUp(store);
    await store.detachLogin(made.account.id);
    assert.equal(await store.userByLogin(made.account.imap), null);
    assert.deepEqual(await store.slots(made.user.id), []);
    assert.deepEqual(await store.accounts(made.user.id), [made.account]);
    const user = aUser();
    const account = anAccount(user.id, { imap: made.account.imap });
    const rows = { user, account, credentials: [], slots: [aSlot(user.id, account.id)], session: aSession(user.id) };
    await store.createUser(rows);
    assert.equal((await store.userByLogin(account.imap))?.user.id, user.id);
  });

  it('turns the keys of a user in one go, or not at all', async () => {
    const { store } = place;
    const { user, account, slots, session, credentials } = await signUp(store);
    const [draft, submission] = [aRecord(user.id, account.id), aSubmission(account)];
    await store.saveRecord(draft);
    await store.saveSubmission(submission);
    await store.saveToken(aToken(user.id));
    const passkey = aSlot(user.id, null, 'passkey', { createdAt: 5000 });
    await store.saveSlots([passkey]);
    await store.addSession({ session: aSession(user.id), credentials: [], slots: [] });
    const turned: TurnedKeys = {
      user: user.id,
      keys: { publicKey: randomBytes(32), sealed: randomBytes(73) },
      session: { ...session, tokenHash: randomBytes(32), generation: 2 },
      records: (await store.allRecords(user.id)).map(({ id, wrapped }) => ({
        id,
        before: wrapped,
        wrapped: randomBytes(73),
      })),
      credentials: credentials.map((each) => ({
        before: each.sealed,
        credential: { ...each, binding: { ...each.binding, generation: 2 }, sealed: randomBytes(80) },
      })),
      slots: [{ ...slots[0]!, generation: 2, sealed: randomBytes(9) }],
    };
    const late = aRecord(user.id, null);
    await store.saveRecord(late);
    await assert.rejects(store.turnKeys(turned), { code: 'store/conflict' });
    assert.deepEqual((await store.user(user.id))?.keys, user.keys);
    assert.deepEqual(await store.record(draft.id), draft);
    await store.deleteRecord(late.id);
    await store.turnKeys(turned);
    assert.deepEqual((await store.user(user.id))?.keys, turned.keys);
    assert.deepEqual(await store.sessions(user.id), [turned.session]);
    assert.deepEqual(await store.slots(user.id), turned.slots);
    assert.deepEqual(await store.tokens(user.id), []);
    assert.deepEqual(
      (await store.record(submission.message.id))?.wrapped,
      turned.records.find((record) => record.id === submission.message.id)?.wrapped,
    );
    assert.deepEqual(await store.credential(account.id, 'imap'), turned.credentials[0]!.credential);
  });

  it('keeps what was done, newest first, and outlives the user', async () => {
    const { store } = place;
    const { user } = await signUp(store);
    const entries = [1000, 2000, 3000].map((at) => anEntry(user.id, { at }));
    for (const entry of [...entries, anEntry(null, { at: 2500, kind: 'sign-in-refused' })]) await store.audit(entry);
    assert.deepEqual(await store.auditOf(user.id, { since: 2000, most: 5 }), [entries[2], entries[1]]);
    assert.equal((await store.auditOf(null, { since: 0, most: 2 })).length, 2);
    const refusals = await store.auditOf(null, { since: 2500, most: 5, kinds: ['sign-in-refused', 'locked'] });
    assert.ok(refusals.length > 0 && refusals.every(({ kind }) => kind === 'sign-in-refused'));
    await store.deleteUser(user.id);
    await store.dropAudit(2000);
    assert.deepEqual(await store.auditOf(user.id, { since: 0, most: 5 }), [entries[2], entries[1]]);
  });

  it('changes an account without losing its direct sign-in', async () => {
    const { store } = place;
    const made = await signUp(store);
    const changed = { ...made.account, name: 'Other', state: 'refused' as const, stateAt: 7 };
    await store.saveAccount(changed);
    assert.deepEqual((await store.userByLogin(made.account.imap))?.account, changed);
  });

  it('remembers the token a rotated session had before', async () => {
    const { store } = place;
    const { session } = await signUp(store);
    const rotated = { ...session, tokenHash: randomBytes(32), generation: 2 };
    await store.saveSession(rotated);
    assert.equal(await store.sessionByTokenHash(session.tokenHash), null);
    assert.deepEqual(await store.session(session.id), rotated);
    const retired = await store.sessionByRetiredToken(session.tokenHash);
    assert.deepEqual(retired, { session: rotated, retiredAt: 42_000 });
    assert.equal(await store.sessionByRetiredToken(rotated.tokenHash), null);
  });

  it('never moves the time a session was seen backwards', async () => {
    const { store } = place;
    const { session } = await signUp(store);
    await store.touchSession(session.id, 3000);
    await store.touchSession(session.id, 2000);
    assert.equal((await store.session(session.id))?.lastSeenAt, 3000);
  });

  it('deletes sessions, and those that have expired', async () => {
    const { store } = place;
    const { session, user } = await signUp(store);
    const other = aSession(user.id, { expiresAt: 500 });
    await store.addSession({ session: other, credentials: [], slots: [] });
    assert.deepEqual(
      (await store.deleteExpiredSessions(500)).filter((one) => one.user === user.id),
      [{ id: other.id, user: user.id }],
    );
    await store.deleteSession(session.id);
    await store.saveSession({ ...session, tokenHash: randomBytes(32) });
    assert.deepEqual(await store.sessions(user.id), [], 'what turns its keys meanwhile does not bring it back');
  });

  it('keeps API tokens with their slots', async () => {
    const { store } = place;
    const { user } = await signUp(store);
    const token = aToken(user.id);
    await store.saveToken(token);
    assert.deepEqual(await store.tokenByHash(token.tokenHash), token);
    await store.touchToken(token.id, 77);
    assert.deepEqual(await store.tokens(user.id), [{ ...token, lastUsedAt: 77 }]);
    await store.deleteToken('another' as UserId, token.id);
    assert.equal((await store.tokens(user.id)).length, 1);
    await store.deleteToken(user.id, token.id);
    assert.equal(await store.tokenByHash(token.tokenHash), null);
    assert.deepEqual(await store.slots(user.id, 'token'), []);
  });

  it('deletes a user with everything', async () => {
    const { store } = place;
    const { user, account, session } = await signUp(store);
    await store.saveToken(aToken(user.id));
    const submission = aSubmission(account);
    await store.saveSubmission(submission);
    await store.saveRecord(aRecord(user.id, null));
    await store.saveSession({ ...session, tokenHash: randomBytes(32) });
    await store.deleteUser(user.id);
    assert.equal(await store.user(user.id), null);
    assert.deepEqual(await store.accounts(user.id), []);
    assert.equal(await store.credential(account.id, 'imap'), null);
    assert.equal(await store.session(session.id), null);
    assert.equal(await store.submission(submission.id), null);
    assert.equal(await store.record(submission.message.id), null);
    assert.equal(await store.userByLogin(account.imap), null);
  });
});
