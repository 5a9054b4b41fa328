import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { UserId } from '#vault/keeper.ts';
import type { World } from '#world';
import { openDatabase } from '../../src/app-passwords/database.ts';
import { visit } from '../../src/app-passwords/dialogue.ts';
import { type AppPasswords } from '../../src/app-passwords/manager.ts';
import { severByCommand } from '../../src/app-passwords/sever.ts';
import type { AppPassword } from '../../src/app-passwords/types.ts';
import { accountsOf, patch } from '../e2e/accounts-world.ts';
import { Browser } from '../e2e/browser.ts';
import { openFolder, openPostern } from '../e2e/postern.ts';
import { sendLater } from '../e2e/send-later.ts';
import { openPlace, startInstance } from '../security/instance.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';
import { managerOf } from './manager.ts';

const { address, password } = mainUser;
const bob = 'bob@village.test';

interface Relay extends AsyncDisposable {
  port: number;
  /** Messages it took. */
  taken: string[];
  /** It has no room for the message. */
  full: boolean;
}

/** What stands behind Dovecot's submission. */
const openRelay = async (): Promise<Relay> => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    let text: string | null = null;
    let rest = '';
    socket.write('220 relay ESMTP\r\n');
    socket.on('data', (chunk) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (text !== null && line !== '.') text += `${line}\n`;
        else if (text !== null) {
          if (!relay.full) relay.taken.push(text);
          text = null;
          socket.write(relay.full ? '452 4.3.1 full\r\n' : '250 2.0.0 taken\r\n');
        } else if (line.startsWith('EHLO')) socket.write('250-relay\r\n250 8BITMIME\r\n');
        else if (line === 'DATA') {
          text = '';
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write('250 2.1.0 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  const relay: Relay = {
    port: typeof at === 'object' && at ? at.port : 0,
    taken: [],
    full: false,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return relay;
};

describe('a letter with an app password of its own', { skip: process.getuid?.() !== 0 }, () => {
  let server: TestServer;
  let place: TestDatabase;
  let relay: Relay;
  let dovecot: TestDovecot;
  let app: AppPasswords;
  let close: () => Promise<void>;

  before(async () => {
    server = await servers.sqlite();
    place = await server.database();
    relay = await openRelay();
    const boxes = ['Drafts', 'Sent'].map((name) => `mailbox ${name} {\nauto = create\nspecial_use = \\${name}\n}\n`);
    const more = `submission_relay_port = ${relay.port}
auth_debug = yes
auth_debug_passwords = yes
namespace inbox {
inbox = yes
separator = /
${boxes.join('')}}
`;
    dovecot = await openDovecot(place.dovecot, more);
    const database = openDatabase(place.url);
    close = async () => database[Symbol.asyncDispose]();
    app = managerOf(database, { sever: severByCommand(dovecot.doveadm) });
  });
  beforeEach(async () => {
    await app.revoke(address, 'all', 'operator');
    relay.taken.length = 0;
    relay.full = false;
  });
  after(async () => {
    await close?.();
    await dovecot?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const settings = (): Record<string, string> => ({
    POSTERN_APP_PASSWORDS_URL: place.url,
    POSTERN_APP_PASSWORDS_DOVEADM: dovecot.doveadm.join(' '),
    POSTERN_APP_PASSWORDS_SWAP: 'on',
    POSTERN_APP_PASSWORDS_SWAP_NETWORKS: '127.0.0.1',
  });
  const ports = () => ({ imapPort: dovecot.web, smtpPort: dovecot.submission });
  const start = (folder: string) => openPostern({ ...ports(), authority: null }, folder, settings());
  /** Living ones that are for submission alone. */
  const letters = async (): Promise<AppPassword[]> =>
    (await app.list(address)).filter(
      ({ origin, status, protocols }) =>
        origin === 'postern' && status.at === 'active' && protocols.join() === 'submission',
    );
  /** None lives, and Dovecot was told of each. */
  const allEnded = async (): Promise<boolean> =>
    (await app.list(address)).every(
      ({ status, protocols }) => protocols.join() !== 'submission' || status.at === 'revoked',
    );
  /** Passwords that Dovecot's submission was shown, the last one last. */
  const shown = (): string[] =>
    [...dovecot.log().matchAll(/client in: AUTH\s.*(?:service|protocol)=submission.*\bresp=(\S+)/g)].map(
      ([, resp]) =>
        Buffer.from(resp ?? '', 'base64')
          .toString('latin1')
          .split('\0')[2] ?? '',
    );

  /** Signs in, has letters wait with tickets, writes one, and leaves. */
  const leaveLetter = async (browser: Browser, seconds: number): Promise<string> => {
    await browser.signIn(address, password);
    const ticket = (await accountsOf(browser))[0]?.awayChoices.find(({ away }) => away === 'ticket');
    assert.deepEqual([ticket?.possible, ticket?.by], [true, 'app-password']);
    const chosen = await patch(browser, browser.account, { away: 'ticket' });
    assert.equal(((await chosen.json()) as AccountFacts).away, 'ticket');
    const id = await sendLater(browser, browser.account, address, bob, seconds);
    assert.deepEqual(await letters(), [], 'while the user is here there is none');
    assert.equal((await browser.post('/auth/sign-out')).status, 204);
    return id;
  };
  const locked = (world: World & { browser: Browser }, user: UserId): Promise<unknown> =>
    world.browser.until(
      () => world.keeper.isOpen(user),
      (open) => !open,
    );
  const past = (browser: Browser, time: number): Promise<unknown> =>
    browser.until(
      async () => Date.now(),
      (now) => now > time,
      30_000,
    );

  test('V116 A89 it goes out while nobody is there and nothing is unlocked; its password ends with it', async () => {
    using folder = openFolder();
    await using postern = await start(folder.path);
    const { browser, store } = postern;
    const id = await leaveLetter(browser, 5);
    const user = (await store.users())[0]!.id;
    await locked(postern, user);
    const { sendAt, state } = (await store.submission(id))!;
    const [own, ...others] = await letters();
    assert.deepEqual(
      [state, others, own?.program, own?.networks, own?.expires],
      ['held', [], 'postern', ['127.0.0.1/32'], sendAt + 600_000],
    );
    assert.deepEqual(relay.taken, []);

    await browser.until(allEnded, (ended) => ended, 30_000);
    assert.equal(await postern.keeper.isOpen(user), false);
    assert.equal((await store.submission(id))?.state, 'sent', 'the copy in Sent is for the next visit');
    assert.equal(relay.taken.length, 1);
    assert.match(relay.taken[0] ?? '', /while away/);
    const target = { protocol: 'submission', host: '127.0.0.1', port: dovecot.submission, security: 'none' } as const;
    const used = shown().at(-1) ?? '';
    assert.ok(used.includes(own?.id ?? '-'), 'it was sent with its own password');
    const { outcome, leave } = await visit(target, address, Buffer.from(used));
    leave();
    assert.equal(outcome, 'refused');

    const again = new Browser(browser.url);
    await again.signIn(address, password);
    await again.until(
      async () => (await store.submission(id))?.state,
      (now) => now === 'filed',
      30_000,
    );
    const [got] = await again.jmap([['EmailSubmission/get', { ids: [id] }]]);
    const [said] = (got?.['list'] ?? []) as { deliveryStatus: Record<string, { smtpReply: string }> }[];
    assert.match(said?.deliveryStatus[bob]?.smtpReply ?? '', /^250 2\.0\.0/, 'what the server said is known');
    assert.equal(relay.taken.length, 1, 'never a second time');
  });

  test('V117 whoever comes back has the letter in the outbox again, and its password is revoked', async () => {
    using folder = openFolder();
    await using postern = await start(folder.path);
    const { browser, store } = postern;
    const id = await leaveLetter(browser, 3_600);
    await locked(postern, (await store.users())[0]!.id);
    assert.equal((await letters()).length, 1);
    const again = new Browser(browser.url);
    await again.signIn(address, password);
    await again.until(letters, (all) => all.length === 0, 30_000);
    const undo = { update: { [id]: { undoStatus: 'canceled' } } };
    await again.until(
      async () => (await again.jmap([['EmailSubmission/set', undo]]))[0]?.['updated'] ?? null,
      (updated) => updated !== null,
    );
    assert.equal((await store.submission(id))?.state, 'canceled');
    assert.equal(relay.taken.length, 0);
  });

  test('V117 a restart in order: no password lives on, the letter waits for the next visit and goes once', async () => {
    using folder = openFolder();
    let id: string;
    {
      await using postern = await start(folder.path);
      id = await leaveLetter(postern.browser, 6);
      await locked(postern, (await postern.store.users())[0]!.id);
      assert.equal((await letters()).length, 1);
    }
    assert.deepEqual(await letters(), []);
    await using postern = await start(folder.path);
    const { browser, store } = postern;
    await past(browser, (await store.submission(id))!.sendAt + 500);
    assert.deepEqual([(await store.submission(id))?.state, relay.taken.length], ['held', 0]);
    await browser.signIn(address, password);
    await browser.until(
      async () => (await store.submission(id))?.state,
      (state) => state === 'filed',
      30_000,
    );
    assert.equal(relay.taken.length, 1);
  });

  test('V117 a process that is killed: the letter waits, and the password it left is revoked at the next visit', async () => {
    using folder = openPlace();
    let left: AppPassword[];
    {
      await using postern = await startInstance(folder.path, ports(), settings());
      await leaveLetter(postern.browser, 8);
      left = await postern.browser.until(letters, (all) => all.length === 1, 30_000);
      for (const pid of postern.family()) process.kill(pid, 'SIGKILL');
    }
    const due = (left[0]?.expires ?? 0) - 600_000;
    await using postern = await startInstance(folder.path, ports(), settings());
    await past(postern.browser, due + 500);
    assert.deepEqual([(await letters()).map(({ id }) => id), relay.taken.length], [left.map(({ id }) => id), 0]);
    await postern.browser.signIn(address, password);
    await postern.browser.until(letters, (all) => all.length === 0, 30_000);
    await postern.browser.until(
      async () => relay.taken.length,
      (taken) => taken === 1,
      30_000,
    );
  });

  test('V116 what the server does not take waits for the next visit, and its password ends all the same', async () => {
    using folder = openFolder();
    await using postern = await start(folder.path);
    const { browser, store } = postern;
    relay.full = true;
    const id = await leaveLetter(browser, 4);
    await locked(postern, (await store.users())[0]!.id);
    assert.equal((await letters()).length, 1);
    await browser.until(allEnded, (ended) => ended, 30_000);
    assert.deepEqual([(await store.submission(id))?.state, relay.taken.length], ['due', 0]);
    relay.full = false;
    const again = new Browser(browser.url);
    await again.signIn(address, password);
    await again.until(
      async () => (await store.submission(id))?.state,
      (state) => state === 'filed',
      30_000,
    );
    assert.equal(relay.taken.length, 1);
  });
});
