import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import sodium from 'sodium-native';
import type { SignedIn } from '#jmap/auth/sign-in.ts';
import { anAccount } from '#store/store.testkit.ts';
import type { UserId } from '#vault/keeper.ts';
import { type Village, openDovecot } from '#village/dovecot.ts';
import type { World } from '#world';
import { Passkey } from './authenticator.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';
import * as kit from './unlockers-kit.ts';

let village: Village;
let alice: { address: string; password: string };
const site = 'a long site password';

before(async () => {
  const extra = 'auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';
  village = await openDovecot({ tls: true, extra });
  alice = village.users[0]!;
});
after(() => village[Symbol.asyncDispose]());

/** Somebody signed in by the mail password, reached by a name. */
const enter = async (postern: World & { browser: Browser }): Promise<Browser> => {
  const browser = kit.byName(postern.browser);
  assert.equal((await browser.signIn(alice.address, alice.password, { remember: true })).status, 200);
  return browser;
};

/** As {@link enter}, proven, with a site password, a passkey and a recovery code. */
const withAll = async (postern: World & { browser: Browser }) => {
  const browser = await enter(postern);
  await kit.prove(browser, alice.password);
  assert.equal((await kit.setSite(browser, 'Alice', site)).status, 201);
  const { key, answer } = await kit.addPasskey(browser);
  assert.equal(answer.status, 201, await answer.clone().text());
  return { browser, key, code: await kit.makeRecovery(browser) };
};

const sees = async (browser: Browser): Promise<boolean> => {
  const { accounts } = (await (await browser.fetch('/auth/session')).json()) as SignedIn;
  browser.account = accounts[0]?.id ?? '';
  const boxes = await browser.until(
    async () => (await browser.jmap([['Mailbox/get', { ids: null }]]))[0]?.['list'] as unknown[],
    (list) => list.length > 0,
    20_000,
  );
  return boxes.length > 0;
};

const userOf = async (browser: Browser): Promise<UserId> =>
  ((await (await browser.fetch('/auth/session')).json()) as SignedIn).user.id as UserId;

test('D60 name and site password sign in, whatever the case of the name, also after a restart', async () => {
  using folder = openFolder();
  {
    await using postern = await openPostern(village, folder.path);
    await withAll(postern);
  }
  await using postern = await openPostern(village, folder.path);
  const fresh = new Browser(postern.browser.url);
  assert.equal((await fresh.post('/auth/sign-in/site', { name: ' ALICE ', password: site })).status, 200);
  assert.equal(await sees(fresh), true);
  const box = { purpose: 'sitePassword', login: 'Alice', secret: site } as const;
  const send = (name: string) => kit.postSealed(new Browser(fresh.url), '/auth/sign-in/site', { name }, box);
  assert.equal((await send(' Alice ')).status, 200, 'as the screen sends it');
  assert.deepEqual(await problemOf(await send('bob')), [409, 'key-outdated'], 'a box is for one name');
  const known = fresh.jar.get('postern-known');
  assert.equal(known?.value.split('.').length, 2, 'the address and the name');
});

test('D60 an unknown name costs the same work and answers the same as a wrong password', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  await withAll(postern);
  const work = mock.method(sodium, 'crypto_pwhash_async');
  const answers: { status: number; body: string; runs: unknown[] }[] = [];
  try {
    for (const name of ['alice', 'nobody', alice.address]) {
      work.mock.resetCalls();
      const answer = await new Browser(postern.browser.url).post('/auth/sign-in/site', {
        name,
        password: 'wrong password',
      });
      const runs = work.mock.calls.map(({ arguments: [, password, , passes, memory] }) => [
        password.length,
        passes,
        memory,
      ]);
      answers.push({ status: answer.status, body: await answer.text(), runs });
    }
  } finally {
    work.mock.restore();
  }
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  assert.equal(answers[0]?.runs.length, 1);
  assert.equal(answers[0]?.status, 401);
});

