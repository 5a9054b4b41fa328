import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Index } from '#index/types.ts';
import { openStore } from '#store/open.ts';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { openTestAccount } from './test-account.ts';

/** An engine that is closed has ended: the index is its caller's again. */

let village: Village;
const user = { address: 'closing@village.test', password: 'a pass' };
before(async () => {
  village = await openDovecot({ users: [user] });
  for (let n = 1; n <= 700; n += 1)
    village.put(
      user.address,
      'INBOX',
      `From: Bob <bob@elsewhere.test>\r\nTo: a@b.test\r\nSubject: message ${n}\r\nMessage-ID: <c${n}@elsewhere.test>\r\n\r\nText ${n}\r\n`,
      { receivedAt: 1_700_000_000 + n },
    );
});
after(() => village[Symbol.asyncDispose]());

const uses = ['read', 'write', 'gather', 'settle', 'hasten', 'calm'] as const;

/** Tells of each use of an index: which, and the file it comes from. */
const watched = (index: Index, used: (what: string, from: string) => void): void => {
  for (const name of uses) {
    const real = index[name].bind(index) as (...given: unknown[]) => unknown;
    Object.defineProperty(index, name, {
      value: (...given: unknown[]) => {
        const [, from = ''] = /\/upstream\/(?!closing\.test)([\w-]+)\.ts/u.exec(new Error().stack ?? '') ?? [];
        used(name, from);
        return real(...given);
      },
    });
  }
};

/** Who uses the index, and how often before the engine is closed. */
const moments: readonly (readonly [from: string, count: number])[] = [
  ['folder-sync', 1],
  ['role-choices', 2],
  ['catch-up', 2],
  ['mirror', 4],
  ['fill', 4],
  ['sync', 6],
  ['intents', 2],
  ...[1, 2, 5, 8, 14, 15, 18].map((count) => ['previews', count] as const),
];

for (const [from, count] of moments)
  test(
    `S60 an engine that is closed in the midst of it uses its index no more: ${from}, ${count}`,
    { timeout: 60_000 },
    async () => {
      const late: string[] = [];
      const began = Promise.withResolvers<void>();
      let left = count;
      let closed = false;
      await using account = await openTestAccount({ imapPort: village.imapPort, user, waiting: true });
      watched(account.index, (what, by) => {
        if (closed) late.push(`${what} by ${by}`);
        if (by === from && (left -= 1) === 0) began.resolve();
      });
      await account.restart();
      await began.promise;
      await account.engine[Symbol.asyncDispose]();
      closed = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
      closed = false;
      assert.deepEqual(late, []);
    },
  );

test('S60 closing waits for what was begun, were it only the store that is waited for', async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using store = await openStore('sqlite::memory:', { mode: 'direct' });
  const records = store.records.bind(store);
  store.records = async (...wish) => {
    const found = await records(...wish);
    if (wish[2] === 'draft') {
      asked.resolve();
      await answered.promise;
    }
    return found;
  };
  await using account = await openTestAccount({ imapPort: village.imapPort, user, store });
  await asked.promise;
  const order: string[] = [];
  const closed = account.engine[Symbol.asyncDispose]().then(() => order.push('closed'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  order.push('answered');
  answered.resolve();
  await closed;
  assert.deepEqual(order, ['answered', 'closed']);
});
