import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tide } from '#base/tide.ts';
import { StoreError } from '#store/errors.ts';
import { openApp, typeOf } from './door.testkit.ts';

test('D1 a former token, used when the new one has arrived, ends the session for both', async () => {
  await using door = await openApp();
  await door.signIn();
  const thief = new Map(door.jar);
  assert.equal((await door.post('/auth/unlock')).status, 200, 'keys turn');
  assert.equal((await door.fetch('/auth/session')).status, 200, 'the new token has arrived');
  assert.equal((await door.fetch('/auth/session', { jar: thief })).status, 200, 'a tab beside may lag a minute');
  door.clock.pass(61_000);
  assert.equal(await typeOf(await door.fetch('/auth/session', { jar: thief })), '401 unauthenticated');
  assert.equal(
    await typeOf(await door.fetch('/auth/session')),
    '401 unauthenticated',
    'the owner has to sign in again',
  );
  const kinds = (await door.store.auditOf(null, { since: 0, most: 10 })).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ['key-theft', 'sign-in'], 'D72');
});

test('D2 an answer that was lost costs nothing: the former pair turns once more', async () => {
  await using door = await openApp();
  await door.signIn();
  const lost = new Map(door.jar);
  await door.post('/auth/unlock', undefined, { jar: new Map(door.jar) });
  door.clock.pass(3_600_000);
  assert.equal((await door.post('/auth/unlock', undefined, { jar: lost })).status, 200);
  assert.equal((await door.fetch('/auth/session', { jar: lost })).status, 200);
});

