import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { openStore } from '#store/open.ts';
import { openDatabase } from '../../src/app-passwords/database.ts';
import { visit } from '../../src/app-passwords/dialogue.ts';
import { type AppPasswords } from '../../src/app-passwords/manager.ts';
import { idWithin } from '../../src/app-passwords/password.ts';
import { severByCommand } from '../../src/app-passwords/sever.ts';
import type { AppPassword } from '../../src/app-passwords/types.ts';
import { Arena } from '../../src/vault/arena.ts';
import { openCredential } from '../../src/vault/credential.ts';
import { HostKeys, keptDays } from '../../src/vault/host-keys.ts';
import { derive } from '../../src/vault/keys.ts';
import { openSession } from '../../src/vault/slots.ts';
import { type Browser, problemOf } from '../e2e/browser.ts';
import { type Instance, openPlace, signInSealed, startInstance } from '../security/instance.ts';
import { cannotLook, scanMemory } from '../security/memory-of.ts';
import { formsOf, openSearch, piecesOf } from '../security/needles.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';
import { managerOf } from './manager.ts';

const { address, password } = mainUser;
const capability = 'urn:postern:params:jmap:app-passwords';

interface Own {
  auth: string;
  id: string | null;
  refused: boolean;
  note: string | null;
}

const ownOf = async (browser: Browser): Promise<Own> => {
  const session = (await (await browser.fetch('/.well-known/jmap')).json()) as {
    accounts: Record<string, { accountCapabilities: Record<string, { own: Own }> }>;
  };
  const found = session.accounts[browser.account]?.accountCapabilities[capability]?.own;
  assert.ok(found, JSON.stringify(session));
  return found;
};

const statusOf = async (browser: Browser): Promise<string> => {
  const body = {
    using: ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'],
    methodCalls: [['MailAccount/get', { accountId: browser.account }, 'a']],
  };
  const answer = (await (await browser.post('/jmap/api', body)).json()) as {
    methodResponses: [string, { list: { status: { at: string } }[] }, string][];
  };
  return answer.methodResponses[0]?.[1].list[0]?.status.at ?? 'nothing';
};

