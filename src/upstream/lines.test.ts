import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { silent } from '#base/log.ts';
import type { ImapSession } from '#imap/session.ts';
import { VaultError } from '#vault/errors.ts';
import { urgency } from './line.ts';
import { Lines } from './lines.ts';

const anHour = 3_600_000;

const session = (): ImapSession =>
  ({ ended: null, onEnd: () => undefined, close: () => Promise.resolve() }) as unknown as ImapSession;

/** Lines to a server that takes so many connections besides the watch. */
const open = (most: number | null, extra: { left: number; code?: 'limit/connections' | 'auth/refused' }) => {
  const clock = stillClock();
  const told: (number | null)[] = [];
  const lines = new Lines({
    connect: () => {
      extra.left -= 1;
      if (extra.left < 0) return Promise.reject(new VaultError(extra.code ?? 'limit/connections', 'no'));
      return Promise.resolve(session());
    },
    clock,
    log: silent,
    resting: () => undefined,
    most,
    told: (now) => void told.push(now),
  });
  lines.watch.attach(session());
  return { lines, clock, told };
};

test('S2 a server that says "too many" lowers the number, which recovers one at a time', async () => {
  const { lines, clock, told } = open(null, { left: 0 });
  assert.equal(lines.most, 3);
  const where = await lines.background(async (line) => line, false);
  assert.equal(where, lines.watch.session, 'the work is done on the watch connection');
  assert.deepEqual([lines.most, told], [1, [1]]);
  clock.pass(anHour - 1);
  assert.equal(lines.most, 1);
  clock.pass(1);
  assert.deepEqual([lines.most, told], [2, [1, 2]]);
  clock.pass(anHour);
  assert.deepEqual([lines.most, told], [3, [1, 2, null]]);
  clock.pass(10 * anHour);
  assert.deepEqual(told, [1, 2, null]);
});

test('S2 what the row says is where a start begins; another refusal starts the hour anew', async () => {
  const { lines, clock, told } = open(2, { left: 0 });
  assert.equal(lines.most, 2);
  clock.pass(anHour - 1);
  await lines.background(async () => undefined, false);
  assert.deepEqual([lines.most, told], [1, [1]]);
  clock.pass(anHour - 1);
  assert.equal(lines.most, 1);
  clock.pass(1);
  assert.equal(lines.most, 2);
});

test('S2 what the quirk table knows is never passed', () => {
  const { lines, clock, told } = open(1, { left: 9 });
  lines.atMost(2);
  clock.pass(anHour);
  assert.deepEqual([lines.most, told], [2, [null]]);
  clock.pass(10 * anHour);
  assert.equal(lines.most, 2);
});

test('S4 a password refused for a second connection is no end of the first: the work goes on there', async () => {
  const { lines, told } = open(null, { left: 0, code: 'auth/refused' });
  const where = await lines.read(async (line) => line, { urgency: urgency.user });
  assert.equal(where, lines.watch.session);
  assert.deepEqual([lines.most, told], [3, []]);
});

test('S60 a connection that is being made is waited for, and closed', async () => {
  const said: string[] = [];
  const made = Promise.withResolvers<ImapSession>();
  const lines = new Lines({
    connect: () => made.promise,
    clock: stillClock(),
    log: silent,
    resting: () => undefined,
  });
  const work = lines.background(async () => undefined, false);
  const closed = lines.close().then(() => said.push('closed'));
  await assert.rejects(work, { code: 'engine/closed' });
  await new Promise((resolve) => setImmediate(resolve));
  said.push('connected');
  made.resolve({ ...session(), close: async () => void said.push('taken leave') });
  await closed;
  assert.deepEqual(said, ['connected', 'taken leave', 'closed']);
});