test('D61 a passkey signs in without a name; a wrong PRF, a used challenge and a stranger do not', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { key } = await withAll(postern);
  const fresh = kit.byName(postern.browser);
  assert.equal((await kit.showPasskey(fresh, key)).status, 200);
  assert.equal(await sees(fresh), true);
  const refused = [401, 'wrong-passkey'];
  const stranger = new Passkey();
  stranger.userHandle = key.userHandle;
  assert.deepEqual(await problemOf(await kit.showPasskey(kit.byName(fresh), stranger)), refused);
  const challenge = await kit.challengeFor(fresh);
  const answer = key.answer(challenge, fresh.url);
  const send = (secret: Uint8Array) =>
    kit.postSealed(kit.byName(fresh), '/auth/sign-in/passkey', answer, { purpose: 'passkey', login: '', secret });
  assert.deepEqual(await problemOf(await send(new Uint8Array(32))), refused);
  assert.deepEqual(await problemOf(await send(key.prf)), refused, 'the challenge was used');
  const other = key.answer(await kit.challengeFor(fresh), 'https://evil.test');
  const secret = { purpose: 'passkey', login: '', secret: key.prf } as const;
  assert.deepEqual(await problemOf(await kit.postSealed(fresh, '/auth/sign-in/passkey', other, secret)), refused);
  const byNumber = await postern.browser.post('/auth/sign-in/passkey/begin', {});
  assert.deepEqual(await problemOf(byNumber), [422, 'no-passkeys']);
});

test('D62 a recovery code signs in once, however it is typed; the session may make another without more proof', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { code } = await withAll(postern);
  const fresh = new Browser(postern.browser.url);
  const wrong = code.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
  assert.deepEqual(await problemOf(await fresh.post('/auth/sign-in/recovery', { code: wrong })), [401, 'wrong-code']);
  const answer = await fresh.post('/auth/sign-in/recovery', { code: code.toLowerCase().replaceAll('-', ' ') });
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as SignedIn).recovery, 'used');
  assert.equal(await sees(fresh), true);
  const again = await new Browser(fresh.url).post('/auth/sign-in/recovery', { code });
  assert.deepEqual(await problemOf(again), [401, 'wrong-code']);
  const next = await kit.makeRecovery(fresh);
  assert.notEqual(next, code);
  assert.equal((await new Browser(fresh.url).post('/auth/sign-in/recovery', { code: next })).status, 200);
});

test('D62 of many who show one recovery code at once, one gets in', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, code } = await withAll(postern);
  const many = Array.from({ length: 6 }, () => new Browser(browser.url));
  const came = await Promise.all(many.map(async (one) => (await one.post('/auth/sign-in/recovery', { code })).status));
  assert.deepEqual(
    came.filter((status) => status !== 401),
    [200],
  );
  assert.equal(await sees(many[came.indexOf(200)]!), true);
  const entries = await postern.store.auditOf(await userOf(browser), { since: 0, most: 200 });
  assert.equal(entries.filter(({ kind }) => kind === 'recovery-used').length, 1);
});

test('D63 a locked session is opened in place by each unlocker, and by no wrong one', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, key, code } = await withAll(postern);
  const { store } = postern;
  const [before] = await store.sessions(await userOf(browser));
  const ways: [string, () => Promise<Response>][] = [
    ['mail', () => browser.post('/auth/unlock', { password: alice.password })],
    ['site', () => browser.post('/auth/unlock', { kind: 'site', password: site })],
    ['passkey', () => kit.showPasskey(browser, key, '/auth/unlock')],
    ['recovery', () => browser.post('/auth/unlock', { kind: 'recovery', code })],
  ];
  for (const [name, open] of ways) {
    assert.equal((await browser.post('/auth/lock')).status, 204, name);
    assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [423, 'locked'], name);
    const wrong = await browser.post('/auth/unlock', { kind: 'site', password: 'another site password' });
    assert.deepEqual(await problemOf(wrong), [401, 'wrong-password']);
    assert.deepEqual(await problemOf(await browser.post('/auth/unlock')), [423, 'locked'], 'the cookie alone');
    const answer = await open();
    assert.equal(answer.status, 200, `${name}: ${await answer.clone().text()}`);
    assert.equal(await sees(browser), true, name);
    const [now] = await store.sessions(await userOf(browser));
    assert.equal(now?.id, before?.id, `${name}: the same session`);
    assert.equal(now?.expiresAt, before?.expiresAt);
  }
});

