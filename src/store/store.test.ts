import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { UserId } from '#vault/keeper.ts';
import { openStore, type StoreOptions } from './open.ts';
import { openPostgres, type TestPostgres } from './postgres.testkit.ts';
import { aCredential, anAccount, aRecord, aSession, aSlot, aSubmission, aToken, aUser } from './store.testkit.ts';
import type { Store } from './types.ts';

/** What a suite runs against. `again` opens a second store on the same database. */
interface Place {
  store: Store;
  again(): Promise<Store>;
}

const signUp = async (store: Store, leaveNothing = false) => {
  const user = aUser();
  const account = anAccount(user.id);
  const slots = leaveNothing ? [] : [aSlot(user.id, account.id)];
  const session = aSession(user.id);
  const credentials = [aCredential(account, 'imap'), aCredential(account, 'smtp')];
  await store.createUser({ user, account, credentials, slots, session });
  return { user, account, slots, session, credentials };
};

const suite = (name: string, place: Place) => {
  describe(name, () => {
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
      await store.addSession({ session, credentials: [imap], slots: [slot] });
      assert.deepEqual(await store.credential(made.account.id, 'imap'), imap);
      assert.deepEqual(await store.slots(made.user.id, 'mail-password'), [slot]);
      assert.deepEqual(await store.sessions(made.user.id), [session, made.session]);
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

    it('keeps records by user, account and purpose', async () => {
      const { store } = place;
      const { user, account } = await signUp(store);
      const ofUser = aRecord(user.id, null, { purpose: 'preference' });
      const draft = aRecord(user.id, account.id, { sealed: randomBytes(300_000) });
      await store.saveRecord(ofUser);
      await store.saveRecord(draft);
      assert.deepEqual(await store.records(user.id, null, 'preference'), [ofUser]);
      assert.deepEqual(await store.records(user.id, account.id, 'draft'), [draft]);
      assert.deepEqual(await store.records(user.id, null, 'draft'), []);
      const next = { ...draft, generation: 2, sealed: Buffer.alloc(0), updatedAt: 2000 };
      await store.saveRecord(next);
      assert.deepEqual(await store.record(draft.id), next);
      await store.deleteRecord(draft.id);
      assert.equal(await store.record(draft.id), null);
    });

    it('lists submissions that are due, oldest first', async () => {
      const { store } = place;
      const { account } = await signUp(store);
      const late = aSubmission(account, { sendAt: 200, state: 'due' });
      const early = aSubmission(account, { sendAt: 100 });
      const future = aSubmission(account, { sendAt: 300 });
      const sent = aSubmission(account, { sendAt: 50, state: 'sent' });
      for (const one of [late, early, future, sent]) await store.saveSubmission(one);
      assert.deepEqual(await store.dueSubmissions(account.id, 200), [early, late]);
      assert.deepEqual(await store.submissions(account.id), [sent, early, late, future]);
      assert.deepEqual(await store.submission(early.id), early);
    });

    it('deletes a submission with its two records', async () => {
      const { store } = place;
      const { account } = await signUp(store);
      const made = aSubmission(account);
      await store.saveSubmission(made);
      await store.deleteSubmission(made.id);
      assert.equal(await store.submission(made.id), null);
      assert.equal(await store.record(made.message.id), null);
      assert.equal(await store.record(made.record.id), null);
    });

    it('moves a submission for one of two racing workers only', async () => {
      const { store } = place;
      await using other = await place.again();
      const { account } = await signUp(store);
      for (let round = 0; round < 8; round += 1) {
        const made = aSubmission(account);
        await store.saveSubmission(made);
        const record = { ...made.record, generation: 2, sealed: randomBytes(40) };
        const moves = await Promise.all([
          store.moveSubmission(made.id, 'held', 'sending', { tries: 1, record }),
          other.moveSubmission(made.id, 'held', 'sending', { tries: 1, record }),
          store.moveSubmission(made.id, 'held', 'canceled'),
          other.moveSubmission(made.id, 'held', 'canceled'),
        ]);
        assert.equal(moves.filter(Boolean).length, 1);
        const now = await store.submission(made.id);
        const sending = moves[0] || moves[1];
        assert.equal(now?.state, sending ? 'sending' : 'canceled');
        assert.equal(now?.record.generation, sending ? 2 : 1);
        assert.equal(now?.updatedAt, 42_000);
      }
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
};

const clock = { now: () => 42_000, after: () => () => undefined };

for (const mode of ['direct', 'thread'] as const) {
  const place = {} as Place;
  describe(`SQLite, ${mode}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-store-'));
    const url = `sqlite:${join(folder, 'postern.db')}`;
    const open = (options: StoreOptions['mode']) => openStore(url, { mode: options, clock });
    before(async () => {
      place.store = await open(mode);
      place.again = () => open('thread');
    });
    after(async () => {
      await place.store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });
    suite('the store', place);
  });
}

const postgres: TestPostgres | null = await openPostgres();
describe('PostgreSQL', { skip: postgres === null && 'no PostgreSQL on this machine' }, () => {
  const place = {} as Place;
  before(async () => {
    if (!postgres) return;
    const url = await postgres.database();
    place.again = () => openStore(url, { mode: 'direct', clock });
    // Several processes that start at once migrate once.
    const [first, ...others] = await Promise.all([place.again(), place.again(), place.again()]);
    for (const other of others) await other[Symbol.asyncDispose]();
    place.store = first;
  });
  after(async () => {
    await place.store?.[Symbol.asyncDispose]();
    await postgres?.[Symbol.asyncDispose]();
  });
  suite('the store', place);
});
