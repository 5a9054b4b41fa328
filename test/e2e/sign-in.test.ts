import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { startDovecot } from '#cli/demo/dovecot.ts';
import { readKey } from '#model/seal.ts';
import { type Village, openDovecot } from '#village/dovecot.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';
import { sealSignIn } from './sealed-sign-in.ts';

let village: Village;
let alice: { address: string; password: string };

const letter = (subject: string, body = 'Hello', headers = ''): string =>
  `From: Bob <bob@village.test>\r\nTo: alice@village.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@village.test>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n${headers}\r\n${body}\r\n`;

before(async () => {
  // Dovecot's own patience with guesses would be measured otherwise.
  const extra = 'auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';
  village = await openDovecot({ tls: true, extra });
  alice = village.users[0]!;
  await village.deliver(alice.address, letter('first letter'));
});
after(() => village[Symbol.asyncDispose]());

const subjects = async (browser: Browser): Promise<string[]> => {
  const [, got] = await browser.jmap([
    ['Email/query', { sort: [{ property: 'receivedAt', isAscending: false }] }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  return ((got?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject);
};

const imapLogins = (): number => village.dovecot.doveadm('log', 'errors').length;

test('D1 a sign-in opens the mailbox; cookies are HttpOnly, SameSite=Strict and the key goes to /auth/unlock only', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.deepEqual(await problemOf(await browser.fetch('/.well-known/jmap')), [401, 'unauthenticated']);

  const answer = await browser.signIn(alice.address, alice.password, { remember: true });
  assert.equal(answer.status, 200, await answer.clone().text());
  const facts = (await answer.json()) as { user: { address: string }; accounts: { imap: { port: number } }[] };
  assert.equal(facts.user.address, alice.address);
  assert.equal(facts.accounts[0]?.imap.port, village.imapPort);
  const cookies = answer.headers.getSetCookie();
  for (const cookie of cookies) assert.match(cookie, /; HttpOnly; SameSite=Strict/);
  assert.match(
    cookies.find((c) => c.startsWith('postern='))!,
    /Path=\/;.*Max-Age=2592000/,
  );
  assert.match(
    cookies.find((c) => c.startsWith('postern-key='))!,
    /Path=\/auth\/unlock;/,
  );

  const session = (await (await browser.fetch('/.well-known/jmap')).json()) as Record<string, unknown>;
  assert.equal(session['username'], alice.address);
  assert.equal(session['apiUrl'], `${browser.url}/jmap/api`);
  assert.ok(browser.account in (session['accounts'] as object));
  const primary = session['primaryAccounts'] as Record<string, string>;
  assert.equal(primary['urn:ietf:params:jmap:mail'], browser.account);
  assert.ok(!('urn:ietf:params:jmap:core' in primary), 'RFC 8620 §2');
  assert.equal((await browser.fetch('/auth/session')).status, 200);
  await browser.until(
    () => subjects(browser),
    (found) => found.includes('first letter'),
  );
  assert.equal(imapLogins(), 0, 'Dovecot has nothing to complain about');
});

test('D1 D3 a session outlives the server and its keeper: 423, unlock with turned keys, and the mail is there', async () => {
  using folder = openFolder();
  let browser: Browser;
  {
    await using first = await openPostern(village, folder.path);
    browser = first.browser;
    assert.equal((await browser.signIn(alice.address, alice.password)).status, 200);
    await browser.until(
      () => subjects(browser),
      (found) => found.length > 0,
    );
  }
  await using second = await openPostern(village, folder.path, { POSTERN_KEEPER: 'child' });
  const again = browser.at(second.door.url);
  const stolen = browser.at(second.door.url);
  const api = () => again.post('/jmap/api', again.request([['Mailbox/get', {}]]));
  assert.deepEqual(await problemOf(await api()), [423, 'locked']);
  assert.deepEqual(await problemOf(await again.fetch('/auth/session')), [423, 'locked']);

  const before = again.jar.get('postern')?.value;
  assert.equal((await again.post('/auth/unlock')).status, 200);
  assert.notEqual(again.jar.get('postern')?.value, before, 'the token turned');
  assert.equal((await api()).status, 200);
  assert.ok((await subjects(again)).includes('first letter'), 'the index is still the same');

  // The other tab, which has not seen the new cookie yet, goes on for a while.
  assert.equal((await stolen.fetch('/auth/session')).status, 200);
  stolen.jar.set('postern-key', { value: Buffer.alloc(32).toString('base64url'), path: '/auth/unlock' });
  assert.deepEqual(await problemOf(await stolen.post('/auth/unlock')), [423, 'locked'], 'a wrong key opens nothing');
});

test('signing out ends the session and clears what the browser keeps', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const copy = browser.at(browser.url);
  assert.deepEqual(
    await problemOf(await browser.post('/auth/sign-out', undefined, { origin: 'https://evil.example' })),
    [403, 'forbidden-origin'],
  );
  const out = await browser.post('/auth/sign-out');
  assert.equal(out.status, 204);
  assert.match(out.headers.get('clear-site-data') ?? '', /storage/);
  assert.equal(browser.jar.has('postern'), false);
  assert.deepEqual(await problemOf(await copy.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.equal((await browser.post('/auth/sign-out')).status, 204, 'twice is no error');
});

test('D15 D16 D63 a locked session opens with the password only, and others of the user are not locked', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  const other = new Browser(browser.url);
  await browser.signIn(alice.address, alice.password);
  await other.signIn(alice.address, alice.password);
  const thief = browser.at(browser.url);
  assert.equal((await browser.post('/auth/lock')).status, 204);
  assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [423, 'locked']);
  assert.equal((await other.fetch('/auth/session')).status, 200);
  for (const each of [browser, thief]) {
    const answer = await each.post('/auth/unlock');
    assert.equal(((await answer.json()) as { ask?: boolean }).ask, true);
  }
  assert.deepEqual(await problemOf(await browser.post('/auth/unlock', { password: 'wrong' })), [401, 'wrong-password']);
  assert.equal((await browser.post('/auth/unlock', { password: alice.password })).status, 200);
  assert.equal((await browser.fetch('/auth/session')).status, 200);
});

test('D17 an API token opens the user by itself, also after a restart; one that only reads changes nothing', async () => {
  using folder = openFolder();
  let token = '';
  let readOnly = '';
  let account = '';
  {
    await using first = await openPostern(village, folder.path);
    const { browser } = first;
    await browser.signIn(alice.address, alice.password);
    account = browser.account;
    const made = await browser.post('/auth/tokens', { name: 'script', expires: '2099-01-01T00:00:00Z' });
    assert.equal(made.status, 201);
    token = ((await made.json()) as { token: string }).token;
    const reader = await browser.post('/auth/tokens', { name: 'reader', readOnly: true });
    readOnly = ((await reader.json()) as { token: string }).token;
    assert.deepEqual(await problemOf(await browser.post('/auth/tokens', { name: '' })), [400, 'malformed']);
    assert.deepEqual(
      await problemOf(await browser.post('/auth/tokens', { name: 'x', expires: '2020-01-01T00:00:00Z' })),
      [400, 'malformed'],
    );
  }
  await using second = await openPostern(village, folder.path);
  const script = new Browser(second.door.url);
  script.account = account;
  const bearer = { headers: { authorization: `Bearer ${token}` }, origin: null };
  const calls = script.request([['Mailbox/get', {}]]);
  assert.equal((await script.post('/jmap/api', calls, bearer)).status, 200, 'no Origin, no cookie, no unlock');
  const list = (await (await script.fetch('/auth/tokens', bearer)).json()) as {
    tokens: { id: string; lastUsedAt: string | null }[];
  };
  assert.equal(list.tokens.length, 2);
  assert.deepEqual(await problemOf(await script.post('/auth/tokens', { name: 'more' }, bearer)), [403, 'proof-needed']);

  const reading = { headers: { authorization: `Bearer ${readOnly}` }, origin: null };
  assert.equal((await script.post('/jmap/api', calls, reading)).status, 200);
  assert.deepEqual(await problemOf(await script.post('/auth/tokens', { name: 'more' }, reading)), [403, 'read-only']);

  assert.equal((await script.fetch(`/auth/tokens/${list.tokens[0]!.id}`, { method: 'DELETE', ...bearer })).status, 204);
  assert.deepEqual(await problemOf(await script.post('/jmap/api', calls, bearer)), [401, 'unauthenticated']);
  assert.deepEqual(
    await problemOf(await script.post('/jmap/api', calls, { headers: { authorization: 'Bearer nonsense' } })),
    [401, 'unauthenticated'],
  );
});

test('D12 D24 new mail is told on the event stream; a client that knows the states is told nothing', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  await browser.until(
    () => subjects(browser),
    (found) => found.length > 0,
  );

  const stop = new AbortController();
  const stream = browser.events('/jmap/eventsource?types=Email,Mailbox&closeafter=no&ping=5', { signal: stop.signal });
  const first = (await stream.next()).value;
  assert.equal(first?.event, 'state');
  assert.ok(first?.id);
  await village.deliver(alice.address, letter('news comes by itself'));
  let told = false;
  for await (const { event, data } of stream) {
    if (
      event === 'state' &&
      'Email' in (JSON.parse(data) as { changed: Record<string, object> }).changed[browser.account]!
    ) {
      told = (await subjects(browser)).includes('news comes by itself');
      if (told) break;
    }
  }
  assert.ok(told);
  stop.abort();

  const waiting = browser.events('/jmap/eventsource?types=Email&closeafter=state&ping=0');
  const next = waiting.next();
  await village.deliver(alice.address, letter('one more'));
  assert.equal((await next).value?.event, 'state');
  assert.equal((await waiting.next()).done, true, 'closed after one state');
  for (const wrong of ['closeafter=maybe', 'ping=often'])
    assert.deepEqual(await problemOf(await browser.fetch(`/jmap/eventsource?${wrong}`)), [400, 'malformed']);
});

test('D6 D21 D22 what fails at the mail server is told apart, and no password is sent where it must not be', async () => {
  const servers: Server[] = [];
  const listen = async (server: Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await new Promise((resolve) => server.once('listening', resolve));
    return (server.address() as AddressInfo).port;
  };
  let heard = '';
  const web = await listen(
    createServer((socket) =>
      socket
        .on('error', () => undefined)
        .on('data', (data) => (heard += data.toString()))
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ),
  );
  const gone = await listen(createServer());
  await new Promise((resolve) => servers.at(-1)?.close(resolve));
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path, { POSTERN_PRIVATE_SERVERS: '127.0.0.1,localhost' });
  const { browser } = postern;
  const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' };
  const with_ = (imap: object, password = alice.password) =>
    browser.signIn(alice.address, password, {
      imap: { host: '127.0.0.1', port: village.imapPort, security: 'none', ...imap },
      smtp,
    });
  const outcome = async (imap: object, password?: string) => problemOf(await with_(imap, password));
  try {
    assert.deepEqual(await outcome({}, 'not it'), [401, 'wrong-password']);
    assert.deepEqual(await outcome({ port: gone }), [502, 'server-unreachable']);
    assert.deepEqual(await outcome({ port: web }), [422, 'not-imap']);
    assert.deepEqual(await outcome({ port: web, security: 'tls' }), [422, 'no-tls']);
    assert.deepEqual(await outcome({ host: '127.0.0.2', security: 'tls' }), [422, 'host-not-allowed']);
    assert.deepEqual(await outcome({ host: 'imap.village.test', port: 143, security: 'none' }), [422, 'no-tls']);
    assert.equal(
      (await with_({ port: village.imapsPort, security: 'tls' })).status,
      200,
      'the extra authority is trusted',
    );
    assert.ok(!heard.includes(alice.password));
    assert.deepEqual(await problemOf(await browser.signIn('nobody', 'x')), [400, 'malformed']);
    assert.deepEqual(await problemOf(await browser.signIn(alice.address, '')), [400, 'malformed']);
    assert.deepEqual(await problemOf(await browser.signIn('a@proton.me', 'x')), [422, 'discovery-failed']);
    assert.deepEqual(
      await problemOf(
        await browser.post(
          '/auth/sign-in',
          { address: alice.address, password: 'x' },
          { origin: 'https://evil.example' },
        ),
      ),
      [403, 'forbidden-origin'],
    );
  } finally {
    for (const server of servers) server.close();
  }
});

