import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '#jmap/core.ts';
import { openTestGateway } from '../fixture.ts';

test('K1 J12 MailAccount/get: hosts, status in words, progress, what waits, what was refused', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const { list, state } = await g.one('MailAccount/get', {});
  assert.deepEqual(list[0].status, { at: 'live' });
  assert.equal(list[0].inAllInboxes, true);
  assert.deepEqual(list[0].imap, { host: 'imap.example.org', port: 993, security: 'tls' });
  assert.deepEqual(list[0].progress, {
    known: 3,
    total: 3,
    reachesTo: '2023-11-14T22:13:20Z',
    done: true,
    searchable: 3,
    read: 2,
    readTo: '2023-11-14T22:13:21Z',
  });
  assert.deepEqual([list[0].waiting, list[0].refusals], [0, []]);
  await g.one('Email/set', { update: { [id]: { 'keywords/$seen': true } } });
  g.engine.setStatus({ at: 'away', since: 0, retryAt: 60_000, code: 'net/away', words: 'shutting down' });
  g.engine.refuse({ emails: [], kind: 'move', responseCode: 'OVERQUOTA', words: 'Quota exceeded' });
  const after = (await g.one('MailAccount/get', { ids: ['singleton'], properties: ['status', 'waiting', 'refusals'] }))
    .list[0];
  assert.deepEqual(after.status, {
    at: 'away',
    since: '1970-01-01T00:00:00Z',
    retryAt: '1970-01-01T00:01:00Z',
    code: 'net/away',
    words: 'shutting down',
  });
  assert.equal(after.waiting, 1);
  assert.deepEqual(after.refusals, [
    { at: '2026-01-05T12:00:00Z', change: 'move', emailIds: [], responseCode: 'OVERQUOTA', words: 'Quota exceeded' },
  ]);
  const changes = await g.one('MailAccount/changes', { sinceState: state });
  assert.deepEqual(changes.updated, ['singleton']);
  assert.deepEqual((await g.one('MailAccount/changes', { sinceState: changes.newState })).updated, []);
});

test('K vendor methods and properties need the capability in using', async () => {
  using g = openTestGateway();
  const using = [capabilities.core, capabilities.submission];
  const methodCalls = [
    ['MailAccount/get', { accountId: g.accountId }, 'a'],
    ['EmailSubmission/get', { accountId: g.accountId, properties: ['stage'] }, 'b'],
  ];
  const { answer } = await g.post(JSON.stringify({ using, methodCalls }));
  assert.deepEqual(
    answer.methodResponses.map(([, args]: [string, { type: string }]) => args.type),
    ['unknownMethod', 'invalidArguments'],
  );
});

test('K2 Correspondent/query: who begins so', async () => {
  using g = openTestGateway();
  g.deliver('From: Zoe Example <zoe@example.net>\nSubject: a\n\nx');
  const { list } = await g.one('Correspondent/query', { prefix: 'zo' });
  assert.deepEqual(list, [{ name: 'Zoe Example', email: 'zoe@example.net' }]);
  assert.equal((await g.one('Correspondent/query', { prefix: 'z', limit: 0 })).type, 'invalidArguments');
});

test('RFC 8620 §7.1 states of every type, and a change of the connection is told', async () => {
  using g = openTestGateway();
  let told = 0;
  const caller = { ...g.caller, host: { ...g.caller.host, changed: () => void (told += 1) } };
  const before = g.gateway.states(caller)[g.accountId];
  assert.deepEqual(Object.keys(before ?? {}).toSorted(), [
    'Email',
    'EmailSubmission',
    'Identity',
    'MailAccount',
    'Mailbox',
    'Quota',
    'Thread',
  ]);
  g.engine.setStatus({ at: 'connecting' });
  assert.equal(told, 1);
  assert.notEqual(g.gateway.states(caller)[g.accountId]?.['MailAccount'], before?.['MailAccount']);
});

test('K4 MailAccount/set tries the mail server again, and does nothing else', async () => {
  using g = openTestGateway();
  const connecting = { status: { at: 'connecting' } };
  const done = await g.one('MailAccount/set', { update: { singleton: connecting } });
  assert.deepEqual(done.updated, { singleton: null });
  assert.equal(g.engine.retried, 1);
  const refused = await g.one('MailAccount/set', {
    create: { a: {} },
    update: { singleton: { status: { at: 'live' } }, other: connecting },
    destroy: ['nothing'],
  });
  assert.equal(refused.notUpdated.singleton.type, 'invalidProperties');
  assert.equal(refused.notUpdated.other.type, 'notFound');
  assert.equal(refused.notCreated.a.type, 'singleton');
  assert.equal(refused.notDestroyed.nothing.type, 'singleton');
  const named = await g.one('MailAccount/set', { update: { singleton: { name: 'Ana' } } });
  assert.deepEqual(named.notUpdated.singleton.properties, ['name']);
  assert.equal(g.engine.retried, 1);
});
