import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilities } from '#jmap/core.ts';
import { openTestGateway } from './fixture.ts';
import { mailboxId } from './ids.ts';
import { limits } from './limits.ts';

const core = capabilities.core;
const using = [core, capabilities.mail, capabilities.submission, capabilities.keep];
const error = (type: string): string => `urn:ietf:params:jmap:error:${type}`;

test('RFC 8620 §4.1 Core/echo answers what it was given', async () => {
  using g = openTestGateway();
  const { status, answer } = await g.post(
    JSON.stringify({ using: [core], methodCalls: [['Core/echo', { a: [1, null], accountId: 'x' }, 'c']] }),
  );
  assert.equal(status, 200);
  assert.deepEqual(answer.methodResponses, [['Core/echo', { a: [1, null], accountId: 'x' }, 'c']]);
  assert.equal(typeof answer.sessionState, 'string');
  const odd = `{"__proto__":{"a":1},"#b":{"resultOf":"c","name":"Core/echo","path":"/a"}}`;
  const echoed = await g.post(
    `{"using":["${core}"],"methodCalls":[["Core/echo",{"a":7},"c"],["Core/echo",${odd},"d"]]}`,
  );
  assert.deepEqual(Object.entries(echoed.answer.methodResponses[1][1]), [
    ['__proto__', { a: 1 }],
    ['b', 7],
  ]);
});

test('RFC 8620 §3.6.1 unknownCapability, notJSON, notRequest and limit are problems with HTTP 400', async () => {
  using g = openTestGateway();
  const cases: [string | Buffer, string][] = [
    [JSON.stringify({ using: [core, 'urn:none'], methodCalls: [] }), 'unknownCapability'],
    ['{"using":[', 'notJSON'],
    [Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'notJSON'],
    ['{"using":[],"using":[],"methodCalls":[]}', 'notJSON'],
    [String.raw`{"using":[],"methodCalls":[["Core/echo",{"a":"\ud800"},"c"]]}`, 'notJSON'],
    ['[]', 'notRequest'],
    [JSON.stringify({ using, methodCalls: [['Core/echo', {}]] }), 'notRequest'],
    [JSON.stringify({ using, methodCalls: [['Core/echo', [], 'c']] }), 'notRequest'],
    [JSON.stringify({ using: 'x', methodCalls: [] }), 'notRequest'],
    [JSON.stringify({ using, methodCalls: [], createdIds: { a: 1 } }), 'notRequest'],
  ];
  for (const [body, type] of cases) {
    const { status, type: media, answer } = await g.post(body);
    assert.equal(status, 400, String(body));
    assert.equal(media, 'application/problem+json');
    assert.equal(answer.type, error(type), String(body));
    assert.equal(answer.status, 400);
    assert.equal('stack' in answer, false);
  }
});

test('RFC 8620 §3.6.1 limit names the limit', async () => {
  using g = openTestGateway();
  const calls = Array.from({ length: limits.maxCallsInRequest + 1 }, (_, at) => ['Core/echo', {}, String(at)]);
  const many = await g.post(JSON.stringify({ using, methodCalls: calls }));
  assert.equal(many.answer.type, error('limit'));
  assert.equal(many.answer.limit, 'maxCallsInRequest');
  const large = await g.post(Buffer.alloc(limits.maxSizeRequest + 1, ' '));
  assert.equal(large.answer.limit, 'maxSizeRequest');
});

test('J33 what references bring in is bounded as a request is', async () => {
  using g = openTestGateway();
  const before = (at: number): object => ({ resultOf: String(at - 1), name: 'Core/echo', path: '' });
  const calls: [string, object, string][] = [['Core/echo', { a: 'x'.repeat(1000) }, '0']];
  for (let at = 1; at < 20; at += 1) calls.push(['Core/echo', { '#a': before(at), '#b': before(at) }, String(at)]);
  const { answer } = await g.post(JSON.stringify({ using: [core], methodCalls: calls }));
  const names = answer.methodResponses.map(([name]: [string]) => name);
  const first = names.indexOf('error');
  assert.ok(first > 10, 'some of them are answered');
  assert.equal(answer.methodResponses[first][1].type, 'requestTooLarge');
  assert.ok(JSON.stringify(answer).length < 2 * limits.maxSizeRequest + 100_000);
});

