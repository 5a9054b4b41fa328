import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp, typeOf } from './door.testkit.ts';

test('D5 wrong passwords: slower for the one who guesses, never closed for the one who was here', async () => {
  await using door = await openApp();
  await door.signIn();
  const known = new Map(door.jar);
  for (let i = 0; i < 8; i += 1)
    assert.equal(await typeOf(await door.signIn('wrong', { jar: new Map() })), '401 wrong-password');
  const slowed = await door.signIn('right', { jar: new Map() });
  assert.equal(slowed.status, 429);
  assert.ok(Number(slowed.headers.get('retry-after')) <= 30);
  assert.equal((await door.signIn('right', { jar: known })).status, 200);
  const elsewhere = { from: '203.0.113.9', headers: { 'x-forwarded-proto': 'https' }, jar: new Map<string, string>() };
  assert.equal((await door.signIn('right', elsewhere)).status, 200, 'another network is not slowed');
  door.clock.pass(31_000);
  assert.equal((await door.signIn('right', { jar: new Map() })).status, 200);
});

/** How many of 40 guesses at one login were tried, each written its own way and from a network of its own. */
const tried = async (door: Awaited<ReturnType<typeof openApp>>, path: string, way: (nth: number) => object) => {
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  for (let nth = 0; nth < 40; nth += 1) {
    const form = { address: 'eve@x.example', password: 'wrong', imap: server, smtp: server, ...way(nth) };
    const answer = await typeOf(await door.post(path, form, { headers: { 'x-forwarded-for': `198.51.${nth}.1` } }));
    if (answer !== '401 wrong-password') return `${nth}, then ${answer}`;
  }
  return 'all';
};

test('D5 guesses count on the login they try, whatever address stands beside it and however it is written', async () => {
  const imap = { host: '127.0.0.1', port: 143, security: 'none' };
  const ways: [string, (nth: number) => object][] = [
    ['blanks', (nth) => ({ address: `${' '.repeat(nth)}eve@x.example` })],
    ['a soft hyphen, wide letters', (nth) => ({ address: `${'\u00ad'.repeat(nth)}\uff45ve@X.example` })],
    ['a dot behind the domain', (nth) => ({ address: `eve@x.example${nth % 2 === 0 ? '' : '.'}` })],
    ['any address', (nth) => ({ address: `u${nth}@y.example`, imap: { ...imap, username: 'Eve@x.example' } })],
  ];
  for (const path of ['/auth/sign-in', '/auth/accounts'])
    for (const [name, way] of ways) {
      await using door = await openApp();
      await door.signIn();
      assert.equal(await tried(door, path, way), '30, then 429 rate-limited', `${path}: ${name}`);
    }
  await using door = await openApp();
  await door.signIn();
  assert.equal(await tried(door, '/auth/accounts', () => ({})), '30, then 429 rate-limited');
  const { status } = await door.post('/auth/sign-in', {
    address: 'eve@x.example',
    password: 'right',
    imap,
    smtp: imap,
  });
  assert.equal(status, 429, 'both are one count');
});

test('D5 a browser that was here before is known by the login too', async () => {
  await using door = await openApp();
  const imap = { host: '127.0.0.1', port: 143, security: 'none', username: 'eve' };
  const form = { address: 'e@x.example', password: 'right', imap, smtp: imap };
  assert.equal((await door.post('/auth/sign-in', form)).status, 200);
  const guessing = (nth: number) => ({ address: `u${nth}@y.example`, imap });
  const known = new Map(door.jar);
  door.jar.clear();
  assert.equal(await tried(door, '/auth/sign-in', guessing), '30, then 429 rate-limited');
  assert.equal((await door.post('/auth/sign-in', form, { jar: known })).status, 200);
});

test('D90 a login with control characters is refused before anything is tried', async () => {
  await using door = await openApp();
  await door.signIn();
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  const login = 'eve\u0000guess';
  const form = { address: 'eve@x.example', password: 'right', imap: server, smtp: server };
  for (const path of ['/auth/sign-in', '/auth/accounts'])
    for (const evil of [
      { imap: { ...server, username: login } },
      { smtp: { ...server, username: login } },
      ...(path === '/auth/accounts' ? [{ smtp: undefined, smtpUsername: login }] : []),
    ])
      assert.equal(await typeOf(await door.post(path, { ...form, ...evil })), '400 malformed', path);
});

test('D91 who asks is what the last proxy of ours saw; what it cannot name is counted as the proxy', async () => {
  await using door = await openApp({ env: { POSTERN_TRUSTED_PROXIES: '127.0.0.1,192.0.2.0/24' } });
  const seen = async (from: string, forwarded: string): Promise<string | undefined> => {
    const jar = new Map<string, string>();
    await door.signIn('right', { from, jar, headers: { 'x-forwarded-for': forwarded } });
    const [last] = (await Promise.all((await door.store.users()).map(({ id }) => door.store.sessions(id)))).flat();
    for (const { id } of await door.store.users()) await door.store.deleteUser(id);
    return last?.address;
  };
  for (const [from, forwarded, want] of [
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.9, 192.0.2.5', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1, [2001:db8::9]', '2001:db8::9'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.9:4711', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.1, unix:', '127.0.0.1'],
    ['127.0.0.1', '', '127.0.0.1'],
  ] as const)
    assert.equal(await seen(from, forwarded), want, `${from}: ${forwarded}`);
});
