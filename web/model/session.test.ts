import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import type { AccountId } from '#jmap/ids.ts';
import { openConnection } from './connection.ts';
import { openSession } from './session.ts';
import { settled } from './testing.ts';

/** A server whose session object changes, and whose answer to it may be held back. */
const openTab = () => {
  const server = { state: 'one', held: null as Promise<void> | null, read: 0 };
  const fetch = async (url: string): Promise<Response> => {
    if (url === '/jmap/api') return Response.json({ methodResponses: [], sessionState: server.state });
    const { state } = server;
    server.read += 1;
    await server.held;
    return Response.json({ state, accounts: {} });
  };
  const connection = openConnection({ fetch, clock: stillClock() });
  const session = openSession(connection);
  const known = (): string | null => (session.state.value.at === 'signed-in' ? session.state.value.jmap.state : null);
  return { server, connection, session, known };
};

test('G3 another session state in any answer has the session read anew, the same one has not', async () => {
  const { server, connection, session, known } = openTab();
  await session.open();
  const ask = async (): Promise<void> => {
    await connection.call('Email/get', { accountId: 'A1' as AccountId, ids: [] }).answer.catch(() => undefined);
    await settled();
  };
  await ask();
  assert.deepEqual([known(), server.read], ['one', 1]);
  server.state = 'two';
  await ask();
  assert.deepEqual([known(), server.read], ['two', 2]);
});

test('G3 what changes while the session is being read is read too', async () => {
  const { server, session, known } = openTab();
  await session.open();
  const answer = Promise.withResolvers<void>();
  server.held = answer.promise;
  const first = session.open();
  server.state = 'two';
  const second = session.open();
  answer.resolve();
  await Promise.all([first, second]);
  assert.deepEqual([known(), server.read], ['two', 3]);
  await session.open();
  assert.equal(server.read, 4);
});