test('RFC 8620 §3.6.2 J4 J5 errors of methods: unknownMethod, invalidArguments, accountNotFound, accountReadOnly', async () => {
  using g = openTestGateway();
  const answers = await g.call(
    ['Nothing/get', {}],
    ['Mailbox/get', { ids: 5 }],
    ['Mailbox/get', { unheardOf: true }],
    ['Mailbox/get', { ids: ['not an id'] }],
    ['Mailbox/get', { accountId: 'Aother' }],
    ['Email/copy', {}],
    ['Email/queryChanges', { sinceQueryState: 'x', collapseThreads: true }],
    ['Blob/copy', {}],
    ['PushSubscription/get', {}],
    ['VacationResponse/get', {}],
    ['MDN/send', {}],
  );
  assert.deepEqual(
    answers.map(([name, args]) => [name, args.type]),
    [
      ['error', 'unknownMethod'],
      ['error', 'invalidArguments'],
      ['error', 'invalidArguments'],
      ['error', 'invalidArguments'],
      ['error', 'accountNotFound'],
      ['error', 'unknownMethod'],
      ['error', 'cannotCalculateChanges'],
      ['error', 'unknownMethod'],
      ['error', 'unknownMethod'],
      ['error', 'unknownMethod'],
      ['error', 'unknownMethod'],
    ],
  );
  assert.match(answers[2]?.[1].description, /unheardOf/);
  const noAccount = await g.post(JSON.stringify({ using, methodCalls: [['Mailbox/get', {}, 'c']] }));
  assert.equal(noAccount.answer.methodResponses[0][1].type, 'invalidArguments');
  const readOnly = { ...g.caller, readOnly: true };
  for (const name of ['Email/set', 'Mailbox/set', 'Identity/set', 'EmailSubmission/set']) {
    const refused = await g.post(
      JSON.stringify({ using, methodCalls: [[name, { accountId: g.accountId }, 'c']] }),
      readOnly,
    );
    assert.equal(refused.answer.methodResponses[0][1].type, 'accountReadOnly', name);
  }
});

test('RFC 8620 §3.3 a method whose capability is not in using is unknown', async () => {
  using g = openTestGateway();
  const { answer } = await g.post(
    JSON.stringify({ using: [core], methodCalls: [['Mailbox/get', { accountId: g.accountId }, 'c']] }),
  );
  assert.equal(answer.methodResponses[0][1].type, 'unknownMethod');
});

test('RFC 8620 §3.7 result references: resolved, mapped by *, refused when they lead nowhere', async () => {
  using g = openTestGateway();
  const id = g.deliver('From: a@example.net\nSubject: hello\n\nbody');
  const answers = await g.call(
    ['Email/query', {}, 'q'],
    ['Email/get', { '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' }, properties: ['threadId'] }, 'g'],
    ['Thread/get', { '#ids': { resultOf: 'g', name: 'Email/get', path: '/list/*/threadId' } }, 't'],
    ['Email/get', { '#ids': { resultOf: 't', name: 'Thread/get', path: '/list/*/emailIds' }, properties: ['id'] }, 'e'],
    ['Email/get', { '#ids': { resultOf: 'q', name: 'Email/get', path: '/ids' } }, 'wrong name'],
    ['Email/get', { '#ids': { resultOf: 'q', name: 'Email/query', path: '/nothing' } }, 'wrong path'],
    ['Email/get', { ids: [], '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' } }, 'both'],
    ['Email/get', { '#ids': { resultOf: 'q' } }, 'no reference'],
  );
  assert.deepEqual(answers[3]?.[1].list, [{ id }]);
  assert.equal(answers[4]?.[1].type, 'invalidResultReference');
  assert.equal(answers[5]?.[1].type, 'invalidResultReference');
  assert.equal(answers[6]?.[1].type, 'invalidArguments');
  assert.equal(answers[7]?.[1].type, 'invalidArguments');
});

