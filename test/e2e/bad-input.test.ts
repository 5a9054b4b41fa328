import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { problemPrefix, problemStatus } from '#jmap/auth/problems.ts';
import { openDovecot, type Village } from '#village/dovecot.ts';
import type { Browser } from './browser.ts';
import { openFolder } from './postern.ts';
import { type Serving, serve } from './process.ts';
import { raw, type RawAnswer } from './raw-http.ts';

/** Postern as people run it, asked for what nobody should ask. */
let village: Village;
let postern: Serving;
let browser: Browser;
let folder: ReturnType<typeof openFolder>;
before(async () => {
  folder = openFolder();
  village = await openDovecot();
  postern = await serve(village, folder.path);
  browser = postern.browser;
  const { address, password } = village.users[0]!;
  assert.equal((await browser.signIn(address, password)).status, 200);
});
after(async () => {
  await postern[Symbol.asyncDispose]();
  await village[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const requestErrors: ReadonlySet<string> = new Set(['unknownCapability', 'notJSON', 'notRequest', 'limit']);
const jmapPrefix = 'urn:ietf:params:jmap:error:';

/** Type of a refusal without its prefix; whatever it is, it is of the closed list and tells nothing of the machine. */
const refusalOf = ({ status, headers, body }: RawAnswer): string => {
  assert.doesNotMatch(body, /node_modules|\.ts\b|at \w+ \(|\/work\/|\/tmp\/|\/home\/|SQLITE|Error:/, body);
  assert.equal(headers.get('content-type'), 'application/problem+json', `${status} ${body}`);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  const problem = JSON.parse(body) as { type: string; status: number; detail: string };
  assert.equal(problem.status, status);
  assert.ok(problem.detail.length > 5, 'it says what is wrong');
  if (problem.type.startsWith(jmapPrefix)) {
    const type = problem.type.slice(jmapPrefix.length);
    assert.ok(requestErrors.has(type), body);
    return type;
  }
  assert.ok(problem.type.startsWith(problemPrefix), body);
  const type = problem.type.slice(problemPrefix.length);
  assert.equal(problemStatus[type as keyof typeof problemStatus], status, body);
  return type;
};

interface Wish {
  method?: string;
  path: string;
  /** null: leave out. */
  cookie?: string | null;
  origin?: string | null;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

const bytesOf = ({ method = 'GET', path, cookie, origin, headers = {}, body }: Wish): Buffer => {
  const bytes = Buffer.from(body ?? '');
  const fields = {
    Host: new URL(postern.url).host,
    Cookie: cookie === undefined ? browser.cookies('/auth/unlock') : cookie,
    Origin: origin === undefined ? postern.url : origin,
    Connection: 'close',
    ...(body === undefined ? {} : { 'Content-Length': String(bytes.length), 'Content-Type': 'application/json' }),
    ...headers,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
};

const ask = (wish: Wish): Promise<RawAnswer> => raw(postern.url, bytesOf(wish));

/** Everything the program answers on: path, and what may be done there. */
const routes = (): Record<string, readonly string[]> => ({
  '/auth/sign-in': ['POST'],
  '/auth/sign-out': ['POST'],
  '/auth/lock': ['POST'],
  '/auth/unlock': ['POST'],
  '/auth/discover': ['POST'],
  '/auth/session': ['HEAD', 'GET'],
  '/auth/key': ['HEAD', 'GET'],
  '/auth/tokens': ['HEAD', 'GET', 'POST'],
  '/auth/tokens/none': ['DELETE'],
  '/.well-known/jmap': ['HEAD', 'GET'],
  '/jmap/api': ['POST'],
  '/jmap/eventsource': ['HEAD', 'GET'],
  [`/jmap/upload/${browser.account}`]: ['POST'],
  [`/jmap/download/${browser.account}/G1/x`]: ['HEAD', 'GET'],
  [`/mail/${browser.account}/M1`]: ['HEAD', 'GET'],
  '/mail/document/x': ['HEAD', 'GET'],
  '/mail/img/x/1': ['HEAD', 'GET'],
  '/mail/m/x/1': ['HEAD', 'GET'],
  '/mail/height/x': ['HEAD', 'GET'],
  '/out': ['HEAD', 'GET'],
  '/healthz': ['HEAD', 'GET'],
  '/metrics': ['HEAD', 'GET'],
  '/': ['GET', 'HEAD'],
});

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

test('D29 every route refuses every method it does not take, and says which it takes', async () => {
  for (const [path, taken] of Object.entries(routes()))
    for (const method of methods.filter((each) => !taken.includes(each))) {
      const answer = await ask({ method, path, ...(method === 'GET' ? {} : { body: '{}' }) });
      assert.equal(refusalOf(answer), 'method-not-allowed', `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), taken.join(', '), path);
    }
});

/** What a stranger must not do, with a body that would do it. */
const guarded = (): Wish[] => [
  { method: 'POST', path: '/jmap/api', body: JSON.stringify(browser.request([['Core/echo', {}]])) },
  { method: 'POST', path: `/jmap/upload/${browser.account}`, body: 'bytes' },
  { method: 'POST', path: '/auth/tokens', body: '{"name":"x"}' },
  { method: 'DELETE', path: '/auth/tokens/none' },
  { method: 'POST', path: '/auth/unlock' },
  { method: 'POST', path: '/auth/lock' },
];

test('D8 what changes something wants the right Origin', async () => {
  const outs: Wish[] = [...guarded(), { method: 'POST', path: '/auth/sign-out' }];
  for (const wish of outs)
    for (const origin of [
      null,
      'null',
      'https://evil.example',
      `${postern.url}.evil.example`,
      `${postern.url}/`,
      'x\xff',
    ])
      for (const headers of [{}, { Authorization: 'Basic eA==' }])
        assert.equal(refusalOf(await ask({ ...wish, origin, headers })), 'forbidden-origin', `${wish.path} ${origin}`);
  for (const path of ['/auth/sign-in', '/auth/discover']) {
    const wish = {
      method: 'POST',
      path,
      body: '{"address":"a@village.test","password":"x"}',
      origin: 'https://evil.example',
    };
    assert.equal(refusalOf(await ask(wish)), 'forbidden-origin');
    const sent = { ...wish, origin: null, headers: { 'Sec-Fetch-Site': 'cross-site' } };
    assert.equal(refusalOf(await ask(sent)), 'forbidden-origin');
  }
});

test('nobody gets in without a cookie, or with one that is forged', async () => {
  const reading: Wish[] = [
    '/auth/session',
    '/auth/tokens',
    '/.well-known/jmap',
    '/jmap/eventsource',
    `/jmap/download/${browser.account}/G1/x`,
    `/mail/${browser.account}/M1`,
    '/mail/height/0123456789abcdef',
  ].map((path) => ({ path }));
  const zeros = Buffer.alloc(32).toString('base64url');
  const real = browser.jar.get('postern')?.value ?? '';
  const forged = [
    null,
    '',
    'postern=',
    `postern=${zeros}`,
    `postern=${real}x`,
    `postern=${real.slice(0, -2)}`,
    `postern=${'A'.repeat(8000)}`,
    'postern=%00%ff\xff;;;=;',
    `__Host-postern=${real}`,
    `postern-key=${real}`,
  ];
  for (const wish of [...reading, ...guarded()])
    for (const cookie of forged)
      assert.equal(
        refusalOf(await ask({ ...wish, cookie })),
        'unauthenticated',
        `${wish.path} ${cookie?.slice(0, 60)}`,
      );
  for (const wish of guarded())
    assert.equal(refusalOf(await ask({ ...wish, cookie: null, origin: null })), 'unauthenticated', wish.path);
  for (const authorization of [
    'Bearer',
    'Bearer x',
    `Bearer ${zeros}`,
    `Bearer postern_${zeros}`,
    'Bearer \xff',
    'Basic YTpi',
  ])
    assert.equal(
      refusalOf(await ask({ path: '/auth/session', cookie: null, headers: { Authorization: authorization } })),
      'unauthenticated',
    );
  assert.equal(refusalOf(await ask({ path: '/auth/session', headers: { Host: 'evil.example' } })), 'forbidden-origin');
});

test('an account that is not theirs is no account', async () => {
  const accounts = [
    'x',
    'A1',
    '__proto__',
    'constructor',
    browser.account.toLowerCase(),
    `${browser.account}0`,
    'A'.repeat(255),
    'A'.repeat(5000),
  ];
  for (const account of accounts) {
    assert.equal(refusalOf(await ask({ path: `/jmap/download/${account}/G1/x` })), 'not-found');
    assert.equal(refusalOf(await ask({ path: `/mail/${account}/M1` })), 'not-found');
    assert.equal(refusalOf(await ask({ method: 'POST', path: `/jmap/upload/${account}`, body: 'x' })), 'not-found');
    const [answer] = await browser.jmap([['Mailbox/get', { accountId: account }]]);
    assert.equal(answer?.['type'], account.length > 255 ? 'invalidArguments' : 'accountNotFound', account.slice(0, 60));
  }
});

test('ids and names that are none, or climb, find nothing', async () => {
  const long = 'z'.repeat(9000);
  const ids = [
    '..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e',
    '%00',
    '%ff%zz',
    'G',
    'G-1',
    'g1',
    `G${long}`,
    `G1_${'1_'.repeat(3000)}1`,
    'U../../host.key',
    `U${long}`,
    '__proto__',
    'Gzzzzzzzzzzzzzzzz',
    '%F0%9F%92%A9',
  ];
  for (const id of ids) {
    assert.equal(
      refusalOf(await ask({ path: `/jmap/download/${browser.account}/${id}/x` })),
      'not-found',
      id.slice(0, 60),
    );
    assert.equal(refusalOf(await ask({ path: `/mail/${browser.account}/${id}` })), 'not-found', id.slice(0, 60));
    assert.equal(refusalOf(await ask({ method: 'DELETE', path: `/auth/tokens/${id}` })), 'not-found', id.slice(0, 60));
    assert.equal(refusalOf(await ask({ path: `/mail/img/${id}/1` })), 'not-found');
    assert.equal(refusalOf(await ask({ path: `/mail/document/${id}` })), 'not-found');
    assert.equal(refusalOf(await ask({ path: `/out?u=https://evil.example/&sig=${id}` })), 'not-found');
  }
  const climbing = [
    '/../host.key',
    '/assets/../../data/host.key',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/%2e%2e%2fpackage.json',
    '//etc/hosts.txt',
    '/editor/../../package.json',
    '/__proto__.js',
    '/assets/%00.js',
    `/${long}.js`,
    '/index.html%00.js',
  ];
  for (const path of climbing) assert.equal(refusalOf(await ask({ path })), 'not-found', path.slice(0, 60));
  for (const path of ['/etc/passwd', '/..%2f..%2fetc%2fpasswd', '/../../etc/passwd']) {
    const { body } = await ask({ path });
    assert.match(body, /^<!doctype html>/, 'the app, which routes by itself');
  }
});

test('D85 a line on which nothing is asked outlives those that proxies keep', async () => {
  const answer = await ask({ path: '/healthz', headers: { Connection: 'keep-alive' } });
  assert.equal(answer.headers.get('keep-alive'), 'timeout=150');
});

test('D29 what the parser of HTTP cannot read is told so, and the line is closed', async () => {
  const host = new URL(postern.url).host;
  const fine = `Host: ${host}\r\nConnection: close\r\n`;
  const manyFields = Array.from({ length: 3000 }, (_, i) => `X-${i}: 1\r\n`).join('');
  const cases: [string, string][] = [
    ['hello\r\n\r\n', 'malformed'],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'malformed'],
    [`GET /auth/session HTTP/1.1\r\n${fine}X: ${'a'.repeat(100_000)}\r\n\r\n`, 'too-large'],
    [`GET /auth/session HTTP/1.1\r\n${fine}${manyFields}\r\n`, 'too-large'],
    [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${fine}\r\n`, 'too-large'],
    [`GET /a\0b HTTP/1.1\r\n${fine}\r\n`, 'malformed'],
    [`GET /a HTTP/9.9\r\n${fine}\r\n`, 'malformed'],
    [`GET \\..\\etc HTTP/1.1\r\n${fine}\r\n`, 'malformed'],
    [`OPTIONS * HTTP/1.1\r\n${fine}\r\n`, 'malformed'],
    ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'malformed'],
    ['GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n', 'malformed'],
    ['GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n', 'malformed'],
    [`GET ftp://localhost/ HTTP/1.1\r\n${fine}\r\n`, 'malformed'],
    [`POST /jmap/api HTTP/1.1\r\n${fine}Content-Length: -2\r\n\r\n{}`, 'malformed'],
    [`POST /jmap/api HTTP/1.1\r\n${fine}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 'malformed'],
    [`POST /jmap/api HTTP/1.1\r\n${fine}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`, 'malformed'],
    [`POST /auth/discover HTTP/1.1\r\n${fine}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}`, 'malformed'],
  ];
  for (const [bytes, type] of cases)
    assert.equal(refusalOf(await raw(postern.url, Buffer.from(bytes, 'latin1'))), type, bytes.slice(0, 60));
  const nameless = await raw(postern.url, 'GET / HTTP/1.1\r\n\r\n');
  assert.deepEqual([nameless.status, nameless.body], [400, '']);
  const proxied = await raw(postern.url, 'CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example\r\n\r\n');
  assert.equal(proxied.status, 0, 'no proxy: the line is closed');
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test('bodies that are no JSON, not UTF-8, or of another shape', async () => {
  const invalid = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
  const forms = ['/auth/sign-in', '/auth/discover', '/auth/tokens'];
  const broken = [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    '{"address":1,"password":"x","name":1}',
    '{"a":}',
    nested(20_000),
    '\0',
    invalid,
  ];
  for (const path of forms)
    for (const body of broken)
      assert.equal(
        refusalOf(await ask({ method: 'POST', path, body })),
        'malformed',
        `${path} ${body.toString().slice(0, 40)}`,
      );
  const wrong = [
    { address: 'a@village.test', password: 7 },
    { address: 'a@village.test' },
    { address: 'a'.repeat(400), password: 'x' },
    { address: 'a@village.test\r\nX: y', password: 'x' },
    { address: '@', password: 'x' },
    { address: 'a@village.test', password: 'x', imap: { host: '../etc', port: 143, security: 'none' } },
    { address: 'a@village.test', password: 'x', imap: { host: 'h', port: 70_000, security: 'tls' } },
    { address: 'a@village.test', password: 'x', imap: { host: 'h', port: 993, security: 'maybe' } },
    { address: 'a@village.test', password: 'x', imap: { host: 'h', port: 993, security: 'tls', pin: 'zz' } },
    { address: 'a@village.test', password: 'x', remember: 'yes' },
  ];
  for (const form of wrong)
    assert.equal(
      refusalOf(await ask({ method: 'POST', path: '/auth/sign-in', body: JSON.stringify(form) })),
      'malformed',
      JSON.stringify(form),
    );
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '', '\xff'])
    assert.equal(
      refusalOf(await ask({ method: 'POST', path: '/auth/sign-in', body: '{}', headers: { 'Content-Type': type } })),
      'unsupported-type',
      type,
    );
  const sealed = { 'Content-Type': 'application/octet-stream' };
  const boxes = [
    Buffer.alloc(0),
    Buffer.from([0, 0, 0]),
    Buffer.from([255, 255, 255, 255, 1]),
    Buffer.from([0, 0, 0, 2, 0x7b, 0x7d, 0, 9, 1]),
  ];
  for (const body of boxes)
    assert.equal(refusalOf(await ask({ method: 'POST', path: '/auth/sign-in', body, headers: sealed })), 'malformed');
  const form = Buffer.from(JSON.stringify({ address: village.users[0]!.address }));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(form.length);
  const noBox = Buffer.concat([head, form, Buffer.from([0, 4, 1, 2, 3, 4])]);
  assert.equal(
    refusalOf(await ask({ method: 'POST', path: '/auth/sign-in', body: noBox, headers: sealed })),
    'key-outdated',
  );
  assert.equal(
    refusalOf(await ask({ method: 'POST', path: '/auth/discover', body: `{"address":"${'a'.repeat(70_000)}"}` })),
    'too-large',
  );
});

test('JMAP requests that are none get the errors of RFC 8620 3.6.1, calls that are none those of 3.6.2', async () => {
  const send = (body: string | Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> =>
    ask({ method: 'POST', path: '/jmap/api', body, headers });
  const invalid = Buffer.concat([
    Buffer.from('{"using":[],"methodCalls":[],"x":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ]);
  const core = 'urn:ietf:params:jmap:core';
  const cases: [string | Buffer, string][] = [
    ['', 'notJSON'],
    ['{', 'notJSON'],
    [invalid, 'notJSON'],
    ['{"using":[],"using":[],"methodCalls":[]}', 'notJSON'],
    ['{"using":["\\ud800"],"methodCalls":[]}', 'notJSON'],
    [nested(4_000_000), 'notJSON'],
    [`{"using":["${core}"],"methodCalls":[["Core/echo",{"x":${nested(1000)}},"c"]]}`, 'notJSON'],
    ['null', 'notRequest'],
    ['[]', 'notRequest'],
    ['{}', 'notRequest'],
    ['{"using":"x","methodCalls":[]}', 'notRequest'],
    [`{"using":["${core}"],"methodCalls":[["Core/echo"]]}`, 'notRequest'],
    [`{"using":["${core}"],"methodCalls":[["Core/echo",[],"c"]]}`, 'notRequest'],
    [`{"using":["${core}"],"methodCalls":[],"createdIds":{"a":1}}`, 'notRequest'],
    ['{"using":["urn:evil"],"methodCalls":[]}', 'unknownCapability'],
    [
      JSON.stringify({ using: [core], methodCalls: Array.from({ length: 40 }, (_, i) => ['Core/echo', {}, `c${i}`]) }),
      'limit',
    ],
  ];
  for (const [body, type] of cases) assert.equal(refusalOf(await send(body)), type, body.toString().slice(0, 60));
  const echo = JSON.stringify({ using: [core], methodCalls: [['Core/echo', {}, 'c']] });
  for (const type of ['text/plain', 'application/octet-stream', '', '\xff'])
    assert.equal(refusalOf(await send(echo, { 'Content-Type': type })), 'notJSON', type);
  assert.equal((await send(echo, { 'Content-Type': 'application/json;charset=utf-8' })).status, 200);

  const id = browser.account;
  const calls: [string, Record<string, unknown>, string][] = [
    ['Nonsense/get', {}, 'unknownMethod'],
    ['__proto__', {}, 'unknownMethod'],
    ['Email/get', { accountId: id, ids: 'x' }, 'invalidArguments'],
    ['Email/get', { accountId: id, ids: [1] }, 'invalidArguments'],
    ['Email/get', { accountId: id, ids: ['x'.repeat(5000)] }, 'invalidArguments'],
    ['Email/get', { accountId: id, ids: [], properties: ['nonsense'] }, 'invalidArguments'],
    ['Email/get', { accountId: id, ids: Array.from({ length: 1001 }, (_, i) => `M${i}`) }, 'requestTooLarge'],
    [
      'Email/get',
      { accountId: id, '#ids': { resultOf: 'zz', name: 'Email/query', path: '/ids' } },
      'invalidResultReference',
    ],
    ['Email/get', { accountId: id, ids: [], '#ids': { resultOf: 'zz', name: 'x', path: '/' } }, 'invalidArguments'],
    ['Email/query', { accountId: id, filter: { nonsense: 1 } }, 'unsupportedFilter'],
    ['Email/query', { accountId: id, sort: [{ property: 'nonsense' }] }, 'unsupportedSort'],
    ['Email/query', { accountId: id, limit: -1 }, 'invalidArguments'],
    ['Email/query', { accountId: id, anchor: 'Mzzzz' }, 'anchorNotFound'],
    ['Email/changes', { accountId: id, sinceState: 'nonsense' }, 'cannotCalculateChanges'],
    ['Mailbox/set', { accountId: id, ifInState: 'nonsense', create: {} }, 'stateMismatch'],
    [
      'Email/set',
      { accountId: id, create: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`c${i}`, {}])) },
      'requestTooLarge',
    ],
  ];
  for (const [name, args, type] of calls) {
    const [answer] = await browser.jmap([[name, args]]);
    assert.equal(answer?.['type'], type, `${name} ${JSON.stringify(answer)}`);
    assert.doesNotMatch(JSON.stringify(answer), /\.ts:|SQLITE|at \w+ \(/);
  }
  const deepFilter = `${'{"operator":"NOT","conditions":['.repeat(100)}{}${']}'.repeat(100)}`;
  const [query] = await browser.jmap([['Email/query', { filter: JSON.parse(deepFilter) as object }]]);
  assert.ok(Array.isArray(query?.['ids']) || query?.['type'] === 'unsupportedFilter', JSON.stringify(query));
});

test('it is all the same afterwards: alive, signed in, nothing to complain about', async () => {
  assert.equal((await browser.fetch('/healthz')).status, 200);
  assert.equal((await browser.fetch('/auth/session')).status, 200);
  const [boxes] = await browser.jmap([['Mailbox/get', {}]]);
  assert.ok(((boxes?.['list'] ?? []) as unknown[]).length > 0);
  assert.equal(postern.said, `Postern is at ${postern.url}\n`, 'no defect was noted');
});
