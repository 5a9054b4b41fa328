import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as turn } from 'node:timers/promises';
import { stillClock } from '#base/clock.testkit.ts';
import { silent } from '#base/log.ts';
import { openStore } from '#store/open.ts';
import type { Submission } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { VaultError } from '#vault/errors.ts';
import type { Keeper } from '#vault/keeper.ts';
import { sealRecord } from '#vault/seal-record.ts';
import { Carriers } from './carriers.ts';
import { encodeSubmission, newSubmissionRecord } from './submission.ts';
import { plainKeeper, seedStore, testMailAccount } from './test-account.ts';
import type { Letter } from './ticket.ts';

/** Carriers with a store that is real, and a keeper that notes what it holds. */
const open = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-carriers-'));
  const store = await openStore(`sqlite:${join(folder, 'store.db')}`, { mode: 'direct' });
  const account = { ...testMailAccount(0, 'alice@village.test'), auth: 'minted' as const, away: 'ticket' as const };
  await seedStore(store, account);
  await store.changeAccount(account.id, { auth: 'minted', away: 'ticket' });
  const plain = plainKeeper();
  const held = new Set<string>();
  const living = new Set<string>();
  let count = 0;
  let connects = 0;
  const clock = stillClock();
  const keeper = Object.assign(Object.create(plain) as Keeper, {
    holdTicket: () => {
      const handle = `h${(count += 1)}`;
      held.add(handle);
      return Promise.resolve(handle);
    },
    dropTicket: (handle: string) => Promise.resolve(void held.delete(handle)),
    connectByTicket: () => {
      connects += 1;
      return Promise.reject(new VaultError('net/unreachable', 'nobody answers'));
    },
  });
  const carriers = new Carriers({
    store,
    keeper,
    clock,
    log: silent,
    passwords: {
      make: async () => {
        await turn(10);
        const id = `p${(count += 1)}`;
        living.add(id);
        return { id, password: Buffer.from('secret') };
      },
      revoke: (_account, ids) => {
        for (const id of ids) living.delete(id);
        return Promise.resolve();
      },
      sweep: (_account, used) => {
        for (const id of living) if (!used().has(id)) living.delete(id);
        return Promise.resolve();
      },
    },
  });
  const letter = async (id = 'S1', octets = 5): Promise<Letter> => {
    const record = newSubmissionRecord({
      identityId: 'I1',
      emailId: 'M1',
      threadId: 'T1',
      envelope: {
        mailFrom: { email: 'alice@village.test', parameters: null },
        rcptTo: [{ email: 'bob@village.test', parameters: null }],
      },
      messageId: 'c1@village.test',
      createdAt: clock.now(),
      sendAt: clock.now() + 10_000,
      wantsSentCopy: true,
    });
    const sealed = async (kind: string, bytes: Buffer) => {
      const name = {
        id: `${kind} of ${id}`,
        user: account.user,
        account: account.id,
        purpose: 'submission' as const,
        generation: 1,
      };
      const row = { ...name, updatedAt: clock.now() };
      return { ...row, ...(await sealRecord(keeper, recordBinding(row), bytes)) };
    };
    const row: Submission = {
      id,
      user: account.user,
      account: account.id,
      state: 'held',
      sendAt: clock.now() + 10_000,
      tries: 0,
      updatedAt: clock.now(),
      record: await sealed('record', encodeSubmission(record)),
      message: await sealed('message', Buffer.from('hello')),
    };
    await store.saveSubmission(row);
    const recordKey = await keeper.openKey(recordBinding(row.record), row.record.wrapped);
    return { row, record, recordKey, message: Buffer.alloc(octets, 'hello') };
  };
  return {
    carriers,
    store,
    account,
    letter,
    held,
    living,
    connects: () => connects,
    pass: clock.pass,
    [Symbol.asyncDispose]: async () => {
      await carriers[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

test('V116 O18 only for an account that is to work so; who left before has no more to give', async () => {
  await using it = await open();
  const before = await it.carriers.arrive(it.account);
  assert.equal(await before.longest(), 20 * 86_400);
  await it.store.changeAccount(it.account.id, { away: 'sealed' });
  assert.equal(await before.longest(), 0);
  await it.carriers.arrive(it.account);
  const late = await it.letter();
  assert.equal(await before.carry(late), false, 'the account was opened again meanwhile');
  assert.deepEqual([it.held.size, it.living.size], [0, 0]);
  assert.deepEqual(late.message, Buffer.alloc(5), 'nothing of the letter stays');
});

test('V116 O4 what somebody else has moved is not sent, and its password ends', async () => {
  await using it = await open();
  const carrier = await it.carriers.arrive(it.account);
  const letter = await it.letter();
  assert.equal(await carrier.carry(letter), true);
  assert.deepEqual([it.held.size, it.living.size, (await it.store.submission('S1'))?.state], [1, 1, 'held']);
  await it.store.moveSubmission('S1', 'held', 'canceled');
  it.pass(10_000);
  await it.carriers.arrive(it.account);
  assert.deepEqual([it.connects(), it.held.size, it.living.size], [0, 0, 0]);
  assert.equal((await it.store.submission('S1'))?.state, 'canceled');
  assert.deepEqual([letter.message, letter.recordKey], [Buffer.alloc(5), Buffer.alloc(32)]);
});

test('V116 letters of 64 MiB wait at most, and one that has gone makes room', async () => {
  await using it = await open();
  const large = 40 * 1024 * 1024;
  const carrier = await it.carriers.arrive(it.account);
  const [first, second] = [await it.letter('S1', large), await it.letter('S2', large)];
  assert.deepEqual(await Promise.all([carrier.carry(first), carrier.carry(second)]), [true, false]);
  assert.ok(second.message.equals(Buffer.alloc(large)), 'nothing of the letter stays');
  assert.equal(await carrier.carry(await it.letter('S3')), true);
  it.pass(10_000);
  const again = await it.carriers.arrive(it.account);
  assert.equal(await again.carry(await it.letter('S4', large)), true);
});

test('V116 a user whom the operator has locked sends nothing', async () => {
  await using it = await open();
  const carrier = await it.carriers.arrive(it.account);
  await carrier.carry(await it.letter());
  await it.store.setLocked(it.account.user, 1);
  it.pass(10_000);
  await it.carriers.arrive(it.account);
  assert.deepEqual([it.connects(), it.living.size, (await it.store.submission('S1'))?.state], [0, 0, 'held']);
});

test('V116 V117 one try, then it is due for the next visit; the end of the process ends what waits', async () => {
  await using it = await open();
  const carrier = await it.carriers.arrive(it.account);
  await carrier.carry(await it.letter());
  it.pass(10_000);
  await it.carriers.arrive(it.account);
  assert.deepEqual([it.connects(), it.living.size, (await it.store.submission('S1'))?.state], [1, 0, 'due']);
  const again = await it.carriers.arrive(it.account);
  await it.store.moveSubmission('S1', 'due', 'held');
  await again.carry(await it.letter());
  assert.deepEqual([it.held.size, it.living.size], [1, 1]);
  await it.carriers[Symbol.asyncDispose]();
  it.pass(10_000);
  assert.deepEqual([it.held.size, it.living.size, it.connects()], [0, 0, 1]);
  assert.equal((await it.store.submission('S1'))?.state, 'held');
});
