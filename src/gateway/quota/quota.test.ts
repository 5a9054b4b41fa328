import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '#jmap/core.ts';
import { keepQuotas, type KnownQuota } from '#upstream/quotas.ts';
import { type Answer, openTestGateway } from '../fixture.ts';

type QuotaLimit = Omit<KnownQuota, 'id'>;

const storage = (used: number, limit = 5_368_709_120): QuotaLimit => ({ root: '', resource: 'STORAGE', used, limit });
const letters = (used: number): QuotaLimit => ({ root: 'Team “A”', resource: 'MESSAGE', used, limit: 1000 });

const openWith = (...limits: QuotaLimit[]) => {
  const g = openTestGateway();
  const keep = (...now: QuotaLimit[]): boolean => keepQuotas(g.index, now, g.clock.at);
  if (limits.length > 0) keep(...limits);
  return { g, keep, [Symbol.dispose]: () => g[Symbol.dispose]() };
};

test('RFC 9425 §2 the session and each account have the capability', async () => {
  using made = openWith();
  const { g } = made;
  const session = JSON.parse(
    (await g.gateway.session(g.caller, 'https://mail.example.org', 'ana')).toString(),
  ) as Answer;
  assert.deepEqual(session.capabilities[capabilities.quota], {});
  assert.deepEqual(session.accounts[g.accountId].accountCapabilities[capabilities.quota], {});
  assert.equal(session.primaryAccounts[capabilities.quota], g.accountId);
});

test('RFC 9425 §4.2 Quota/get: every property; ids null is all of them', async () => {
  using made = openWith(storage(3_221_225_472), letters(12));
  const { g } = made;
  const { list, state } = await g.one('Quota/get', { ids: null });
  const [first, second] = list;
  assert.match(first.id, /^Q[0-9a-f]{24}$/u);
  assert.deepEqual(first, {
    id: first.id,
    resourceType: 'octets',
    used: 3_221_225_472,
    hardLimit: 5_368_709_120,
    scope: 'account',
    name: 'Mailbox',
    types: ['Email'],
    warnLimit: 4_831_838_208,
    softLimit: null,
    description: null,
  });
  assert.ok(first.warnLimit < first.hardLimit);
  assert.deepEqual([second.resourceType, second.used, second.hardLimit, second.name], ['count', 12, 1000, 'Team “A”']);
  const some = await g.one('Quota/get', { ids: [second.id, 'Qnone'], properties: ['used'] });
  assert.deepEqual([some.list, some.notFound, some.state], [[{ id: second.id, used: 12 }], ['Qnone'], state]);
  assert.equal((await g.one('Quota/get', { properties: ['colour'] })).type, 'invalidArguments');
});

test('J41 a quota has the same id in an index that was made anew, and another one than its neighbour', async () => {
  const ids = async (...limits: QuotaLimit[]): Promise<string[]> => {
    using made = openWith(...limits);
    const { list } = await made.g.one('Quota/get', { ids: null });
    return list.map(({ id }: { id: string }) => id);
  };
  const [first, second] = await ids(storage(1), letters(1));
  assert.notEqual(first, second);
  assert.deepEqual(await ids(letters(7), storage(9, 10_000)), [second, first]);
});

test('J40 a server that tells of no quota has none, which is not zero', async () => {
  using made = openWith();
  assert.deepEqual((await made.g.one('Quota/get', { ids: null })).list, []);
  assert.deepEqual((await made.g.one('Quota/query', {})).ids, []);
});

test('RFC 9425 §4.1 without the mail capability in using there is no quota to be told of', async () => {
  using made = openWith();
  const { g, keep } = made;
  const { state: sinceState } = await g.one('Quota/get', {});
  keep(storage(1));
  const [{ id }] = (await g.one('Quota/get', {})).list;
  const ask = async (...using: string[]): Promise<Answer[]> => {
    const methodCalls = [
      ['Quota/get', { accountId: g.accountId, ids: null }, 'a'],
      ['Quota/get', { accountId: g.accountId, ids: [id] }, 'b'],
      ['Quota/query', { accountId: g.accountId }, 'c'],
      ['Quota/changes', { accountId: g.accountId, sinceState }, 'd'],
    ];
    const { answer } = await g.post(JSON.stringify({ using: [capabilities.core, ...using], methodCalls }));
    return answer.methodResponses.map(([, args]: [string, Answer]) => args);
  };
  const [all, one, query, changes] = await ask(capabilities.quota);
  assert.deepEqual([all.list, one.list, one.notFound], [[], [], [id]]);
  assert.deepEqual([query.ids, changes.created], [[], []]);
  const [known, , found, news] = await ask(capabilities.quota, capabilities.mail);
  assert.deepEqual([known.list.length, found.ids, news.created], [1, [id], [id]]);
  assert.equal((await ask(capabilities.mail))[0].type, 'unknownMethod');
});