test('D3 whoever is away for the idle time is let go, and comes back by the cookie alone', async () => {
  await using door = await openApp();
  await door.signIn();
  assert.equal(door.open.size, 1);
  door.clock.pass(31 * 60_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(door.open.size, 0);
  assert.ok(door.asked.includes('close'));
  assert.equal(await typeOf(await door.post('/jmap/api', {})), '423 locked');
  assert.equal((await door.post('/auth/unlock')).status, 200);
  assert.equal((await door.post('/jmap/api', {})).status, 200);
});

test('D3 an empty body brings no unlocker, whatever it is said to be', async () => {
  await using door = await openApp();
  await door.signIn();
  const empty = (path: string, body?: string): Promise<Response> =>
    door.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
  for (const body of [undefined, '', '{}']) assert.equal((await empty('/auth/unlock', body)).status, 200, body);
  for (const body of ['null', '{', ' '])
    assert.equal(await typeOf(await empty('/auth/unlock', body)), '400 malformed', body);
  for (const path of ['/auth/prove', '/auth/sign-in', '/auth/sign-in/recovery'])
    assert.equal(await typeOf(await empty(path)), '400 malformed', path);
});

test('D84 a clock that is set back by an hour ends no session and closes nothing', async () => {
  await using door = await openApp();
  for (const password of ['wrong', 'wrong', 'right'])
    assert.equal((await door.signIn(password)).status, password === 'right' ? 200 : 401);
  door.clock.pass(-3_600_000);
  assert.equal((await door.post('/jmap/api', {})).status, 200);
  assert.equal((await door.post('/auth/unlock')).status, 200);
  for (const jar of [door.jar, new Map<string, string>()])
    assert.equal((await door.signIn('right', { jar })).status, 200);
});

test('D4 a session lives 24 hours, a remembered one 30 days, whatever it is used for', async () => {
  for (const [remember, hours] of [
    [false, 24],
    [true, 30 * 24],
  ] as const) {
    await using door = await openApp();
    await door.signIn('right', {}, remember);
    door.clock.pass(hours * 3_600_000 - 1_000);
    assert.equal((await door.post('/auth/unlock')).status, 200);
    assert.equal((await door.fetch('/auth/session')).status, 200);
    assert.equal((await door.post('/jmap/api', {})).status, 200);
    door.clock.pass(1_000);
    for (const path of ['/auth/session', '/jmap/api', '/auth/unlock'])
      assert.equal(
        await typeOf(path === '/auth/session' ? await door.fetch(path) : await door.post(path, {})),
        '401 unauthenticated',
        path,
      );
  }
});

test('D6 the words of a refusal name the server and what it said', async () => {
  await using door = await openApp();
  const problem = (await (await door.signIn('wrong')).json()) as Record<string, unknown>;
  assert.equal(problem['title'], '127.0.0.1 did not accept this password.');
  assert.equal(problem['words'], 'Authentication failed.');
});

test('D19 a login is the address in lower case unless it was given: one mailbox is one user', async () => {
  await using door = await openApp();
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  const logins = async (address: string, username?: string): Promise<string[]> => {
    const imap = username === undefined ? server : { ...server, username };
    await door.post('/auth/sign-in', { address, password: 'right', imap, smtp: server }, { jar: new Map() });
    const users = await door.store.users();
    const accounts = await Promise.all(users.map(({ id }) => door.store.accounts(id)));
    return accounts.flat().map(({ imap }) => imap.username);
  };
  assert.deepEqual(await logins('Ada@X.example'), ['ada@x.example']);
  assert.deepEqual(await logins('ada@x.example'), ['ada@x.example']);
  assert.deepEqual((await logins('ada@x.example', 'Ada')).toSorted(), ['Ada', 'ada@x.example']);
});

test('D7 names: loopback and addresses are answered, others only when configured', async () => {
  await using door = await openApp();
  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', '192.168.1.5:8080'])
    assert.equal((await door.fetch('/auth/key', { host })).status, 200, host);
  assert.equal(await typeOf(await door.fetch('/auth/key', { host: 'rebound.example:8080' })), '403 forbidden-origin');
  assert.equal(
    await typeOf(await door.signIn('right', { host: '192.168.1.5:8080' })),
    '403 forbidden-origin',
    'no password in clear over a network',
  );
  await using named = await openApp({ env: { POSTERN_PUBLIC_URL: 'https://mail.example.org' } });
  const headers = { origin: 'https://mail.example.org' };
  const answer = await named.signIn('right', { host: 'mail.example.org', headers });
  assert.equal(answer.status, 200);
  const cookies = answer.headers.getSetCookie();
  assert.match(cookies[0] ?? '', /^__Host-postern=.*Path=\/; HttpOnly; SameSite=Strict; Secure/);
  assert.match(cookies[1] ?? '', /^__Secure-postern-key=.*Path=\/auth\/unlock; HttpOnly; SameSite=Strict; Secure/);
  for (const origin of ['https://evil.example', 'null', 'http://mail.example.org'])
    assert.equal(
      await typeOf(await named.post('/auth/lock', undefined, { headers: { origin } })),
      '403 forbidden-origin',
      origin,
    );
});

test('D8 a client without Origin may sign in, but a cookie gives it no power', async () => {
  await using door = await openApp();
  assert.equal((await door.signIn('right', { origin: null })).status, 200);
  assert.equal(await typeOf(await door.post('/jmap/api', {}, { origin: null })), '403 forbidden-origin');
  assert.equal((await door.post('/jmap/api', {})).status, 200);
});

test('D9 metrics are for this machine, or for who has the token', async () => {
  await using door = await openApp();
  const text = await (await door.fetch('/metrics')).text();
  assert.match(text, /^postern_users_present 0$/m);
  assert.equal(await typeOf(await door.fetch('/metrics', { from: '203.0.113.9' })), '401 unauthenticated');
  assert.equal(
    await typeOf(await door.fetch('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })),
    '401 unauthenticated',
  );
  await using tokened = await openApp({ env: { POSTERN_METRICS_TOKEN: 'sesame' } });
  assert.equal(await typeOf(await tokened.fetch('/metrics')), '401 unauthenticated');
  assert.equal(
    (await tokened.fetch('/metrics', { from: '203.0.113.9', headers: { authorization: 'Bearer sesame' } })).status,
    200,
  );
});

test('D10 a store that is away is told as such', async () => {
  const away = async (): Promise<never> => {
    throw new StoreError('store/unavailable', 'gone');
  };
  await using door = await openApp({ store: { healthy: async () => false, userByLogin: away } });
  assert.equal((await door.fetch('/healthz')).status, 503);
  assert.equal(await typeOf(await door.signIn()), '503 store-unavailable');
});

test('D11 a defect is told without a word of it', async () => {
  await using door = await openApp({ store: { userByLogin: () => Promise.reject(new Error('secret detail')) } });
  const answer = await door.signIn();
  assert.equal(answer.status, 500);
  assert.doesNotMatch(await answer.text(), /secret/);
});

test('D12 the event stream tells the states once; who knows them is told nothing', async () => {
  await using door = await openApp();
  await door.signIn();
  const first = async (headers: Record<string, string> = {}): Promise<string> => {
    const answer = await door.fetch('/jmap/eventsource?types=*&closeafter=no&ping=0', { headers });
    assert.equal(answer.headers.get('x-accel-buffering'), 'no');
    const reader = answer
      .body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .getReader();
    await reader.read();
    const next = await Promise.race([reader.read(), new Promise<null>((resolve) => setTimeout(resolve, 20, null))]);
    await reader.cancel();
    return next?.value ?? '';
  };
  const told = await first();
  assert.match(told, /^event: state\nid: (.+)\ndata: \{"@type":"StateChange","changed":\{"A1":\{"Email":"e-1"\}\}\}/);
  assert.equal(await first({ 'last-event-id': /id: (.+)/.exec(told)?.[1] ?? '' }), '');
});

test('D12 a stream whose session ends while it is being opened ends with it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using door = await openApp({ states: promise });
  await door.signIn();
  const coming = door.fetch('/jmap/eventsource?types=*&closeafter=no&ping=0');
  while (!door.asked.includes('states')) await new Promise((next) => setImmediate(next));
  assert.equal((await door.post('/auth/sign-out', undefined, { jar: new Map(door.jar) })).status, 204);
  resolve();
  const text = await Promise.race([
    coming.then((answer) => answer.text()),
    new Promise<string>((late) => setTimeout(late, 2_000, 'it stays open')),
  ]);
  assert.doesNotMatch(text, /stays open|event: state/);
});

test('D79 a stream that nobody reads ends after a minute and keeps no session here; one that is read stays', async () => {
  await using door = await openApp();
  await door.signIn();
  const open = () => door.fetch('/jmap/eventsource?types=*&closeafter=no&ping=0');
  const streams = async (): Promise<string | undefined> => {
    await new Promise((next) => setImmediate(next));
    return /^postern_event_streams (\d+)$/m.exec(await (await door.fetch('/metrics')).text())?.[1];
  };
  const [read] = [(await open()).body!.getReader(), await open()];
  await read.read();
  await read.read();
  assert.equal(await streams(), '2');
  door.clock.pass(61_000);
  assert.equal(await streams(), '1');
  door.clock.pass(40 * 60_000);
  assert.notEqual((await door.post('/jmap/api', {})).status, 423);
  await read.cancel();
  assert.equal(await streams(), '0');
  door.clock.pass(40 * 60_000);
  assert.equal((await door.post('/jmap/api', {})).status, 423);
});

test('D12 a session has twenty streams; one more ends its oldest, whether its client reads or not', async () => {
  await using door = await openApp();
  await door.signIn();
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  for (let n = 0; n < 23; n += 1) {
    const answer = await door.fetch('/jmap/eventsource?types=*&closeafter=no&ping=0');
    const reader = answer.body!.getReader();
    if (n > 1) await reader.read();
    readers.push(reader);
  }
  const isOpen = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> => {
    // What was told before is read first.
    for (;;) {
      const next = await Promise.race([reader.read(), new Promise<null>((wait) => setTimeout(wait, 50, null))]);
      if (next === null || next.done) return next === null;
    }
  };
  const open = Array.from({ length: 20 }, () => true);
  assert.deepEqual(await Promise.all(readers.map(isOpen)), [false, false, false, ...open]);
  for (const reader of readers) await reader.cancel();
});

test('D13 the app: hashed files for ever, pages never, any page of the app is index.html', async () => {
  const dist = mkdtempSync(join(tmpdir(), 'postern-dist-'));
  mkdirSync(join(dist, 'assets'));
  writeFileSync(join(dist, 'index.html'), '<!doctype html><title>app</title>');
  writeFileSync(join(dist, 'assets', 'main-abc.js'), 'let plain');
  writeFileSync(join(dist, 'assets', 'main-abc.js.br'), 'brotli');
  try {
    await using door = await openApp({ dist });
    for (const path of ['/', '/a/x/inbox/c/1', '/search?q=x', '/settings']) {
      const page = await door.fetch(path, { headers: { accept: 'text/html' } });
      assert.match(await page.text(), /app/, path);
      assert.equal(page.headers.get('cache-control'), 'no-store');
      assert.match(page.headers.get('content-security-policy') ?? '', /require-trusted-types-for 'script'/);
    }
    const script = await door.fetch('/assets/main-abc.js', { headers: { 'accept-encoding': 'gzip, br' } });
    assert.deepEqual([script.headers.get('content-encoding'), await script.text()], ['br', 'brotli']);
    assert.match(script.headers.get('cache-control') ?? '', /immutable/);
    assert.equal(
      (await door.fetch('/assets/main-abc.js', { headers: { 'if-none-match': script.headers.get('etag') ?? '' } }))
        .status,
      304,
    );
    for (const path of ['/assets/none.js', '/../package.json', '/auth/none', '/jmap/none', '/mail/none'])
      assert.equal(await typeOf(await door.fetch(path)), '404 not-found', path);
    assert.equal(await typeOf(await door.post('/')), '405 method-not-allowed');
  } finally {
    rmSync(dist, { recursive: true });
  }
});

test('D14 a sealed form: the JSON without the password, then the box', async () => {
  await using door = await openApp({ env: { POSTERN_JSON_SIGN_IN: '0' } });
  assert.equal(await typeOf(await door.signIn()), '415 unsupported-type');
  const head = Buffer.from(JSON.stringify({ address: 'ada@x.example' }));
  const cut = Buffer.concat([Buffer.from([0, 0, 0, head.length]), head, Buffer.from([0, 9]), Buffer.alloc(4)]);
  assert.equal(
    await typeOf(
      await door.fetch('/auth/sign-in', {
        method: 'POST',
        body: cut,
        headers: { 'content-type': 'application/octet-stream' },
      }),
    ),
    '400 malformed',
  );
});

test('D75 a list that is asked for again is answered at the door, to the session that asked, until it leaves', async () => {
  const tide = new Tide();
  await using door = await openApp({ tide });
  const other = new Map<string, string>();
  await door.signIn();
  await door.signIn('right', { jar: other });
  const ask = async (jar = door.jar): Promise<boolean> => {
    const before = door.asked.filter((op) => op === 'api').length;
    const answer = await door.post('/jmap/api', { list: 1 }, { jar });
    assert.deepEqual([answer.status, await answer.text()], [200, '{}']);
    return door.asked.filter((op) => op === 'api').length > before;
  };
  assert.deepEqual([await ask(), await ask(), await ask(), await ask()], [true, true, false, false]);
  assert.deepEqual([await ask(other), await ask(other), await ask(other)], [true, true, false], 'each for itself');
  tide.rise();
  assert.deepEqual([await ask(), await ask(), await ask(other)], [true, false, true], 'something changed');
  door.clock.pass(2_000);
  assert.deepEqual([await ask(), await ask()], [true, false], 'somebody still looks');
  assert.equal((await door.post('/auth/lock')).status, 204);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 })), '423 locked');
  assert.equal(await ask(other), true, 'the mailroom hears of this one too');
  assert.equal((await door.post('/auth/sign-out', undefined, { jar: new Map(other) })).status, 204);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 }, { jar: other })), '401 unauthenticated');
  await door.signIn('right', { jar: other });
  assert.deepEqual([await ask(other), await ask(other), await ask(other)], [true, true, false], 'a new session');
  door.clock.pass(31 * 60_000);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 }, { jar: other })), '423 locked');
  assert.equal((await door.post('/auth/unlock', undefined, { jar: other })).status, 200);
  assert.equal(await ask(other), true, 'nothing is left of before');
});
