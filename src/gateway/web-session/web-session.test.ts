import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session, Store } from '#store/types.ts';
import type { SessionId } from '#vault/keeper.ts';
import { openTestGateway } from '../fixture.ts';
import type { Caller } from '../types.ts';
import { deviceOf } from './device.ts';

const agents = {
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0': 'Firefox, Linux',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36':
    'Chrome, Linux',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0':
    'Edge, Windows',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0':
    'Opera, Windows',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15':
    'Safari, Mac',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1':
    'Safari, iPhone',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1':
    'Chrome, iPhone',
  'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0': 'Firefox, Android',
  'Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36':
    'Samsung Internet, Android',
  'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36':
    'Chrome, ChromeOS',
  'curl/8.5.0': 'curl',
  node: 'node',
  'Mozilla/5.0 (something else)': 'A browser',
  '<b>evil</b>': 'A browser',
  '': 'A browser',
};

for (const [agent, device] of Object.entries(agents))
  test(`K5 a device in words: ${device}`, () => assert.equal(deviceOf(agent), device));

const now = Date.UTC(2026, 0, 5, 12);
const session = (id: string, more: Partial<Session> = {}): Session => ({
  id: id as SessionId,
  user: 'u' as Session['user'],
  generation: 1,
  tokenHash: Buffer.alloc(32),
  sealed: Buffer.alloc(0),
  createdAt: now - 60_000,
  lastSeenAt: now,
  expiresAt: now + 60_000,
  userAgent: 'curl/8.5.0',
  address: '192.0.2.7',
  remember: false,
  ...more,
});

const open = (more: Partial<Caller> = {}) => {
  const g = openTestGateway();
  let rows = [session('aa-1'), session('bb-2'), session('cc-3'), session('dd-4', { expiresAt: now })];
  const ended: string[] = [];
  const store: Pick<Store, 'sessions' | 'deleteSession'> = {
    sessions: async () => rows,
    deleteSession: async (id) => {
      rows = rows.filter((row) => row.id !== id);
    },
  };
  const caller: Caller = {
    ...g.caller,
    session: 'aa-1' as SessionId,
    host: {
      ...g.caller.host,
      store: { ...g.caller.host.store, ...store } as Store,
      ended: (id) => {
        assert.ok(!rows.some((row) => row.id === id), 'told after it is gone');
        ended.push(id);
      },
    },
    ...more,
  };
  const using = ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'];
  const one = async (name: string, args: object) => {
    const methodCalls = [[name, { accountId: g.accountId, ...args }, 'c']];
    const { answer } = await g.post(JSON.stringify({ using, methodCalls }), caller);
    return answer.methodResponses[0][1];
  };
  return { one, ended, [Symbol.dispose]: () => g[Symbol.dispose]() };
};

test('K5 WebSession/get: what is known of each session that has not expired', async () => {
  using g = open();
  const { list, state } = await g.one('WebSession/get', { ids: null });
  assert.deepEqual(
    list.map((each: { id: string; isCurrent: boolean }) => [each.id, each.isCurrent]),
    [
      ['Waa1', true],
      ['Wbb2', false],
      ['Wcc3', false],
    ],
  );
  assert.deepEqual(list[1], {
    id: 'Wbb2',
    device: 'curl',
    address: '192.0.2.7',
    createdAt: '2026-01-05T11:59:00Z',
    lastSeenAt: '2026-01-05T12:00:00Z',
    expiresAt: '2026-01-05T12:01:00Z',
    remember: false,
    isCurrent: false,
  });
  assert.deepEqual((await g.one('WebSession/get', { ids: ['Wdd4'] })).notFound, ['Wdd4']);
  assert.equal((await g.one('WebSession/changes', { sinceState: state })).newState, state);
  assert.equal((await g.one('WebSession/changes', { sinceState: 'older' })).type, 'cannotCalculateChanges');
});

test('K6 WebSession/set ends others, never the one that asks, and nothing else', async () => {
  using g = open();
  const { list } = await g.one('WebSession/get', { ids: null });
  const done = await g.one('WebSession/set', {
    create: { new: { device: 'mine' } },
    update: { Wbb2: { remember: true } },
    destroy: ['Waa1', 'Wcc3', 'Wdd4', 'Wnobody'],
  });
  assert.deepEqual(done.destroyed, ['Wcc3']);
  assert.deepEqual(g.ended, ['cc-3']);
  const types = (errors: Record<string, { type: string }>): string[][] =>
    Object.entries(errors).map(([id, { type }]) => [id, type]);
  assert.deepEqual(types(done.notDestroyed), [
    ['Waa1', 'forbidden'],
    ['Wdd4', 'notFound'],
    ['Wnobody', 'notFound'],
  ]);
  assert.deepEqual(types({ ...done.notCreated, ...done.notUpdated }), [
    ['new', 'forbidden'],
    ['Wbb2', 'forbidden'],
  ]);
  assert.notEqual(done.oldState, done.newState);
  assert.equal(list.length - 1, (await g.one('WebSession/get', { ids: null })).list.length);
  assert.equal((await g.one('WebSession/set', { ifInState: done.oldState, destroy: [] })).type, 'stateMismatch');
});

test('K6 a token that may only read ends nothing; one that may write ends any', async () => {
  using reader = open({ session: null, readOnly: true });
  assert.equal((await reader.one('WebSession/set', { destroy: ['Wbb2'] })).type, 'accountReadOnly');
  assert.deepEqual(reader.ended, []);
  using writer = open({ session: null });
  assert.deepEqual((await writer.one('WebSession/set', { destroy: ['Waa1'] })).destroyed, ['Waa1']);
});
