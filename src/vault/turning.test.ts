import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import { credentialBinding, recordBinding } from './associated.ts';
import { copyOf } from './bytes.ts';
import type { KeeperCore } from './keeper-core.ts';
import type { SlotRow, UserKeys, SealedCredential } from './keeper.ts';
import { next, clock, openCore, closing, plain, enroll, sitePassword, refused, opens } from './unlockers.testkit.ts';

const turn = async (core: KeeperCore, made: Awaited<ReturnType<typeof enroll>>) => {
  const row = must(
    made.opened.credentials.find((one) => one.protocol === 'imap'),
    'a credential',
  );
  const credential: SealedCredential = {
    binding: credentialBinding(made.user, made.account, 'imap', 1),
    target: made.imap,
    sealed: row.sealed,
  };
  const binding = recordBinding({ id: next(), user: made.user, account: null, purpose: 'draft', generation: 1 });
  const record = core.makeKey(binding);
  const site = await sitePassword(core, made.user);
  const keys = core.beginTurn(made.user);
  return { credential, binding, record, site, keys, former: made.keys };
};

const nothing = { records: [], credentials: [], mailSlots: [], unlockers: [], session: null };

test('V90 after a turn the same records, credentials and unlockers open under the new key, and nothing under the old', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { credential, binding, record, site, keys, former } = await turn(core, made);
  assert.notDeepEqual(keys.publicKey, former.publicKey);
  const unlocking = { slot: site, secret: plain('a long site password') };
  const turned = await core.turnPart(made.user, {
    records: [{ binding, wrapped: record.wrapped }],
    credentials: [credential],
    mailSlots: [{ slot: made.slot, credential, servers: made }],
    unlockers: [{ unlocking, keys: former }],
    session: made.opened.session,
  });
  core.endTurn(made.user, true);
  const [wrapped, sealed] = [must(turned.records[0], 'a record'), must(turned.credentials[0], 'a credential')];
  assert.deepEqual(core.openKey(binding, wrapped), record.key);
  assert.throws(() => core.openKey(binding, record.wrapped), { code: 'record/does-not-open' });
  const signedIn = await core.connect({ ...credential, sealed });
  signedIn.socket.destroy();
  await assert.rejects(core.connect(credential), { code: 'record/does-not-open' });
  const [mail, password] = turned.slots;
  assert.equal(await opens(core, must(mail, 'a slot'), keys, plain('right')), true);
  assert.equal(await opens(core, must(password, 'a slot'), keys, plain('a long site password')), true);
  await assert.rejects(opens(core, site, keys, plain('a long site password')), refused);
  const opened = must(turned.opened, 'a session');
  core.forget(made.user);
  core.unlock(opened.session, keys, copyOf(opened.secrets.unlockKey));
  assert.equal(core.isOpen(made.user), true);
  core.forget(made.user);
  assert.throws(() => core.unlock(made.opened.session, keys, made.opened.secrets.unlockKey), {
    code: 'session/does-not-open',
  });
});

test('V91 while keys turn nothing else is done with either; a turn given up changes nothing, one forgotten ends', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { binding, record, former } = await turn(core, made);
  const busy = { code: 'user/locked' };
  assert.throws(() => core.makeKey(binding), busy);
  assert.throws(() => core.openKey(binding, record.wrapped), busy);
  assert.throws(() => core.beginTurn(made.user), busy);
  assert.throws(() => core.unlock(made.opened.session, former, copyOf(made.opened.secrets.unlockKey)), busy);
  core.endTurn(made.user, false);
  assert.deepEqual(core.openKey(binding, record.wrapped), record.key);
  core.beginTurn(made.user);
  clock.pass(61_000);
  assert.equal(core.isOpen(made.user), false, 'the browsers bring the key of the database');
  assert.throws(() => core.endTurn(made.user, true), busy);
  await assert.rejects(core.turnPart(made.user, nothing), busy);
});

test('V92 an unlocker that opens another key does not get a slot for the new one', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { site, former } = await turn(core, made);
  const other = await enroll(core);
  const foreign = await sitePassword(core, other.user);
  const part = (slot: SlotRow, keys: UserKeys, password: string) =>
    core.turnPart(made.user, {
      ...nothing,
      unlockers: [{ unlocking: { slot, secret: plain(password) }, keys }],
    });
  await assert.rejects(part(site, former, 'wrong password'), refused);
  await assert.rejects(part(foreign, other.keys, 'a long site password'), refused);
  assert.equal((await part(site, former, 'a long site password')).slots[0]?.generation, 2);
});