test('D21 a certificate nobody vouches for is told with its facts, and can be pinned after comparing', async () => {
  using folder = openFolder();
  await using postern = await openPostern({ ...village, authority: null }, folder.path);
  const { browser } = postern;
  const imap = { host: '127.0.0.1', port: village.imapsPort, security: 'tls' };
  const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' };
  const answer = await browser.signIn(alice.address, alice.password, { imap, smtp });
  assert.equal(answer.status, 422);
  const problem = (await answer.json()) as {
    type: string;
    detail: string;
    certificate: { fingerprint: string; reason: string };
  };
  assert.match(problem.type, /bad-certificate$/);
  assert.match(problem.detail, /Your password was not sent\./);
  assert.match(problem.certificate.fingerprint, /^[0-9a-f]{64}$/);
  const pin = problem.certificate.fingerprint;
  assert.equal((await browser.signIn(alice.address, alice.password, { imap: { ...imap, pin }, smtp })).status, 200);
  assert.deepEqual(
    await problemOf(
      await browser.signIn(alice.address, alice.password, { imap: { ...imap, pin: '0'.repeat(64) }, smtp }),
    ),
    [422, 'bad-certificate'],
  );
});

test('D5 many wrong passwords are slowed down, but a browser that was here before gets in', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const owner = postern.browser;
  assert.equal((await owner.signIn(alice.address, alice.password)).status, 200);
  const stranger = new Browser(owner.url);
  const imap = { host: '127.0.0.1', port: village.imapPort, security: 'none' };
  let last: Response;
  let tries = 0;
  do {
    last = await stranger.signIn(alice.address, `guess ${tries}`, { imap, smtp: imap });
    tries += 1;
  } while (last.status === 401 && tries < 20);
  assert.equal(last.status, 429);
  assert.ok(Number(last.headers.get('retry-after')) > 0);
  assert.equal((await owner.signIn(alice.address, alice.password)).status, 200);
});

