import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { UserId } from '#vault/keeper.ts';
import { openWorld } from '#world';
import {
  accountsOf,
  addAccount,
  alice,
  carla,
  dora,
  openBefore,
  openProviders,
  patch,
  type Providers,
} from './accounts-world.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder } from './postern.ts';
import { sendLater } from './send-later.ts';

let providers: Providers;
before(async () => {
  providers = await openProviders();
});
after(() => providers[Symbol.asyncDispose]());

const isOpen = async (world: { keeper: { isOpen(user: UserId): Promise<boolean> } }, user: UserId): Promise<boolean> =>
  world.keeper.isOpen(user);

test('V110 sealed: with the last session the keys go, and what falls due waits for the next visit', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser, store } = postern;
  await browser.signIn(alice.address, alice.password);
  const user = (await store.users())[0]!.id;
  const taken = providers.village.taken;
  const id = await sendLater(browser, browser.account, alice.address, alice.address, 2);
  assert.equal((await browser.post('/auth/sign-out')).status, 204);
  await browser.until(
    () => isOpen(postern, user),
    (open) => !open,
  );
  const due = (await store.submission(id))!.sendAt;
  await browser.until(
    async () => Date.now(),
    (now) => now > due + 500,
  );
  assert.deepEqual([(await store.submission(id))?.state, providers.village.taken], ['held', taken]);
  const again = new Browser(browser.url);
  await again.signIn(alice.address, alice.password);
  await again.until(
    async () => (await store.submission(id))?.state,
    (state) => state === 'filed',
  );
  assert.equal(providers.village.taken, taken + 1);
});

test('V111 V112 resident: what falls due goes out while nobody is there, of that account alone; a restart ends it', async () => {
  using folder = openFolder();
  let letter: string;
  let user: UserId;
  {
    await using postern = await openBefore(providers, folder.path);
    const { browser, store, keeper } = postern;
    await browser.signIn(alice.address, alice.password);
    user = (await store.users())[0]!.id;
    const other = await addAccount(browser, carla);
    const chosen = await patch(browser, browser.account, { away: 'resident' });
    assert.deepEqual([chosen.status, ((await chosen.json()) as AccountFacts).away], [200, 'resident']);
    const [resident, sealed] = await store.accounts(user);
    const taken = [providers.village.taken, providers.hill.taken];
    const mine = await sendLater(browser, browser.account, alice.address, alice.address, 3);
    const theirs = await sendLater(browser, other.id, carla.address, dora.address, 3);
    assert.equal((await browser.post('/auth/sign-out')).status, 204);
    await browser.until(
      async () => postern.mailrooms.census().accounts,
      (accounts) => accounts === 1,
    );
    assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [401, 'unauthenticated']);
    await browser.until(
      async () => (await store.submission(mine))?.state,
      (state) => state === 'filed',
    );
    assert.equal(await keeper.isOpen(user), true);
    assert.equal((await store.submission(theirs))?.state, 'held', 'a sealed account of the same user stays sealed');
    assert.deepEqual([providers.village.taken, providers.hill.taken], [taken[0]! + 1, taken[1]]);
    const [key] = await store.records(user, sealed!.id, 'index-key');
    const binding = {
      purpose: 'index-key',
      user,
      account: sealed!.id,
      row: key!.id,
      generation: key!.generation,
    } as const;
    await assert.rejects(keeper.openKey(binding, key!.wrapped), { code: 'user/locked' });
    assert.equal(resident!.away, 'resident');
    // Whoever comes back finds both, and what waited goes.
    const again = new Browser(browser.url);
    await again.signIn(alice.address, alice.password);
    await again.until(
      async () => (await store.submission(theirs))?.state,
      (state) => state === 'filed',
    );
    assert.equal(providers.hill.taken, taken[1]! + 1);
    letter = await sendLater(again, again.account, alice.address, alice.address, 4);
    await again.post('/auth/sign-out');
  }
  const taken = providers.village.taken;
  await using restarted = await openBefore(providers, folder.path);
  const due = (await restarted.store.submission(letter))!.sendAt;
  assert.equal(await restarted.keeper.isOpen(user), false, 'nothing of it was on the disk');
  await restarted.browser.until(
    async () => Date.now(),
    (now) => now > due + 500,
  );
  assert.deepEqual([(await restarted.store.submission(letter))?.state, providers.village.taken], ['held', taken]);
});

