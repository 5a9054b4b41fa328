import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import { stillClock } from '#base/clock.testkit.ts';
import { openConnection } from './connection.ts';
import { type LockAfter, type LockMessage, openLock } from './lock.ts';
import { openSession, type SessionState } from './session.ts';
import { settled } from './testing.ts';

/** Tabs of one browser: one storage, one channel, one server. */
const openBrowser = () => {
  const clock = stillClock();
  const asked: string[] = [];
  const server = { away: false, hidden: false };
  const kept = new Map<string, string>();
  const listeners: ((message: LockMessage) => void)[] = [];
  const fetch = (url: string): Promise<Response> => {
    asked.push(url);
    if (server.away) return Promise.reject(new TypeError('no line'));
    if (server.hidden) return Promise.resolve(new Response('<p>Welcome to the hotel'));
    const known = { unlockers: [{ kind: 'mail-password' }, { kind: 'passkey' }, { kind: 'else' }] };
    if (url === '/auth/lock') return Promise.resolve(new Response(null, { status: 204 }));
    return Promise.resolve(Response.json(url === '/auth/unlockers' ? known : {}));
  };
  const tab = (minutes: LockAfter = null) => {
    const connection = openConnection({ fetch, clock });
    const after = signal(minutes);
    let own: (message: LockMessage) => void = () => undefined;
    const lock = openLock({
      connection,
      fetch,
      clock,
      after,
      storage: {
        get: (key) => kept.get(key) ?? null,
        set: (key, value) => void kept.set(key, value),
        remove: (key) => void kept.delete(key),
        keys: () => [...kept.keys()],
        forgets: () => false,
      },
      ports: {
        post: (message) => listeners.forEach((listener) => listener !== own && listener(message)),
        onMessage: (listener) => {
          own = listener;
          listeners.push(listener);
          return () => listeners.splice(listeners.indexOf(listener), 1);
        },
      },
    });
    return { connection, lock };
  };
  return { clock, asked, server, tab };
};

const minute = 60_000;

test('U10 after the set time without a touch Postern locks itself, here and on the server', async () => {
  const { clock, asked, tab } = openBrowser();
  const { lock, connection } = tab(5);
  clock.pass(4 * minute);
  lock.used();
  clock.pass(4 * minute);
  assert.equal(lock.state.value, 'open');
  clock.pass(minute + 10_000);
  await settled();
  assert.equal(lock.state.value, 'locked');
  assert.deepEqual(asked, ['/auth/unlockers', '/auth/lock']);
  assert.deepEqual(lock.kinds.value, ['passkey', 'mail-password'], 'what can open it again is known before');
  const waiting = connection.fetch('/jmap/api');
  await settled();
  assert.deepEqual(asked, ['/auth/unlockers', '/auth/lock'], 'nothing is asked while it is locked');
  lock.opened();
  await waiting;
  assert.equal(lock.state.value, 'open');
});

test('U10 a touch after sleep comes too late', async () => {
  const { clock, tab } = openBrowser();
  const { lock } = tab(5);
  lock.close();
  clock.pass(6 * minute);
  lock.used();
  await settled();
  assert.equal(lock.state.value, 'locked');
});

test('U11 letters are put into safety first, and nobody waits for them for ever', async () => {
  const { clock, tab } = openBrowser();
  const { lock } = tab();
  const kept = Promise.withResolvers<void>();
  lock.before({ hold: () => undefined, keep: () => kept.promise });
  void lock.now();
  await settled();
  assert.equal(lock.state.value, 'closing');
  kept.resolve();
  await settled();
  assert.equal(lock.state.value, 'locked');
  lock.opened();
  lock.before({ hold: () => undefined, keep: () => new Promise<void>(() => undefined) });
  void lock.now();
  await settled();
  assert.equal(lock.state.value, 'closing');
  clock.pass(3_000);
  await settled();
  assert.equal(lock.state.value, 'locked');
});

test('U12 all tabs lock and open together, and a touch in one is a touch in all', async () => {
  const { clock, tab } = openBrowser();
  const one = tab(5);
  const two = tab(5);
  let held = 0;
  for (const { lock } of [one, two])
    lock.before({
      hold: () => {
        held += 1;
      },
      keep: () => Promise.resolve(),
    });
  clock.pass(4 * minute);
  one.lock.used();
  clock.pass(4 * minute);
  await settled();
  assert.equal(two.lock.state.value, 'open');
  void two.lock.now();
  await settled();
  assert.equal(one.lock.state.value, 'locked');
  assert.equal(held, 2, 'each tab holds what it shows, once');
  one.lock.opened();
  assert.equal(two.lock.state.value, 'open');
});

test('U13 a page that is loaded again stays locked; a lock that the server has not heard of is told again', async () => {
  const { clock, asked, server, tab } = openBrowser();
  const { lock } = tab();
  server.away = true;
  void lock.now();
  await settled();
  assert.equal(lock.pending.value, true);
  server.away = false;
  server.hidden = true;
  clock.pass(10_000);
  await settled();
  assert.equal(lock.pending.value, true, 'a page of somebody else locked nothing');
  server.hidden = false;
  asked.length = 0;
  const again = tab();
  assert.equal(again.lock.state.value, 'locked');
  await settled();
  assert.deepEqual([asked, again.lock.pending.value], [['/auth/lock'], false]);
  clock.pass(10_000);
  await settled();
  assert.equal(lock.pending.value, false);
  assert.deepEqual(new Set(asked), new Set(['/auth/lock']));
  again.lock.opened();
  assert.equal(tab().lock.state.value, 'open');
});

test('U14 the session is locked, not over; it is looked at again once it is open', async () => {
  const { asked, tab } = openBrowser();
  const { lock, connection } = tab();
  const session = openSession(connection);
  const at = (): SessionState['at'] => session.state.peek().at;
  await session.open();
  assert.equal(at(), 'signed-in');
  void lock.now();
  await settled();
  assert.equal(at(), 'locked');
  lock.opened();
  await settled();
  assert.equal(at(), 'signed-in');
  assert.deepEqual(asked, ['/.well-known/jmap', '/auth/unlockers', '/auth/lock', '/.well-known/jmap']);
  connection.lock();
  connection.closed();
  assert.deepEqual(session.state.value, { at: 'signed-out', ended: true });
});
