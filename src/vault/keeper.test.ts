import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { must } from '#base/must.ts';
import { recordBinding } from './associated.ts';
import { random } from './bytes.ts';
import type { MailAccountId, SessionId, SlotId } from './keeper.ts';
import { openKeeper } from './keeper-client.ts';
import { KeeperCore } from './keeper-core.ts';
import { hashToken } from './keys.ts';
import { Network } from './network.ts';
import { openRecord, sealRecord } from './seal-record.ts';
import { startKeeper } from './start-keeper.ts';
import {
  folder,
  nextName,
  settings,
  target,
  text,
  openCounting,
  user,
  enroll,
  credentialOf,
  readLine,
} from './keeper.testkit.ts';

for (const where of ['inside', 'child'] as const)
  describe(`keeper ${where}`, () => {
    test('V40 signing in and the first connection cost one LOGIN; the next costs another', async () => {
      await using server = await openCounting();
      await using running = await startKeeper(settings(where));
      await using keeper = await openKeeper(running);
      const made = await enroll(keeper, server);
      const credential = credentialOf(made, made.opened);
      const first = await keeper.connect(credential);
      assert.equal(server.signIns(), 1);
      assert.deepEqual(first.capabilities, ['IMAP4rev1', 'IDLE', 'UIDPLUS']);
      assert.equal(await readLine(first.stream), '* PREAUTH [CAPABILITY IMAP4rev1 IDLE UIDPLUS] Scripted ready\r\n');
      first.stream.write('a1 NOOP\r\n');
      assert.equal(await readLine(first.stream), 'a1 OK done\r\n');
      const second = await keeper.connect(credential);
      assert.equal(server.signIns(), 2);
      second.stream.destroy();
      first.stream.destroy();
    });

    test('A80 another password is sealed in place of the one signed in with; later sign-ins leave it as it is', async () => {
      const account = { password: 'right' };
      await using server = await openCounting(account);
      await using running = await startKeeper(settings(where));
      await using keeper = await openKeeper(running);
      const imap = target(server.port);
      const smtp = target(server.port, { protocol: 'smtp' });
      const ids = { user: user(), account: nextName() as MailAccountId, slot: nextName() as SlotId };
      const main = await keeper.admit(imap, text('right'));
      account.password = 'made-for-us';
      const own = await keeper.admit(imap, text('made-for-us'));
      const session = nextName() as SessionId;
      const instead = { admission: own.handle };
      const wish = { admission: main.handle, ...ids, imap, smtp, session, leaveNothing: false };
      const opened = await keeper.enroll({ ...wish, instead });
      const credential = credentialOf({ ...ids, imap }, opened);
      (await keeper.connect(credential)).stream.destroy();
      assert.equal(server.signIns(), 2, 'the connection that goes on is of the password that is kept');
      (await keeper.connect(credential)).stream.destroy();
      account.password = 'right';
      await assert.rejects(keeper.connect(credential), { code: 'auth/refused' });
      await assert.rejects(keeper.enroll({ ...wish, instead }), { code: 'admission/gone' });

      const again = await keeper.admit(imap, text('right'));
      const entered = await keeper.enter({
        admission: again.handle,
        slot: must(opened.slots[0], 'a slot of the typed password'),
        keys: must(opened.keys, 'keys'),
        account: ids.account,
        imap,
        smtp,
        credentialGeneration: 1,
        session: nextName() as SessionId,
        instead: 'kept',
      });
      assert.deepEqual(entered.credentials, []);
    });

    test('V41 unlock, lock, rotate: a session opens with its newest cookie only', async () => {
      await using server = await openCounting();
      const config = settings(where);
      let made: Awaited<ReturnType<typeof enroll>>;
      {
        await using running = await startKeeper(config);
        await using keeper = await openKeeper(running);
        made = await enroll(keeper, server);
        assert.equal(await keeper.isOpen(made.user), true);
      }
      await using running = await startKeeper(config);
      await using keeper = await openKeeper(running);
      const { session, secrets } = made.opened;
      assert.deepEqual(session.tokenHash, hashToken(secrets.token));
      assert.equal(await keeper.isOpen(made.user), false);
      await assert.rejects(keeper.connect(credentialOf(made, made.opened)), { code: 'user/locked' });
      await assert.rejects(keeper.unlock(session, made.keys, random(32)), { code: 'session/does-not-open' });
      await keeper.unlock(session, made.keys, secrets.unlockKey);
      const rotated = await keeper.rotate(session);
      assert.equal(rotated.session.generation, 2);
      await keeper.forget(made.user);
      assert.equal(await keeper.isOpen(made.user), false);
      await assert.rejects(keeper.rotate(session), { code: 'user/locked' });
      await assert.rejects(keeper.unlock(rotated.session, made.keys, secrets.unlockKey), {
        code: 'session/does-not-open',
      });
      await keeper.unlock(rotated.session, made.keys, rotated.secrets.unlockKey);
      const again = await keeper.connect(credentialOf(made, made.opened));
      again.stream.destroy();
    });
  });