test('V111 V113 resident ends at the hour that was set, and when the operator locks the user', async () => {
  using folder = openFolder();
  let ahead = 0;
  const clock = {
    now: () => Date.now() + ahead,
    after: (ms: number, task: () => void) => {
      const end = clock.now() + ms;
      const timer = setInterval(() => {
        if (clock.now() < end) return;
        clearInterval(timer);
        task();
      }, 20);
      return () => clearInterval(timer);
    },
  };
  const env = readEnv({
    POSTERN_DATA: folder.path,
    POSTERN_PORT: '0',
    POSTERN_LOG: 'error',
    POSTERN_MAILROOMS: '1',
    POSTERN_KEEPER: 'inside',
    POSTERN_PRIVATE_SERVERS: '127.0.0.1',
    POSTERN_DOMAINS: providers.domains,
  });
  await using world = await openWorld(toConfig(env), toSecrets(env), { clock });
  const browser = new Browser(world.door.url);
  await browser.signIn(alice.address, alice.password);
  const user = (await world.store.users())[0]!.id;
  const until = new Date(clock.now() + 3_600_000).toISOString();
  const refused = await patch(browser, browser.account, { awayUntil: until });
  assert.deepEqual(await problemOf(refused), [400, 'malformed'], 'an hour belongs to resident');
  const past = await patch(browser, browser.account, { away: 'resident', awayUntil: '2020-01-01T00:00:00Z' });
  assert.deepEqual(await problemOf(past), [400, 'malformed']);
  assert.equal((await patch(browser, browser.account, { away: 'resident', awayUntil: until })).status, 200);
  assert.equal((await accountsOf(browser))[0]?.awayUntil, until);
  await browser.post('/auth/sign-out');
  ahead += 3_500_000;
  await browser.until(
    async () => world.mailrooms.census().accounts,
    (accounts) => accounts === 1,
  );
  assert.equal(await world.keeper.isOpen(user), true);
  ahead += 200_000;
  await browser.until(
    () => world.keeper.isOpen(user),
    (open) => !open,
  );
  assert.equal(world.mailrooms.census().accounts, 0);

  const again = new Browser(world.door.url);
  await again.signIn(alice.address, alice.password);
  assert.equal((await patch(again, again.account, { away: 'resident', awayUntil: null })).status, 200);
  await again.post('/auth/sign-out');
  await again.until(
    async () => world.mailrooms.census().accounts,
    (accounts) => accounts === 1,
  );
  await world.store.setLocked(user, clock.now());
  const oneMinuteOn = (): Promise<boolean> => {
    ahead += 61_000;
    return world.keeper.isOpen(user);
  };
  await again.until(oneMinuteOn, (open) => !open);
});

/** A submission server that can hold letters (RFC 4865). */
const openHolding = async (): Promise<{ port: number; said: string[]; server: Server } & AsyncDisposable> => {
  const said: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let inData = false;
    let rest = '';
    socket.write('220 holding ESMTP\r\n');
    socket.on('data', (chunk) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (inData && line !== '.') continue;
        if (!inData) said.push(line);
        if (inData) {
          inData = false;
          socket.write('250 2.0.0 held\r\n');
        } else if (line.startsWith('EHLO'))
          socket.write('250-holding\r\n250-AUTH PLAIN\r\n250 FUTURERELEASE 86400 2036-01-01T00:00:00Z\r\n');
        else if (line.startsWith('AUTH')) socket.write('235 2.7.0 in\r\n');
        else if (line === 'DATA') {
          inData = true;
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 2.1.0 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    said,
    server,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};

test('V114 ticket: the server that can hold letters gets them when the user leaves; no credential stays behind', async () => {
  using folder = openFolder();
  await using holding = await openHolding();
  await using postern = await openBefore(providers, folder.path);
  const { browser, store } = postern;
  await browser.signIn(alice.address, alice.password);
  const server = (port: number) => ({ host: '127.0.0.1', port, security: 'none' });
  const added = await addAccount(browser, {
    ...carla,
    imap: server(providers.hill.imapPort),
    smtp: server(holding.port),
  });
  const choice = (facts: AccountFacts | undefined) => facts?.awayChoices.find(({ away }) => away === 'ticket');
  // What the server can do is known once it has been asked, and said as it is.
  assert.deepEqual([choice(added)?.possible, choice(added)?.why], [false, 'unknown']);
  assert.deepEqual(await problemOf(await patch(browser, added.id, { away: 'ticket' })), [400, 'malformed']);
  assert.equal((await browser.post(`/auth/accounts/${added.id}/check`, {})).status, 200);
  assert.equal((await browser.post(`/auth/accounts/${browser.account}/check`, {})).status, 200);
  const [first, second] = await browser.until(
    () => accountsOf(browser),
    ([one, two]) => choice(one)?.why !== 'unknown' && choice(two)?.why !== 'unknown',
  );
  assert.deepEqual([choice(first)?.possible, choice(first)?.why], [false, 'not-offered']);
  assert.deepEqual(
    [choice(second)?.possible, choice(second)?.by, choice(second)?.longest],
    [true, 'server-hold', 86_400],
  );
  assert.equal((await patch(browser, added.id, { away: 'ticket' })).status, 200);
  const user = (await store.users())[0]!.id;
  const letter = await sendLater(browser, added.id, carla.address, dora.address, 3_600);
  holding.said.length = 0;
  await browser.post('/auth/sign-out');
  await browser.until(
    () => isOpen(postern, user),
    (open) => !open,
  );
  assert.equal((await store.submission(letter))?.state, 'filed');
  const from = holding.said.find((line) => line.startsWith('MAIL FROM'));
  const seconds = Number(/HOLDFOR=(\d+)$/.exec(from ?? '')?.[1]);
  assert.ok(seconds > 3_500 && seconds <= 3_600, from);
  assert.equal(holding.said.filter((line) => line.startsWith('AUTH')).length, 1);
  for (const file of ['postern.db', 'postern.db-wal'])
    assert.equal(readFileSync(join(folder.path, file)).includes(carla.password), false);
});