test('D63 an unlocker of somebody else opens nothing', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { key, code } = await withAll(postern);
  const bob = village.users[1]!;
  const other = kit.byName(postern.browser);
  assert.equal((await other.signIn(bob.address, bob.password)).status, 200);
  assert.equal((await other.post('/auth/lock')).status, 204);
  assert.deepEqual(await problemOf(await kit.showPasskey(other, key, '/auth/unlock')), [401, 'wrong-passkey']);
  assert.deepEqual(await problemOf(await other.post('/auth/unlock', { kind: 'recovery', code })), [401, 'wrong-code']);
  assert.deepEqual(await problemOf(await other.post('/auth/unlock', { kind: 'site', password: site })), [
    401,
    'wrong-password',
  ]);
});

test('D64 what changes unlockers needs one shown in the last five minutes; an API token never has', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const browser = await enter(postern);
  const needed = async (answer: Response): Promise<void> => {
    const body = (await answer.clone().json()) as { unlockers?: string[] };
    assert.deepEqual(await problemOf(answer), [403, 'proof-needed']);
    assert.deepEqual(body.unlockers, ['mail-password']);
  };
  await needed(await kit.setSite(browser, 'alice', site));
  await needed(await browser.post('/auth/unlockers/passkey/begin', {}));
  await needed(await browser.post('/auth/unlockers/recovery', {}));
  await needed(await browser.post('/auth/unlockers/totp/begin', {}));
  await needed(await browser.fetch('/auth/unlockers/totp', { method: 'DELETE' }));
  await needed(await browser.post('/auth/rotate-keys'));
  const [slot] = (await kit.unlockers(browser)).unlockers;
  await needed(await patchName(browser, slot!.id, 'Name'));
  assert.deepEqual(await problemOf(await browser.post('/auth/prove', { password: 'wrong' })), [401, 'wrong-password']);
  await kit.prove(browser, alice.password);
  assert.equal((await kit.unlockers(browser)).proven, true);
  assert.equal((await kit.setSite(browser, 'alice', site)).status, 201);
  const { token } = (await (await browser.post('/auth/tokens', { name: 't' })).json()) as { token: string };
  const bearer = await new Browser(browser.url).post(
    '/auth/prove',
    { password: alice.password },
    {
      headers: { authorization: `Bearer ${token}` },
    },
  );
  assert.deepEqual(await problemOf(bearer), [403, 'session-only']);
});

test('D64 who wanted nothing kept shows the mail password, and becomes somebody with unlockers by adding one', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const browser = kit.byName(postern.browser);
  assert.equal((await browser.signIn(alice.address, alice.password, { leaveNothing: true })).status, 200);
  assert.deepEqual(await problemOf(await kit.setSite(browser, 'alice', site)), [403, 'proof-needed']);
  assert.deepEqual(await problemOf(await browser.post('/auth/prove', { password: 'wrong' })), [401, 'wrong-password']);
  await kit.prove(browser, alice.password);
  assert.equal((await kit.setSite(browser, 'alice', site)).status, 201);
  assert.equal((await browser.post('/auth/sign-out')).status, 204);
  assert.equal((await browser.post('/auth/sign-in/site', { name: 'alice', password: site })).status, 200);
  assert.equal(await sees(browser), true);
});

const patchName = (browser: Browser, id: string, name: string): Promise<Response> =>
  kit.patch(browser, `/auth/unlockers/${id}`, { name });