test('D20 a password changed at the server: told, and the one before opens what was kept', async () => {
  const carla = { address: 'carla@village.test', password: 'before' };
  await using old = await openDovecot({ users: [carla] });
  using folder = openFolder();
  await using postern = await openPostern(old, folder.path);
  const { browser } = postern;
  assert.equal((await browser.signIn(carla.address, carla.password)).status, 200);
  const id = browser.account;
  await old.dovecot[Symbol.asyncDispose]();
  const mail = mkdtempSync('/tmp/postern-carla-');
  chmodSync(mail, 0o755);
  await using changed = await startDovecot({ users: [{ ...carla, password: 'after' }], mail, imapPort: old.imapPort });
  after(() => rmSync(mail, { recursive: true, force: true }));
  assert.ok(changed.imapPort);
  const fresh = new Browser(browser.url);
  const answer = await fresh.signIn(carla.address, 'after');
  assert.equal(answer.status, 409);
  assert.deepEqual(((await answer.json()) as { choices: string[] }).choices, ['previous-password', 'start-afresh']);
  assert.deepEqual(await problemOf(await fresh.signIn(carla.address, 'after', { previousPassword: 'nonsense' })), [
    409,
    'slot-does-not-open',
  ]);
  assert.equal((await fresh.signIn(carla.address, 'after', { previousPassword: 'before' })).status, 200);
  assert.equal(fresh.account, id, 'the same account as before');
  assert.equal((await fresh.signIn(carla.address, 'after')).status, 200, 'the slot was made anew');
});

