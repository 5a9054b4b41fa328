import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { RoomError } from '#mailroom/errors.ts';
import { openLinks } from '#mailroom/links.ts';
import type { Mailrooms } from '#mailroom/mailrooms.ts';
import { Tide } from '#base/tide.ts';
import { openStore } from '#store/open.ts';
import { StoreError } from '#store/errors.ts';
import type { Store } from '#store/types.ts';
import { VaultError } from '#vault/errors.ts';
import type { Keeper, Opened, SessionRow, UserId } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import { openDoorApp } from './app.ts';

/** A clock that stands still until it is moved. */
class Standing implements Clock {
  #now = 1_800_000_000_000;
  readonly #timers = new Set<{ at: number; task: () => void }>();
  now = (): number => this.#now;
  after = (ms: number, task: () => void): (() => void) => {
    const timer = { at: this.#now + ms, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };
  move(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = end;
  }
}

/** A keeper that trusts everybody: the key of a session is the last 32 bytes of what it sealed. */
const easyKeeper = (open: Set<UserId>): Keeper => {
  const make = (row: Pick<SessionRow, 'id' | 'user' | 'generation'>) => {
    const [token, unlockKey] = [randomBytes(32), randomBytes(32)];
    return {
      session: { ...row, tokenHash: hashToken(token), sealed: Buffer.from(unlockKey) },
      secrets: { token, unlockKey },
    };
  };
  return {
    publicKey: async () => Buffer.alloc(32, 7),
    admit: async (_target: unknown, secret: { bytes: Buffer }) => {
      if (secret.bytes.toString() !== 'right')
        throw new VaultError('auth/refused', 'no', { words: 'Authentication failed.' });
      return { handle: 'h', capabilities: [], greeting: '', certificate: null };
    },
    enroll: async (wish: Parameters<Keeper['enroll']>[0]): Promise<Opened> => {
      open.add(wish.user);
      const slot = {
        id: wish.slot,
        user: wish.user,
        kind: 'mail-password',
        account: wish.account,
        generation: 1,
        sealed: Buffer.alloc(4),
      } as const;
      return {
        slots: [slot],
        keys: { publicKey: Buffer.alloc(32), sealed: Buffer.alloc(8) },
        credentials: [],
        totpStep: null,
        ...make({ id: wish.session, user: wish.user, generation: 1 }),
      };
    },
    enter: async (wish: Parameters<Keeper['enter']>[0]): Promise<Opened> => {
      open.add(wish.slot.user);
      return {
        slots: [],
        keys: null,
        credentials: [],
        totpStep: null,
        ...make({ id: wish.session, user: wish.slot.user, generation: 1 }),
      };
    },
    unlock: async (row: SessionRow, _keys: unknown, key: Buffer) => {
      if (!key.equals(row.sealed)) throw new VaultError('session/does-not-open', 'no');
      open.add(row.user);
    },
    rotate: async (row: SessionRow) => make({ id: row.id, user: row.user, generation: row.generation + 1 }),
    isOpen: async (user: UserId) => open.has(user),
    forget: async (user: UserId) => void open.delete(user),
  } as Partial<Record<keyof Keeper, unknown>> as Keeper;
};

interface Options {
  env?: Record<string, string>;
  store?: Partial<Store>;
  dist?: string;
  tide?: Tide;
  /** States are told after this. */
  states?: Promise<void>;
}

const openApp = async (options: Options = {}) => {
  const clock = new Standing();
  const env = readEnv({ POSTERN_PRIVATE_SERVERS: '127.0.0.1', POSTERN_SESSION_IDLE: '30m', ...options.env });
  const real = await openStore(':memory:', { mode: 'direct', clock });
  const store = new Proxy(real, {
    get: (target, key) => Reflect.get(options.store ?? {}, key) ?? (Reflect.get(target, key) as unknown),
  });
  const open = new Set<UserId>();
  const asked: string[] = [];
  const mailrooms = {
    ask: async (op: string, who: { user: UserId }) => {
      asked.push(op);
      if (op !== 'close' && !open.has(who.user)) throw new RoomError('room/locked', 'locked');
      if (op === 'states') {
        await options.states;
        return { A1: { Email: 'e-1' } };
      }
      if (op !== 'api') return null;
      return { status: 200, type: 'application/json', body: Buffer.from('{}'), level: options.tide?.level ?? null };
    },
    onChange: () => () => undefined,
    onLocked: () => () => undefined,
    onEnded: () => () => undefined,
    onAccounts: () => () => undefined,
    tide: () => options.tide ?? null,
    census: () => ({ rooms: 1, users: 1, accounts: 1 }),
  } as Partial<Record<keyof Mailrooms, unknown>> as Mailrooms;
  const app = openDoorApp({
    config: toConfig(env),
    secrets: toSecrets(env),
    store,
    keeper: easyKeeper(open),
    mailrooms,
    issuers: [],
    // eslint-disable-next-line require-yield
    discover: async function* () {
      throw new Error('not asked');
    },
    links: openLinks(Buffer.alloc(32)),
    clock,
    log: silent,
    dist: options.dist ?? '/nowhere',
  });
  const jar = new Map<string, string>();
  const fetch = async (
    path: string,
    init: RequestInit & { host?: string; from?: string; jar?: Map<string, string> } = {},
  ) => {
    const mine = init.jar ?? jar;
    const url = `http://${init.host ?? 'localhost:8080'}`;
    const headers = new Headers({
      host: init.host ?? 'localhost:8080',
      cookie: [...mine].map((pair) => pair.join('=')).join('; '),
    });
    if (init.method === 'POST') headers.set('origin', url);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    const answer = await app.fetch(new Request(`${url}${path}`, { ...init, headers }), {
      remoteAddress: init.from ?? '127.0.0.1',
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split('; ')[0]?.split('=') ?? [];
      if (line.includes('Max-Age=0')) mine.delete(name);
      else mine.set(name, value);
    }
    return answer;
  };
  const post = (path: string, body?: unknown, init: Parameters<typeof fetch>[1] = {}) =>
    fetch(path, {
      method: 'POST',
      ...init,
      ...(body === undefined
        ? {}
        : {
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
          }),
    });
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  const signIn = (password = 'right', init: Parameters<typeof fetch>[1] = {}) =>
    post('/auth/sign-in', { address: 'ada@x.example', password, imap: server, smtp: server }, init);
  return {
    app,
    clock,
    store,
    open,
    asked,
    jar,
    fetch,
    post,
    signIn,
    [Symbol.asyncDispose]: async () => (app[Symbol.dispose](), real[Symbol.asyncDispose]()),
  };
};

const typeOf = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { type: string }).type.split(':').at(-1)}`;

test('D1 a former token, used when the new one has arrived, ends the session for both', async () => {
  await using door = await openApp();
  await door.signIn();
  const thief = new Map(door.jar);
  assert.equal((await door.post('/auth/unlock')).status, 200, 'keys turn');
  assert.equal((await door.fetch('/auth/session')).status, 200, 'the new token has arrived');
  assert.equal((await door.fetch('/auth/session', { jar: thief })).status, 200, 'a tab beside may lag a minute');
  door.clock.move(61_000);
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
  door.clock.move(3_600_000);
  assert.equal((await door.post('/auth/unlock', undefined, { jar: lost })).status, 200);
  assert.equal((await door.fetch('/auth/session', { jar: lost })).status, 200);
});

test('D3 whoever is away for the idle time is let go, and comes back by the cookie alone', async () => {
  await using door = await openApp();
  await door.signIn();
  assert.equal(door.open.size, 1);
  door.clock.move(31 * 60_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(door.open.size, 0);
  assert.ok(door.asked.includes('close'));
  assert.equal(await typeOf(await door.post('/jmap/api', {})), '423 locked');
  assert.equal((await door.post('/auth/unlock')).status, 200);
  assert.equal((await door.post('/jmap/api', {})).status, 200);
});

test('D4 a session lives 24 hours, a remembered one 30 days', async () => {
  await using door = await openApp();
  await door.signIn();
  door.clock.move(24 * 3_600_000);
  assert.equal(await typeOf(await door.fetch('/auth/session')), '401 unauthenticated');
});

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
  door.clock.move(31_000);
  assert.equal((await door.signIn('right', { jar: new Map() })).status, 200);
});

test('D6 the words of a refusal name the server and what it said', async () => {
  await using door = await openApp();
  const problem = (await (await door.signIn('wrong')).json()) as Record<string, unknown>;
  assert.equal(problem['title'], '127.0.0.1 did not accept this password.');
  assert.equal(problem['words'], 'Authentication failed.');
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
  const bare = async (path: string, body: unknown) => {
    const request = new Request(`http://localhost:8080${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', cookie: [...door.jar].map((pair) => pair.join('=')).join('; ') },
    });
    return door.app.fetch(request, { remoteAddress: '127.0.0.1' });
  };
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  assert.equal(
    (await bare('/auth/sign-in', { address: 'ada@x.example', password: 'right', imap: server, smtp: server })).status,
    200,
  );
  await door.signIn();
  assert.equal(await typeOf(await bare('/jmap/api', {})), '403 forbidden-origin');
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
  door.clock.move(2_000);
  assert.deepEqual([await ask(), await ask()], [true, false], 'somebody still looks');
  assert.equal((await door.post('/auth/lock')).status, 204);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 })), '423 locked');
  assert.equal(await ask(other), true, 'the mailroom hears of this one too');
  assert.equal((await door.post('/auth/sign-out', undefined, { jar: new Map(other) })).status, 204);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 }, { jar: other })), '401 unauthenticated');
  await door.signIn('right', { jar: other });
  assert.deepEqual([await ask(other), await ask(other), await ask(other)], [true, true, false], 'a new session');
  door.clock.move(31 * 60_000);
  assert.equal(await typeOf(await door.post('/jmap/api', { list: 1 }, { jar: other })), '423 locked');
  assert.equal((await door.post('/auth/unlock', undefined, { jar: other })).status, 200);
  assert.equal(await ask(other), true, 'nothing is left of before');
});