test('D65 unlockers are listed with their use, renamed and removed; never the last', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, key } = await withAll(postern);
  await kit.showPasskey(kit.byName(browser), key);
  const listed = await kit.unlockers(browser);
  assert.deepEqual(listed.unlockers.map(({ kind }) => kind).toSorted(), [
    'mail-password',
    'passkey',
    'recovery',
    'site-password',
  ]);
  assert.equal(listed.siteName, 'alice');
  const passkey = listed.unlockers.find(({ kind }) => kind === 'passkey')!;
  assert.equal(passkey.name, 'This laptop');
  assert.ok(passkey.lastUsedAt);
  assert.equal((await patchName(browser, passkey.id, 'Old laptop')).status, 200);
  assert.deepEqual(await problemOf(await patchName(browser, 'nothing', 'x')), [404, 'not-found']);
  const remove = (id: string): Promise<Response> => browser.fetch(`/auth/unlockers/${id}`, { method: 'DELETE' });
  for (const { id, kind } of listed.unlockers)
    if (kind !== 'passkey') assert.equal((await remove(id)).status, 204, kind);
  assert.deepEqual(await problemOf(await remove(passkey.id)), [409, 'last-unlocker']);
  const left = await kit.unlockers(browser);
  assert.deepEqual(
    left.unlockers.map(({ name }) => name),
    ['Old laptop'],
  );
  assert.equal(left.siteName, alice.address);
  assert.deepEqual(
    await problemOf(await new Browser(browser.url).post('/auth/sign-in/site', { name: 'alice', password: site })),
    [401, 'wrong-password'],
  );
  assert.equal((await kit.showPasskey(kit.byName(browser), key)).status, 200);
});

test('D66 a changed site password re-wraps one slot, whatever the number of accounts; others end or stay by choice', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = await withAll(postern);
  const { store } = postern;
  const user = await userOf(browser);
  for (const position of [1, 2, 3]) await store.saveAccount(anAccount(user, { position }));
  const other = new Browser(browser.url);
  assert.equal((await other.post('/auth/sign-in/site', { name: 'alice', password: site })).status, 200);
  const state = async () => ({
    slots: new Map((await store.slots(user)).map(({ id, sealed }) => [id, sealed.toString('hex')])),
    records: new Map((await store.allRecords(user)).map((record) => [record.id, record])),
    rest: [await store.credentials(user), (await store.user(user))?.keys],
  });
  const earlier = await state();
  assert.equal((await kit.setSite(browser, 'alice', 'the next site password')).status, 200);
  const later = await state();
  assert.deepEqual(later.rest, earlier.rest);
  // A mailroom may have made the key of another account's index meanwhile.
  for (const [id, record] of earlier.records) assert.deepEqual(later.records.get(id), record);
  assert.equal([...later.slots].filter(([id, sealed]) => earlier.slots.get(id) !== sealed).length, 1);
  assert.equal(later.slots.size, earlier.slots.size);
  assert.equal((await other.fetch('/auth/session')).status, 200, 'stays by choice');
  const sign = (password: string) => new Browser(browser.url).post('/auth/sign-in/site', { name: 'alice', password });
  assert.deepEqual(await problemOf(await sign(site)), [401, 'wrong-password']);
  assert.equal((await sign('the next site password')).status, 200);
  assert.equal((await kit.setSite(browser, 'alice', 'a third site password', { endOthers: true })).status, 200);
  assert.deepEqual(await problemOf(await other.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.equal((await browser.fetch('/auth/session')).status, 200);
});

test('D66 a name that is taken and a password too short are told', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  await withAll(postern);
  const bob = village.users[1]!;
  const other = kit.byName(postern.browser);
  assert.equal((await other.signIn(bob.address, bob.password)).status, 200);
  await kit.prove(other, bob.password);
  assert.deepEqual(await problemOf(await kit.setSite(other, 'ALICE', site)), [409, 'name-taken']);
  assert.deepEqual(await problemOf(await kit.setSite(other, 'bob', 'short')), [422, 'weak-password']);
  assert.equal((await kit.setSite(other, 'bob', site)).status, 201);
});