describe('the keeper', () => {
  test('V42 a later sign-in opens the slot and seals the credentials anew', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const binding = recordBinding({ id: 'draft', user: made.user, account: null, purpose: 'draft', generation: 1 });
    const record = await sealRecord(keeper, binding, Buffer.from('Dear Bob'));
    await keeper.forget(made.user);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const { keys, imap, smtp, account } = made;
    const slot = must(made.slotRow, 'a slot');
    const session = 'later' as SessionId;
    const wish = { admission: handle, slot, keys, account, imap, smtp, credentialGeneration: 1, session };
    const opened = await keeper.enter(wish);
    assert.deepEqual([opened.slots, opened.keys], [[], null]);
    assert.deepEqual(
      opened.credentials.map((one) => one.generation),
      [2, 2],
    );
    assert.equal((await openRecord(keeper, binding, record)).toString(), 'Dear Bob');
    const taken = await keeper.connect(credentialOf(made, opened));
    taken.stream.destroy();
    assert.equal(server.signIns(), 2);
    await assert.rejects(keeper.enter(wish), { code: 'admission/gone' });
  });

  test('V43 a password changed at the server: the old one opens the slot once, then the new one', async () => {
    const account = { password: 'right' };
    await using server = await openCounting(account);
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    await keeper.forget(made.user);
    account.password = 'changed';
    const { handle } = await keeper.admit(made.imap, text('changed'));
    const slot = must(made.slotRow, 'a slot');
    const { keys, imap, smtp } = made;
    const wish = { slot, keys, account: made.account, imap, smtp, credentialGeneration: 1, session: 's' as SessionId };
    await assert.rejects(keeper.enter({ ...wish, admission: handle }), { code: 'slot/does-not-open' });
    await assert.rejects(keeper.enter({ ...wish, admission: handle, previous: text('never') }), {
      code: 'slot/does-not-open',
    });
    assert.equal(await keeper.isOpen(made.user), false);
    const opened = await keeper.enter({ ...wish, admission: handle, previous: text('right') });
    assert.equal(server.signIns(), 2);
    const renewed = must(opened.slots[0], 'the slot made anew');
    assert.deepEqual([renewed.id, renewed.generation], [slot.id, 2]);
    const next = await keeper.admit(made.imap, text('changed'));
    await keeper.enter({ ...wish, slot: renewed, admission: next.handle });
  });

  test('V18 a kept account is opened at its own servers only; for others nothing is sent, and a slot is made anew', async () => {
    await using server = await openCounting();
    await using evil = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const slot = must(made.slotRow, 'a slot');
    const { imap, smtp, keys, account } = made;
    const refused = { code: 'record/does-not-open' };
    await assert.rejects(keeper.admit(target(evil.port), text('right'), { slot, smtp }), refused);
    const elsewhere = target(evil.port, { protocol: 'smtp' });
    await assert.rejects(keeper.admit(imap, text('right'), { slot, smtp: elsewhere }), refused);
    assert.equal(evil.connections, 0);
    assert.equal(server.signIns(), 1);
    const { handle } = await keeper.admit(imap, text('right'), { slot, smtp });
    // Whoever names other servers at a sign-in of their own gets a slot for those.
    const session = 's' as SessionId;
    const wish = { admission: handle, slot, keys, account, imap, credentialGeneration: 1, session };
    const renewed = must((await keeper.enter({ ...wish, smtp: elsewhere })).slots[0], 'the slot made anew');
    await assert.rejects(keeper.admit(imap, text('right'), { slot: renewed, smtp }), refused);
    await keeper.admit(imap, text('right'), { slot: renewed, smtp: elsewhere });
  });

  test('V44 the cost of a slot is raised at the next sign-in', async () => {
    await using server = await openCounting();
    const config = settings('inside');
    let made: Awaited<ReturnType<typeof enroll>>;
    {
      await using running = await startKeeper(config);
      await using keeper = await openKeeper(running);
      made = await enroll(keeper, server);
    }
    await using running = await startKeeper({ ...config, cost: { passes: 1, memoryKiB: 16 } });
    await using keeper = await openKeeper(running);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const { keys, account, imap, smtp, slotRow } = made;
    const slot = must(slotRow, 'a slot');
    const session = 's' as SessionId;
    const opened = await keeper.enter({
      admission: handle,
      slot,
      keys,
      account,
      imap,
      smtp,
      credentialGeneration: 1,
      session,
    });
    assert.equal(opened.slots[0]?.sealed.readUInt32BE(5), 16);
  });

  test('V45 leaving nothing makes no slot; another account or server cannot take an admission', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server, true);
    assert.deepEqual(made.opened.slots, []);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const wish = { ...made, admission: handle, leaveNothing: true };
    await assert.rejects(keeper.enroll({ ...wish, imap: target(1) }), { code: 'admission/gone' });
    await assert.rejects(keeper.enroll({ ...wish, admission: 'unknown' }), { code: 'admission/gone' });
  });

  test('V40 a parked connection is for its account only, and goes when its user is locked', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const one = await enroll(keeper, server);
    const two = await enroll(keeper, server);
    assert.deepEqual([server.signIns(), server.open], [2, 2]);
    await keeper.forget(one.user);
    while (server.open > 1) await new Promise((resolve) => setImmediate(resolve));
    await keeper.unlock(one.opened.session, one.keys, one.opened.secrets.unlockKey);
    const own = await keeper.connect(credentialOf(one, one.opened));
    assert.equal(server.signIns(), 3);
    const parked = await keeper.connect(credentialOf(two, two.opened));
    assert.equal(server.signIns(), 3);
    own.stream.destroy();
    parked.stream.destroy();
  });

  test('V40 after a minute an admission is gone and its connection takes leave', async () => {
    await using server = await openCounting();
    const due: [number, () => void][] = [];
    const clock = {
      now: () => Date.now(),
      after: (ms: number, task: () => void) => (due.push([ms, task]), () => undefined),
    };
    const network = new Network({ ...settings('inside'), extraCa: [] });
    const core = new KeeperCore({ secretFile: join(folder, `${nextName()}.key`), network, clock });
    const imap = target(server.port);
    const { handle } = await core.admit(imap, text('right'));
    assert.deepEqual(
      due.map(([ms]) => ms),
      [60_000, 60_000],
    );
    for (const [, task] of due.splice(0)) task();
    while (server.open > 0) await new Promise((resolve) => setImmediate(resolve));
    const ids = { user: user(), account: 'a' as MailAccountId, session: 's' as SessionId, slot: 'x' as SlotId };
    const wish = { admission: handle, ...ids, imap, smtp: imap, leaveNothing: true };
    await assert.rejects(core.enroll(wish), { code: 'admission/gone' });
    core.close();
  });

  test('V46 the key of a mail password never leaves; records open in their row only', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const credential = credentialOf(made, made.opened);
    await assert.rejects(keeper.makeKey(credential.binding), { code: 'record/refused' });
    await assert.rejects(keeper.openKey(credential.binding, credential.sealed.subarray(0, 73)), {
      code: 'record/refused',
    });
    const binding = recordBinding({ id: 'r', user: made.user, account: made.account, purpose: 'draft', generation: 1 });
    await assert.rejects(keeper.openKey(binding, credential.sealed.subarray(0, 73)), { code: 'record/does-not-open' });
    await assert.rejects(keeper.connect({ ...credential, binding }), { code: 'record/refused' });
    const record = await sealRecord(keeper, binding, Buffer.alloc(100_000, 7));
    assert.deepEqual(await openRecord(keeper, binding, record), Buffer.alloc(100_000, 7));
    const elsewhere = { ...binding, row: 'other' };
    await assert.rejects(openRecord(keeper, elsewhere, record), { code: 'record/does-not-open' });
    const damaged = { ...record, sealed: Buffer.from(record.sealed.map((byte, at) => (at === 30 ? byte ^ 1 : byte))) };
    await assert.rejects(openRecord(keeper, binding, damaged), { code: 'record/does-not-open' });
    await assert.rejects(keeper.connect({ ...credential, target: target(1) }), { code: 'record/does-not-open' });
    assert.equal(server.connections, 1);
  });

  test('V11 an API token unlocks its user', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const { slot, secret } = await keeper.makeToken(made.user, 'token-1' as SlotId);
    await keeper.forget(made.user);
    await assert.rejects(keeper.unlockByToken(slot, made.keys, random(32)), { code: 'slot/does-not-open' });
    await keeper.unlockByToken(slot, made.keys, secret);
    assert.equal(await keeper.isOpen(made.user), true);
    await assert.rejects(keeper.makeToken(user(), 'token-2' as SlotId), { code: 'user/locked' });
  });

  test('V13 an unlocker does not open for keys of another user', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const one = await enroll(keeper, server);
    const two = await enroll(keeper, server);
    await keeper.forget(one.user);
    const { session, secrets } = one.opened;
    await assert.rejects(keeper.unlock(session, two.keys, secrets.unlockKey), { code: 'session/does-not-open' });
    assert.equal(await keeper.isOpen(one.user), false);
  });
});