test('RFC 9425 §4.3 Quota/changes: what came, changed and went; updatedProperties when only used moved', async () => {
  using made = openWith(storage(100));
  const { g, keep } = made;
  const begin = (await g.one('Quota/get', {})).state;
  const since = async (sinceState: string, more = {}): Promise<Answer> =>
    g.one('Quota/changes', { sinceState, ...more });
  const [{ id }] = (await g.one('Quota/get', {})).list;
  assert.deepEqual((await since(begin)).updated, []);
  keep(storage(200));
  // Asked in the same words as before.
  const used = await since(begin);
  assert.deepEqual([used.updated, used.updatedProperties, used.created, used.destroyed], [[id], ['used'], [], []]);
  keep(storage(200));
  assert.equal((await g.one('Quota/get', {})).state, used.newState, 'the same reading is no news');
  keep(storage(200, 1000));
  assert.deepEqual((await since(begin)).updatedProperties, null);
  keep(letters(1));
  const both = await since(used.newState);
  assert.deepEqual([both.created.length, both.updated, both.destroyed], [1, [], [id]]);
  const first = await since(used.newState, { maxChanges: 1 });
  assert.equal(first.hasMoreChanges, true);
  assert.equal((await since('elsewhere-3')).type, 'cannotCalculateChanges');
});

test('RFC 9425 §4.4 Quota/query: every condition, every order, the window', async () => {
  using made = openWith(storage(9_000), letters(12));
  const { g } = made;
  const [octets, count] = (await g.one('Quota/get', {})).list.map(({ id }: { id: string }) => id);
  const ids = async (args: object): Promise<string[]> => (await g.one('Quota/query', { ...args })).ids;
  assert.deepEqual(await ids({ filter: { name: 'Team' } }), [count]);
  assert.deepEqual(await ids({ filter: { resourceType: 'octets' } }), [octets]);
  assert.deepEqual(await ids({ filter: { scope: 'account', type: 'Email' } }), [octets, count]);
  assert.deepEqual(await ids({ filter: { type: 'CalendarEvent' } }), []);
  assert.deepEqual(await ids({ filter: { scope: 'domain' } }), []);
  const not = { operator: 'NOT', conditions: [{ resourceType: 'count' }] };
  assert.deepEqual(await ids({ filter: not }), [octets]);
  assert.deepEqual(await ids({ sort: [{ property: 'used' }] }), [count, octets]);
  assert.deepEqual(await ids({ sort: [{ property: 'name', isAscending: false }] }), [count, octets]);
  const page = await g.one('Quota/query', { position: 1, limit: 1, calculateTotal: true });
  assert.deepEqual([page.ids, page.total, page.canCalculateChanges], [[count], 2, false]);
  assert.equal((await g.one('Quota/query', { filter: { used: 1 } })).type, 'unsupportedFilter');
  assert.equal((await g.one('Quota/query', { sort: [{ property: 'hardLimit' }] })).type, 'unsupportedSort');
});

test('RFC 9425 §4.5 Quota/queryChanges cannot calculate, as Quota/query says', async () => {
  using made = openWith(storage(1));
  const { queryState } = await made.g.one('Quota/query', {});
  const answer = await made.g.one('Quota/queryChanges', { sinceQueryState: queryState });
  assert.equal(answer.type, 'cannotCalculateChanges');
});

test('RFC 9425 §6 Quota is among the states that push tells', async () => {
  using made = openWith();
  const { g, keep } = made;
  const told = (): string | undefined => g.gateway.states(g.caller)[g.accountId]?.['Quota'];
  const before = told();
  assert.equal((await g.one('Quota/get', {})).state, before);
  let types: ReadonlySet<string> = new Set();
  g.index.onChange((changed) => (types = changed));
  keep(storage(1));
  assert.notEqual(told(), before);
  assert.ok(types.has('Quota'));
});

test('J11 changes of a type that no list depends on are always asked for anew', async () => {
  using g = openTestGateway();
  const { state } = await g.one('Identity/get', {});
  assert.deepEqual((await g.one('Identity/changes', { sinceState: state })).created, []);
  const made = await g.one('Identity/set', { create: { a: { email: 'ana@example.org' } } });
  assert.deepEqual((await g.one('Identity/changes', { sinceState: state })).created, [made.created.a.id]);
});