test('D18 whoever wants nothing kept leaves nothing', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, store } = postern;
  const answer = await browser.signIn(alice.address, alice.password, { leaveNothing: true });
  const { user } = (await answer.json()) as { user: { id: string } };
  assert.ok(await store.user(user.id as never));
  assert.equal((await browser.post('/auth/sign-out')).status, 204);
  assert.equal(await store.user(user.id as never), null);
});

test('D26 D27 D89 too much is refused before it is read, and cut off when it grows; what is kept by whom', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const upload = `/jmap/upload/${browser.account}`;
  const raw = (head: string, chunk: Buffer | null) =>
    new Promise<string>((resolve, reject) => {
      const { port, host } = new URL(browser.url);
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST ${upload} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${browser.url}\r\nCookie: ${browser.cookies('/')}\r\n${head}\r\n\r\n`,
        );
        let left = chunk ? 60 : 0;
        const pump = (): void => {
          for (; chunk && left > 0 && !socket.destroyed; left -= 1) if (!socket.write(chunk)) break;
          if (left > 0 && !socket.destroyed) socket.once('drain', pump);
        };
        pump();
      });
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.on('error', (error) => reject(error));
    });
  assert.match(await raw('Content-Length: 999999999999', null), /^HTTP\/1\.1 413/);
  const chunk = Buffer.concat([Buffer.from('f4240\r\n'), Buffer.alloc(1_000_000), Buffer.from('\r\n')]);
  assert.match(await raw('Transfer-Encoding: chunked', chunk), /^HTTP\/1\.1 413/);
  const small = await browser.fetch(upload, {
    method: 'POST',
    body: 'hello',
    headers: { 'content-type': 'text/plain' },
  });
  const { blobId, size } = (await small.json()) as { blobId: string; size: number };
  assert.equal(size, 5);
  const back = await browser.fetch(
    `/jmap/download/${browser.account}/${blobId}/${encodeURIComponent('grüße "x".txt')}?accept=text/plain`,
  );
  assert.equal(await back.text(), 'hello');
  assert.match(
    back.headers.get('content-disposition') ?? '',
    /^attachment; filename="gr__e _x_\.txt"; filename\*=UTF-8''gr%C3%BC%C3%9Fe%20%22x%22\.txt$/,
  );
  assert.match(back.headers.get('content-security-policy') ?? '', /^sandbox/);
  assert.equal(back.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(back.headers.get('cache-control'), 'private, no-store');
  const { token } = (await (await browser.post('/auth/tokens', { name: 'program' })).json()) as { token: string };
  const program = await new Browser(browser.url).fetch(`/jmap/download/${browser.account}/${blobId}/x`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(program.headers.get('cache-control'), 'private, max-age=31536000, immutable');
  const nameless = await browser.fetch(`/jmap/download/${browser.account}/${blobId}/?accept=`);
  assert.equal(await nameless.text(), 'hello');
  assert.match(nameless.headers.get('content-disposition') ?? '', /^attachment; filename="file"/);
  assert.deepEqual(await problemOf(await browser.fetch(`/jmap/download/${browser.account}/Unone/x`)), [
    404,
    'not-found',
  ]);
});

test('D22 servers are looked for in steps', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  const found = (await (
    await browser.post('/auth/discover', { address: alice.address }, { headers: { accept: 'application/json' } })
  ).json()) as { steps: { step: string }[] };
  assert.equal(found.steps.at(-1)?.step, 'result');
  const steps: string[] = [];
  const init = {
    method: 'POST',
    body: JSON.stringify({ address: alice.address }),
    headers: { 'content-type': 'application/json' },
  };
  for await (const { event, data } of browser.events('/auth/discover', init)) {
    assert.equal(event, 'step');
    steps.push((JSON.parse(data) as { step: string }).step);
  }
  assert.deepEqual(steps, ['settings', 'incoming', 'outgoing', 'result']);
});

test('D25 a keeper that dies costs one unlock, which nobody notices', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path, { POSTERN_KEEPER: 'child' });
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  await browser.until(
    () => subjects(browser),
    (found) => found.length > 0,
    60_000,
  );
  const pid = postern.keeperPid;
  assert.ok(pid);
  process.kill(pid, 'SIGKILL');
  const told = new Set<number>();
  // A new keeper starts in a second, or in many on a machine that is busy. Nobody is asked for anything meanwhile.
  await browser.until(
    async () => {
      const { status } = await browser.post('/auth/unlock');
      return told.add(status) && status;
    },
    (status) => status === 200,
    60_000,
  );
  assert.deepEqual(
    [...told].filter((status) => ![200, 503].includes(status)),
    [],
  );
  assert.notEqual(postern.keeperPid, pid);
  await village.deliver(alice.address, letter('after the keeper'));
  await browser.until(
    () => subjects(browser),
    (found) => found.includes('after the keeper'),
    60_000,
  );
});

test('D14 the browser’s sealed form signs in; a box for another login does not', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path, { POSTERN_JSON_SIGN_IN: '0' });
  const { browser } = postern;
  assert.deepEqual(await problemOf(await browser.signIn(alice.address, alice.password)), [415, 'unsupported-type']);
  const { key } = (await (await browser.fetch('/auth/key')).json()) as { key: string };
  const publicKey = readKey(key)!;
  const send = (body: Uint8Array) =>
    browser.fetch('/auth/sign-in', {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'content-type': 'application/octet-stream' },
    });
  const sealed = (address: string, password: string) => sealSignIn({ address, password }, publicKey);
  assert.deepEqual(await problemOf(await send(sealed(alice.address, 'wrong'))), [401, 'wrong-password']);
  assert.equal((await send(sealed(alice.address, alice.password))).status, 200);
  const swapped = Buffer.from(sealed(alice.address, alice.password));
  swapped.set(Buffer.from('bobby'), swapped.indexOf('alice'));
  assert.deepEqual(await problemOf(await send(swapped)), [409, 'key-outdated']);
});
