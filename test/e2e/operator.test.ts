import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser } from './browser.ts';
import { formsOf, openSearch } from '../security/needles.ts';
import { type Instance, openPlace, runCommand, signInSealed, startInstance } from '../security/instance.ts';

const alice = { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' };
const bob = { address: 'bob@village.test', password: 'Schleuse-12-Taube-zz' };
let village: Village;
before(async () => {
  village = await openDovecot({ users: [alice, bob] });
});
after(() => village[Symbol.asyncDispose]());

interface Entry {
  kind: string;
  user: string | null;
  facts: Record<string, unknown>;
}

const json = async <T>(postern: Instance, ...words: string[]): Promise<T> => {
  const { code, out, err } = await postern.command([...words, '--json']);
  assert.equal(code, 0, err);
  return JSON.parse(out) as T;
};

const entered = async (postern: Instance, user: typeof alice): Promise<Browser> => {
  const browser = new Browser(postern.browser.url);
  assert.equal((await signInSealed(browser, { ...user, remember: true })).status, 200);
  await browser.until(
    async () => (await browser.jmap([['Mailbox/get', {}]]))[0]?.['list'] as unknown[],
    (list) => list.length > 0,
    60_000,
  );
  return browser;
};

/** Until the server says 401 to somebody who was in. */
const isOut = (browser: Browser): Promise<number> =>
  browser.until(
    async () => (await browser.post('/jmap/api', browser.request([['Mailbox/get', {}]]))).status,
    (status) => status === 401,
    60_000,
  );

/** The event stream of somebody who was in ends. */
const streamEnds = async (browser: Browser): Promise<void> => {
  const path = '/jmap/eventsource?types=*&closeafter=no&ping=0';
  for await (const { event } of browser.events(path)) assert.notEqual(event, 'error');
};

describe('postern user', () => {
  test('lists users and what is public of them, and nothing that opens anything', async () => {
    using place = openPlace();
    await using postern = await startInstance(place.path, village);
    await entered(postern, alice);
    await entered(postern, bob);
    const all = await postern.command(['user', 'list']);
    assert.deepEqual([all.code, all.out.trim().split('\n').length, all.err], [0, 2, '']);
    assert.match(all.out, /^alice@village\.test {2}1 session {2}since \d{4}-/m);
    const [one, ...others] = await json<{ id: string; unlockers: string[]; sessions: number }[]>(
      postern,
      'user',
      'list',
      'ALICE@village.test',
    );
    assert.equal(others.length, 0);
    assert.deepEqual([one?.unlockers, one?.sessions], [['mail-password'], 1]);
    const nobody = await postern.command(['user', 'list', 'nobody@village.test']);
    assert.deepEqual([nobody.code, nobody.out], [1, '']);
  });

  test('D71 D73 end-sessions and lock put a user out of a running Postern within seconds, and nobody else', async () => {
    using place = openPlace();
    await using postern = await startInstance(place.path, village);
    const [browser, other] = [await entered(postern, alice), await entered(postern, bob)];
    const stream = streamEnds(browser);
    const ended = await postern.command(['user', 'end-sessions', alice.address]);
    assert.deepEqual([ended.code, ended.out], [0, '1 session of alice@village.test ended.\n']);
    await isOut(browser);
    await stream;
    assert.equal((await browser.post('/auth/unlock')).status, 401);
    await other.jmap([['Mailbox/get', {}]]);

    const again = await entered(postern, alice);
    const made = await again.post('/auth/tokens', { name: 'a script' });
    const { token } = (await made.json()) as { token: string };
    const script = async (): Promise<number> =>
      (await fetch(`${postern.browser.url}/.well-known/jmap`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    assert.equal(await script(), 200);
    assert.equal((await postern.command(['user', 'lock', alice.address])).code, 0);
    await isOut(again);
    await again.until(script, (status) => status === 401, 60_000);
    const refused = await signInSealed(new Browser(postern.browser.url), alice);
    assert.equal(refused.status, 403);
    assert.match(((await refused.json()) as { type: string }).type, /user-locked$/);
    assert.match((await postern.command(['user', 'list', alice.address])).out, /LOCKED since/);

    assert.equal((await postern.command(['user', 'unlock', alice.address])).code, 0);
    await entered(postern, alice);
    assert.equal(await script(), 200);
    await other.jmap([['Mailbox/get', {}]]);
  });

  test('delete asks first, then leaves no row and no index of a user', async () => {
    using place = openPlace();
    await using postern = await startInstance(place.path, village);
    const [browser, other] = [await entered(postern, alice), await entered(postern, bob)];
    const indexes = (): number =>
      readdirSync(join(postern.data, 'index')).filter((name) => name.endsWith('.db')).length;
    assert.equal(indexes(), 2);
    const unasked = await postern.command(['user', 'delete', alice.address]);
    assert.equal(unasked.code, 2);
    assert.match(unasked.err, /say --yes/);
    assert.equal((await json<unknown[]>(postern, 'user', 'list')).length, 2);
    const done = await postern.command(['user', 'delete', alice.address, '--yes']);
    assert.deepEqual([done.code, done.out], [0, 'alice@village.test is deleted, with 1 account.\n']);
    await isOut(browser);
    assert.equal((await json<unknown[]>(postern, 'user', 'list')).length, 1);
    assert.equal(indexes(), 1);
    await other.jmap([['Mailbox/get', {}]]);
    await entered(postern, alice);
    assert.equal(indexes(), 2, 'a new user of the same address');
  });

  test('works while Postern does not run, and makes no database where there is none', async () => {
    using place = openPlace();
    const postern = await startInstance(place.path, village);
    await entered(postern, alice);
    await postern.stop();
    assert.match((await postern.command(['user', 'lock', alice.address])).out, /is locked; 1 session ended/);
    await using again = await startInstance(place.path, village);
    assert.equal((await signInSealed(again.browser, alice)).status, 403);

    const empty = mkdtempSync(join(tmpdir(), 'postern-empty-'));
    try {
      const { code, err } = await runCommand(['user', 'list'], { ...process.env, POSTERN_DATA: empty });
      assert.equal(code, 1);
      assert.match(err, /There is no database at/);
      assert.ok(!existsSync(join(empty, 'postern.db')));
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });

  test('tells what is not understood with the usage, exit code 2', async () => {
    using place = openPlace();
    await using postern = await startInstance(place.path, village);
    for (const words of [
      ['user'],
      ['user', 'lock'],
      ['user', 'lock', 'nobody@x.test'],
      ['user', 'list', '--nonsense'],
    ]) {
      const { code, out, err } = await postern.command(words);
      assert.deepEqual([code, out], [2, ''], words.join(' '));
      assert.match(err, /Usage: postern user/);
    }
    for (const words of [['audit', '--since', 'soon'], ['secret'], ['doctor'], ['doctor', 'no-address']])
      assert.equal((await postern.command(words)).code, 2, words.join(' '));
    const help = await postern.command(['user', 'delete', '--help']);
    assert.match(help.out, /Usage: postern user delete ADDRESS \[--yes\]/);
  });
});

describe('postern secret', () => {
  test('V19 rotate: who is signed in stays so, through a restart; the copy of before is another file', async () => {
    using place = openPlace();
    const postern = await startInstance(place.path, village);
    const browser = await entered(postern, alice);
    const { code, out, err } = await postern.command(['secret', 'rotate']);
    assert.equal(code, 0, err);
    assert.match(out, /has a new random key, of \d{4}-\d\d-\d\d; 2 keys in its ring/);
    const twice = await postern.command(['secret', 'rotate']);
    assert.equal(twice.code, 1);
    assert.match(twice.err, /was rotated today/);
    assert.equal((await browser.post('/auth/unlock')).status, 200);
    const late = await entered(postern, bob);
    await postern.stop();
    await using again = await startInstance(place.path, village);
    for (const jar of [browser, late]) {
      const back = jar.at(again.browser.url);
      assert.equal((await back.post('/auth/unlock')).status, 200);
      await back.jmap([['Mailbox/get', {}]]);
    }
    assert.deepEqual(
      (await json<Entry[]>(again, 'audit'))
        .filter(({ kind }) => kind === 'secret-rotated')
        .map(({ facts }) => facts['by']),
      ['operator'],
    );
  });
});

describe('postern audit', () => {
  test('D72 has what operators and visitors did, for all or one, and no secret in any form', async () => {
    using place = openPlace();
    await using postern = await startInstance(place.path, village);
    const wrong = 'wrong-password-Xq-4711';
    const browser = await entered(postern, alice);
    await entered(postern, bob);
    assert.equal((await signInSealed(new Browser(postern.browser.url), { ...alice, password: wrong })).status, 401);
    const cookies = [...browser.jar.values()].map(({ value }) => value);
    assert.equal((await browser.post('/auth/sign-out')).status, 204);
    await postern.command(['user', 'end-sessions', bob.address]);
    const all = await json<Entry[]>(postern, 'audit', '--since', '1h');
    const kinds = new Set(all.map(({ kind }) => kind));
    for (const kind of ['sign-in', 'sign-in-refused', 'sign-out', 'session-ended'])
      assert.ok(kinds.has(kind), `${kind} of ${[...kinds].join(', ')}`);
    const ofBob = await json<Entry[]>(postern, 'audit', bob.address);
    assert.ok(ofBob.length >= 2 && new Set(ofBob.map(({ user }) => user)).size === 1);
    assert.ok(ofBob.some(({ kind, facts }) => kind === 'session-ended' && facts['by'] === 'operator'));

    const text = await postern.command(['audit']);
    assert.equal(text.out.trim().split('\n').length, all.length);
    const told = Buffer.from(text.out + JSON.stringify(all));
    const found: string[] = [];
    const secrets = [alice.password, bob.password, wrong, ...cookies];
    openSearch(secrets.flatMap((secret, i) => formsOf(`secret ${i}`, secret)))(told, ({ name, form }) =>
      found.push(`${name} ${form}`),
    );
    assert.deepEqual(found, []);
    assert.equal((await json<Entry[]>(postern, 'audit', '--since', '2999-01-01')).length, 0);
    assert.equal((await json<Entry[]>(postern, 'audit', '--most', '1')).length, 1);
  });
});