describe('sign in, swap, forget', { skip: process.getuid?.() !== 0 }, () => {
  let server: TestServer;
  let place: TestDatabase;
  let dovecot: TestDovecot;
  let app: AppPasswords;
  let close: () => Promise<void>;

  before(async () => {
    server = await servers.sqlite();
    place = await server.database();
    dovecot = await openDovecot(place.dovecot);
    const database = openDatabase(place.url);
    close = async () => database[Symbol.asyncDispose]();
    app = managerOf(database, { sever: severByCommand(dovecot.doveadm) });
  });
  beforeEach(() => app.revoke(address, 'all', 'operator').then(() => undefined));
  after(async () => {
    await close?.();
    await dovecot?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const start = (folder: string, more: Record<string, string> = {}): Promise<Instance> =>
    startInstance(
      folder,
      { imapPort: dovecot.web, smtpPort: dovecot.submission },
      {
        POSTERN_APP_PASSWORDS_URL: place.url,
        POSTERN_APP_PASSWORDS_DOVEADM: dovecot.doveadm.join(' '),
        POSTERN_APP_PASSWORDS_SWAP: 'on',
        POSTERN_APP_PASSWORDS_SWAP_NETWORKS: '127.0.0.1',
        POSTERN_APP_PASSWORDS_MOST: '1',
        ...more,
      },
    );
  const living = async (): Promise<AppPassword[]> =>
    (await app.list(address)).filter((entry) => entry.origin === 'postern' && entry.status.at === 'active');
  const live = (browser: Browser): Promise<unknown> =>
    browser.until(
      () => statusOf(browser),
      (at) => at === 'live',
      60_000,
    );

  /** What is sealed in the database, opened with the cookie of the browser and the secret file. */
  const sealedIn = async (postern: Instance): Promise<string[]> => {
    await using store = await openStore(`sqlite:${join(postern.data, 'postern.db')}`, { mode: 'direct' });
    const [user] = await store.users();
    assert.ok(user);
    const [session] = await store.sessions(user.id);
    assert.ok(session);
    const arena = new Arena(keptDays + 16);
    const host = new HostKeys(arena, postern.secretFile, systemClock);
    const cookie = Buffer.from(postern.browser.jar.get('postern-key')?.value ?? '', 'base64url');
    const wrapKey = derive(openSession(host, session, cookie), 'postern/1/wrap-records');
    const accounts = await store.accounts(user.id);
    const credentials = await store.credentials(user.id);
    assert.ok(credentials.length > 0);
    return credentials.map(({ account, protocol, binding, sealed }) => {
      const target = accounts.find(({ id }) => id === account)?.[protocol];
      assert.ok(target);
      return openCredential(wrapKey, { binding, target, sealed }).toString('latin1');
    });
  };

  test('A80 A82 A81 after the sign-in nothing on disk or in memory opens the main password', async (t) => {
    using folder = openPlace();
    await using postern = await start(folder.path);
    const { browser } = postern;
    assert.equal((await signInSealed(browser, { address, password, remember: true })).status, 200);
    await live(browser);
    const [own, ...others] = await living();
    assert.ok(own);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [own.program, own.protocols, own.networks, own.label],
      ['postern', ['imap', 'submission', 'sieve'], ['127.0.0.1/32'], 'Postern'],
    );
    const shown = await ownOf(browser);
    assert.deepEqual([shown.auth, shown.id, shown.refused, shown.note], ['minted', `P${own.id}`, false, null]);

    const sealed = await sealedIn(postern);
    assert.deepEqual(
      sealed.map((text) => idWithin(text)),
      [own.id, own.id],
      'for IMAP and for submission the made one is sealed, and nothing else',
    );
    // It is more than a name: the submission server, which knows no main password, takes it.
    const target = { protocol: 'submission', host: '127.0.0.1', port: dovecot.submission, security: 'none' } as const;
    for (const [text, expected] of [
      [sealed[0] ?? '', 'accepted'],
      [password, 'refused'],
    ] as const) {
      const { outcome, leave } = await visit(target, address, Buffer.from(text));
      leave();
      assert.equal(outcome, expected);
    }

    const search = openSearch(formsOf('main', password));
    const found: string[] = [];
    for (const name of readdirSync(folder.path, { recursive: true, withFileTypes: true }))
      if (name.isFile()) search(readFileSync(join(name.parentPath, name.name)), () => found.push(name.name));
    assert.deepEqual(found, []);
    if (cannotLook(postern.pid) !== null) return t.diagnostic('the memory of other processes cannot be read here');
    const inMemory = openSearch([
      ...formsOf('main', password),
      ...piecesOf('main', password),
      ...formsOf('own', sealed[0] ?? ''),
    ]);
    for (const pid of postern.family()) {
      const { bytes, counts } = scanMemory(pid, inMemory);
      assert.ok(bytes > 20_000_000);
      assert.deepEqual([...counts], [], `process ${pid === postern.pid ? 'main' : 'keeper'}`);
    }
  });

  test('A83 signing in again keeps it; revoked at Dovecot the account says so, and the next sign-in mends it', async () => {
    using folder = openPlace();
    await using postern = await start(folder.path);
    const { browser } = postern;
    assert.equal((await signInSealed(browser, { address, password, remember: true })).status, 200);
    await live(browser);
    const [first] = await living();
    assert.ok(first);
    assert.equal((await browser.post('/auth/sign-out')).status, 204);
    assert.equal((await signInSealed(browser, { address, password, remember: true })).status, 200);
    await live(browser);
    assert.deepEqual(
      (await living()).map(({ id }) => id),
      [first.id],
      'the same one',
    );

    const { code } = await postern.command(['app-passwords', 'revoke', address, first.id]);
    assert.equal(code, 0);
    await browser.until(
      () => statusOf(browser),
      (at) => at === 'refused',
      60_000,
    );
    assert.equal((await ownOf(browser)).refused, true);

    assert.equal((await signInSealed(browser, { address, password, remember: true })).status, 200);
    await live(browser);
    const [second] = await living();
    assert.ok(second && second.id !== first.id);
    assert.deepEqual(
      (await sealedIn(postern)).map((text) => idWithin(text)),
      [second.id, second.id],
    );
    assert.deepEqual((await ownOf(browser)).id, `P${second.id}`);
  });

  test('A84 the last session ends it, where the operator wants so; the next sign-in makes another', async () => {
    using folder = openPlace();
    await using postern = await start(folder.path, { POSTERN_APP_PASSWORDS_SWAP_ENDS: '1' });
    const { browser } = postern;
    assert.equal((await signInSealed(browser, { address, password })).status, 200);
    await live(browser);
    assert.equal((await living()).length, 1);
    await browser.post('/auth/sign-out');
    await browser.until(living, (list) => list.length === 0, 60_000);
    assert.equal((await signInSealed(browser, { address, password })).status, 200);
    await live(browser);
    assert.equal((await living()).length, 1);
    await browser.post('/auth/sign-out');
    await browser.until(living, (list) => list.length === 0, 60_000);
  });

  test('A85 turned on later and off again: the sign-in follows, and what is not needed is revoked', async () => {
    using folder = openPlace();
    {
      await using postern = await start(folder.path, { POSTERN_APP_PASSWORDS_SWAP: 'off' });
      assert.equal((await signInSealed(postern.browser, { address, password, remember: true })).status, 200);
      await live(postern.browser);
      assert.deepEqual(await living(), []);
      assert.deepEqual(await sealedIn(postern), [password, password]);
      assert.deepEqual((await ownOf(postern.browser)).auth, 'password');
    }
    {
      await using postern = await start(folder.path);
      assert.equal((await signInSealed(postern.browser, { address, password, remember: true })).status, 200);
      await live(postern.browser);
      const [own] = await living();
      assert.ok(own);
      assert.ok(!(await sealedIn(postern)).includes(password));
    }
    await using postern = await start(folder.path, { POSTERN_APP_PASSWORDS_SWAP: 'off' });
    assert.equal((await signInSealed(postern.browser, { address, password, remember: true })).status, 200);
    await live(postern.browser);
    assert.deepEqual(await living(), []);
    assert.deepEqual((await ownOf(postern.browser)).auth, 'password');
  });

  test('A86 a database that is away: on keeps the password and says so, required refuses in plain words', async () => {
    using folder = openPlace();
    const away = { POSTERN_APP_PASSWORDS_URL: 'sqlite:/dev/null/away.db' };
    {
      await using postern = await start(folder.path, { ...away, POSTERN_APP_PASSWORDS_SWAP: 'required' });
      const answer = await signInSealed(postern.browser, { address, password });
      const { title, detail } = (await answer.clone().json()) as { title: string; detail: string };
      assert.deepEqual(await problemOf(answer), [503, 'store-unavailable']);
      assert.match(title, /may not keep your password/);
      assert.match(detail, /was right, and is not kept/);
    }
    await using postern = await start(folder.path, away);
    const { browser } = postern;
    assert.equal((await signInSealed(browser, { address, password })).status, 200);
    await live(browser);
    const own = await ownOf(browser);
    assert.equal(own.auth, 'password');
    assert.match(own.note ?? '', /keeps your main password, encrypted/);
    assert.deepEqual(await sealedIn(postern), [password, password]);
  });

  test('A87 whoever has another way in gets one too, without the mail password', async () => {
    using folder = openPlace();
    const site = 'a sentence for Postern alone';
    {
      await using postern = await start(folder.path);
      const { browser } = postern;
      assert.equal((await browser.signIn(address, password, { remember: true })).status, 200);
      const proof = await browser.post('/auth/prove', { kind: 'mail', password });
      assert.ok(proof.ok, await proof.text());
      const made = await browser.post('/auth/unlockers/site', { name: 'alice', password: site });
      assert.ok(made.ok, await made.text());
      await live(browser);
    }
    await app.revoke(address, 'all', 'operator');
    await using postern = await start(folder.path);
    const { browser } = postern;
    const answer = await browser.post('/auth/sign-in/site', { name: 'alice', password: site, remember: true });
    assert.equal(answer.status, 200, await answer.clone().text());
    browser.account = ((await answer.json()) as { accounts: { id: string }[] }).accounts[0]?.id ?? '';
    await live(browser);
    const [own] = await living();
    assert.ok(own);
    assert.deepEqual(
      (await sealedIn(postern)).map((text) => idWithin(text)),
      [own.id, own.id],
    );
  });

  test('A80 A84 a further account is swapped as well; removing it revokes what was made for it', async () => {
    using folder = openPlace();
    await using postern = await start(folder.path);
    const { browser } = postern;
    assert.equal((await browser.signIn(address, password)).status, 200);
    const bob = { address: 'bob@village.test', password: 'main-bob' };
    const added = await browser.post('/auth/accounts', bob);
    assert.ok(added.ok, await added.clone().text());
    const { id, auth } = (await added.json()) as { id: string; auth: string };
    assert.equal(auth, 'minted');
    const bobs = async (): Promise<AppPassword[]> =>
      (await app.list(bob.address)).filter((entry) => entry.status.at === 'active');
    const [made] = await bobs();
    assert.ok(made?.origin === 'postern');
    assert.deepEqual(
      (await sealedIn(postern)).filter((text) => idWithin(text) === null),
      [],
      'no main password of either',
    );
    assert.ok((await browser.post('/auth/prove', { kind: 'mail', password })).ok);
    const gone = await browser.fetch(`/auth/accounts/${id}`, { method: 'DELETE' });
    assert.equal(gone.status, 204, await gone.text());
    assert.deepEqual(await bobs(), []);
    assert.equal((await living()).length, 1, "the other account's own stays");
  });
});