test('RFC 8620 §3.4 createdIds come back grown when they were sent, and not otherwise', async () => {
  using g = openTestGateway();
  const create = { accountId: g.accountId, create: { k: { name: 'New' } } };
  const { answer } = await g.post(
    JSON.stringify({ using, methodCalls: [['Mailbox/set', create, 'c']], createdIds: { old: 'B1' } }),
  );
  assert.deepEqual(answer.createdIds, { old: 'B1', k: answer.methodResponses[0][1].created.k.id });
  const without = await g.post(JSON.stringify({ using, methodCalls: [] }));
  assert.equal('createdIds' in without.answer, false);
});

test('RFC 8620 §5.1 maxObjectsInGet: requestTooLarge; an id asked for twice is answered once', async () => {
  using g = openTestGateway();
  const ids = Array.from({ length: limits.maxObjectsInGet + 1 }, (_, at) => `M${at + 1}`);
  const large = await g.one('Email/get', { ids });
  assert.equal(large.type, 'requestTooLarge');
  const id = g.deliver('Subject: x\n\ny');
  const twice = await g.one('Email/get', { ids: [id, id, 'M1', 'nonsense'], properties: ['subject'] });
  assert.deepEqual(twice.list, [{ id, subject: 'x' }]);
  assert.deepEqual(twice.notFound.toSorted(), ['M1', 'nonsense']);
});

test('RFC 8620 §2 the session names accounts, limits and URLs, and has the state that responses have', async () => {
  using g = openTestGateway();
  const session = JSON.parse((await g.gateway.session(g.caller, 'https://mail.example', 'ana@example.org')).toString());
  assert.deepEqual(Object.keys(session.accounts), [g.accountId]);
  assert.equal(session.accounts[g.accountId].isReadOnly, false);
  assert.equal(session.capabilities[core].maxObjectsInGet, limits.maxObjectsInGet);
  assert.equal(session.primaryAccounts[capabilities.mail], g.accountId);
  assert.equal(session.apiUrl, 'https://mail.example/jmap/api');
  for (const [url, names] of [
    ['downloadUrl', ['accountId', 'blobId', 'name', 'type']],
    ['uploadUrl', ['accountId']],
    ['eventSourceUrl', ['types', 'closeafter', 'ping']],
  ] as const) {
    for (const name of names) assert.ok(session[url].includes(`{${name}}`), `${url} ${name}`);
  }
  const { answer } = await g.post(JSON.stringify({ using, methodCalls: [] }));
  assert.equal(answer.sessionState, session.state);
});

test('J11 an equal request is answered from memory until something changes', async () => {
  using g = openTestGateway();
  g.deliver('Subject: one\n\nx');
  const request = JSON.stringify({
    using,
    methodCalls: [
      ['Email/query', { accountId: g.accountId, filter: { inMailbox: mailboxId(g.box.inbox) } }, 'q'],
      [
        'Email/get',
        {
          accountId: g.accountId,
          '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' },
          properties: ['subject'],
        },
        'g',
      ],
    ],
  });
  const subjects = async (): Promise<string[]> =>
    (await g.post(request)).answer.methodResponses[1][1].list.map((one: { subject: string }) => one.subject);
  assert.deepEqual(await subjects(), ['one']);
  assert.deepEqual(await subjects(), ['one']);
  assert.equal(g.engine.looked.length, 2, 'looking at a mailbox is told each time');
  g.deliver('Subject: two\n\nx');
  assert.deepEqual(await subjects(), ['two', 'one']);
});