test('D67 a recovery code opens from its confirmation on, and makes the former void then', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, code } = await withAll(postern);
  const shown = await browser.post('/auth/unlockers/recovery', {});
  const { code: next } = (await shown.json()) as { code: string };
  const sign = (given: string) => new Browser(browser.url).post('/auth/sign-in/recovery', { code: given });
  assert.deepEqual(await problemOf(await sign(next)), [401, 'wrong-code'], 'not confirmed yet');
  const confirm = (given: string) => browser.post('/auth/unlockers/recovery/confirm', { code: given });
  assert.deepEqual(await problemOf(await confirm(code)), [401, 'wrong-code'], 'the former one');
  assert.equal((await confirm(next)).status, 204);
  assert.deepEqual(await problemOf(await confirm(next)), [404, 'not-found']);
  assert.deepEqual(await problemOf(await sign(code)), [401, 'wrong-code'], 'void');
  assert.equal((await sign(next)).status, 200);
});

test('D68 password sign-ins ask for a one-time code, each code serves once, other ways in do not ask', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser, key } = await withAll(postern);
  const begun = await browser.post('/auth/unlockers/totp/begin', {});
  const { secret, uri } = (await begun.json()) as { secret: string; uri: string };
  assert.equal(new URL(uri).searchParams.get('secret'), secret);
  assert.match(uri, /^otpauth:\/\/totp\/Postern%3A/);
  const confirm = (code: string) => browser.post('/auth/unlockers/totp', { code });
  assert.deepEqual(await problemOf(await confirm('000000x')), [401, 'wrong-code']);
  assert.equal((await kit.unlockers(browser)).totp, false);
  const earlier = Date.now() - 30_000;
  assert.equal((await confirm(kit.totpCode(secret, earlier))).status, 204);
  assert.equal((await kit.unlockers(browser)).totp, true);
  const sign = (more: object) =>
    new Browser(browser.url).post('/auth/sign-in/site', { name: 'alice', password: site, ...more });
  const mail = (more: object) => new Browser(browser.url).post('/auth/sign-in', { ...alice, ...more });
  assert.deepEqual(await problemOf(await sign({})), [401, 'totp-needed']);
  assert.deepEqual(await problemOf(await mail({})), [401, 'totp-needed']);
  assert.deepEqual(await problemOf(await sign({ password: 'wrong password', totp: kit.totpCode(secret) })), [
    401,
    'wrong-password',
  ]);
  assert.deepEqual(
    await problemOf(await sign({ totp: kit.totpCode(secret, earlier) })),
    [401, 'wrong-code'],
    'a replay',
  );
  const now = Date.now();
  assert.equal((await sign({ totp: kit.totpCode(secret, now) })).status, 200);
  assert.deepEqual(await problemOf(await mail({ totp: kit.totpCode(secret, now) })), [401, 'wrong-code'], 'a replay');
  assert.equal((await mail({ totp: kit.totpCode(secret, now + 30_000) })).status, 200);
  assert.equal((await kit.showPasskey(kit.byName(browser), key)).status, 200);
  assert.equal((await browser.fetch('/auth/unlockers/totp', { method: 'DELETE' })).status, 204);
  assert.equal((await sign({})).status, 200);
});

test('D68 guessed codes are slowed down by themselves, and not for a browser that was here before', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = await withAll(postern);
  const before = new Browser(browser.url);
  assert.equal((await before.post('/auth/sign-in/site', { name: 'alice', password: site })).status, 200);
  const { secret } = (await (await browser.post('/auth/unlockers/totp/begin', {})).json()) as { secret: string };
  const first = Date.now() - 30_000;
  assert.equal((await browser.post('/auth/unlockers/totp', { code: kit.totpCode(secret, first) })).status, 204);
  const sign = (from: Browser, totp: string) =>
    from.post('/auth/sign-in/site', { name: 'alice', password: site, totp });
  const answers: string[] = [];
  for (let guess = 0; guess < 6; guess += 1)
    answers.push((await problemOf(await sign(new Browser(browser.url), 'wrong')))[1]);
  assert.deepEqual(
    answers.slice(0, 5),
    Array.from({ length: 5 }, () => 'wrong-code'),
  );
  assert.equal(answers[5], 'rate-limited');
  assert.equal((await sign(before, kit.totpCode(secret))).status, 200);
});
