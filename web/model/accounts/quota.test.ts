import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '#jmap/ids.ts';
import type { Quota } from '#jmap/quota.ts';
import type { Connection } from '../connection.ts';
import { settled } from '../testing.ts';
import { isFull, openQuotas, roomWords } from './quota.ts';

const GB = 1024 ** 3;

const octets = (used: number, hardLimit = 5 * GB): Quota =>
  ({ id: 'Q1', resourceType: 'octets', used, hardLimit, warnLimit: Math.floor(hardLimit * 0.9) }) as Quota;
const messages = (used: number): Quota =>
  ({ id: 'Q2', resourceType: 'count', used, hardLimit: 1000, warnLimit: 900 }) as Quota;

test('G40 how full a mailbox is, in words and as a part of a hundred', () => {
  const told = (quota: Quota) => {
    const { tone, title, percent } = roomWords(quota);
    return [tone, title, percent];
  };
  assert.deepEqual(told(octets(3.2 * GB)), ['ok', '3.2 GB of 5 GB used', 64]);
  assert.deepEqual(told(octets(0)), ['ok', '0 kB of 5 GB used', 0]);
  assert.deepEqual(told(octets(700 * 1024)), ['ok', '700 kB of 5 GB used', 0]);
  assert.deepEqual(told(octets(4.5 * GB)), ['near', '4.5 GB of 5 GB used', 90]);
  assert.deepEqual(told(octets(4.999 * GB)), ['near', '5 GB of 5 GB used', 99]);
  assert.deepEqual(told(octets(5 * GB)), ['full', '5 GB of 5 GB used', 100]);
  assert.deepEqual(told(octets(7 * GB)), ['full', '7 GB of 5 GB used', 100]);
  assert.deepEqual(told(octets(12 * 1024 ** 2, 2000 * GB)), ['ok', '12 MB of 2 TB used', 0]);
  assert.deepEqual(told(messages(812)), ['ok', '812 of 1,000 messages', 81]);
  assert.deepEqual(told(messages(900)), ['near', '900 of 1,000 messages', 90]);
  assert.deepEqual(told({ ...octets(4.9 * GB), warnLimit: null }), ['ok', '4.9 GB of 5 GB used', 98]);
  assert.equal(roomWords(octets(1)).detail, null);
  assert.match(roomWords(octets(4.5 * GB)).detail ?? '', /^Nearly full\. /u);
  assert.match(roomWords(octets(5 * GB)).detail ?? '', /^Full: .* What is here stays.*empty Trash/u);
  assert.match(roomWords(messages(1000)).detail ?? '', /takes no new mail/u);
  assert.deepEqual([isFull([]), isFull([octets(1), messages(1000)]), isFull([octets(1)])], [false, true, false]);
});

test('G40 the newest answer counts; a line that is down leaves what was known', async () => {
  const waiting: { resolve: (list: Quota[]) => void; reject: (error: Error) => void }[] = [];
  const connection = {
    call: () => ({
      answer: new Promise((resolve, reject) =>
        waiting.push({ resolve: (list) => resolve({ list, state: 's', notFound: [] }), reject }),
      ),
    }),
  } as unknown as Connection;
  const quotas = openQuotas(connection, 'A1' as AccountId);
  assert.deepEqual(quotas.list.value, []);
  const loads = [quotas.load(), quotas.load(), quotas.load()];
  waiting[2]?.reject(new Error('down'));
  waiting[0]?.resolve([octets(1)]);
  waiting[1]?.resolve([octets(2)]);
  await Promise.all(loads);
  await settled();
  assert.deepEqual(quotas.list.value, [], 'what was asked before the last is old');
  const next = quotas.load();
  waiting[3]?.resolve([octets(3)]);
  await next;
  assert.deepEqual(quotas.list.value, [octets(3)]);
});
