import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startDovecot } from '#cli/demo/dovecot.ts';
import type { SignedIn } from '#jmap/auth/sign-in.ts';
import type { AuditFacts, TurnedKeysFacts } from '#jmap/auth/unlockers.ts';
import type { UserId } from '#vault/keeper.ts';
import { type Village, openDovecot } from '#village/dovecot.ts';
import type { World } from '#world';
import { Passkey } from './authenticator.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';
import { eventually } from './process.ts';
import * as kit from './unlockers-kit.ts';

/** What happens to a vault over time: keys that turn, passwords that change, users that are locked. */

let village: Village;
let alice: { address: string; password: string };
const site = 'a long site password';
const extra = 'auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';

before(async () => {
  village = await openDovecot({ tls: true, extra });
  alice = village.users[0]!;
});
after(() => village[Symbol.asyncDispose]());

const signInAs = async (
  postern: World & { browser: Browser },
  who: { address: string; password: string },
): Promise<Browser> => {
  const browser = kit.byName(postern.browser);
  assert.equal((await browser.signIn(who.address, who.password, { remember: true })).status, 200);
  return browser;
};

const userOf = async (browser: Browser): Promise<UserId> =>
  ((await (await browser.fetch('/auth/session')).json()) as SignedIn).user.id as UserId;

const draftIn = async (browser: Browser, subject: string): Promise<void> => {
  const boxes = await browser.until(
    async () =>
      ((await browser.jmap([['Mailbox/get', { ids: null }]]))[0]?.['list'] ?? []) as { id: string; role: string }[],
    (list) => list.some(({ role }) => role === 'drafts'),
    20_000,
  );
  const drafts = boxes.find(({ role }) => role === 'drafts')!.id;
  const draft = { mailboxIds: { [drafts]: true }, keywords: { $draft: true }, subject };
  const [set] = await browser.jmap([['Email/set', { create: { d: draft } }]]);
  assert.ok(set?.['created'], JSON.stringify(set));
};

const audited = async (browser: Browser): Promise<AuditFacts[]> => {
  const answer = await browser.fetch('/auth/audit');
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { entries: AuditFacts[] }).entries;
};

test('D70 keys turn: records, passwords and what was shown go on, others are dropped and named, other sessions end', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { store } = postern;
  const browser = await signInAs(postern, alice);
  const user = await userOf(browser);
  await draftIn(browser, 'kept over the turn');
  await kit.prove(browser, alice.password);
  await kit.setSite(browser, 'alice', site);
  const { key } = await kit.addPasskey(browser);
  const code = await kit.makeRecovery(browser);
  assert.equal((await browser.post('/auth/tokens', { name: 'script' })).status, 201);
  const other = new Browser(browser.url);
  assert.equal((await other.post('/auth/sign-in/site', { name: 'alice', password: site })).status, 200);
  const state = async () => ({ keys: (await store.user(user))!.keys, records: await store.allRecords(user) });
  const earlier = await state();
  const wrong = await browser.post('/auth/rotate-keys', { kind: 'site', password: 'another site password' });
  assert.deepEqual(await problemOf(wrong), [401, 'wrong-password']);
  assert.deepEqual((await state()).keys, earlier.keys, 'a turn that fails changes nothing');
  assert.equal((await browser.fetch('/auth/session')).status, 200);

  assert.equal((await browser.post('/auth/lock')).status, 204);
  assert.equal((await browser.post('/auth/unlock', { kind: 'site', password: site })).status, 200);
  const answer = await kit.showPasskey(browser, key, '/auth/rotate-keys');
  assert.equal(answer.status, 200, await answer.clone().text());
  const { dropped, tokens } = (await answer.json()) as TurnedKeysFacts;
  assert.deepEqual(dropped.map(({ kind }) => kind).toSorted(), ['recovery', 'site-password']);
  assert.equal(tokens, 1);
  const later = await state();
  assert.notDeepEqual(later.keys.publicKey, earlier.keys.publicKey);
  assert.equal(later.records.length, earlier.records.length);
  assert.ok(later.records.every(({ wrapped }, i) => !wrapped.equals(earlier.records[i]!.wrapped)));
  assert.equal((await browser.fetch('/auth/session')).status, 200, 'this session goes on');
  assert.deepEqual(await problemOf(await other.fetch('/auth/session')), [401, 'unauthenticated']);
  const subjects = await browser.until(
    async () => {
      const [, got] = await browser.jmap([
        ['Email/query', { filter: { hasKeyword: '$draft' } }],
        ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
      ]);
      return ((got?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject);
    },
    (found) => found.length > 0,
    20_000,
  );
  assert.ok(subjects.includes('kept over the turn'));
  const fresh = (): Browser => kit.byName(browser);
  assert.equal((await kit.showPasskey(fresh(), key)).status, 200);
  assert.equal((await fresh().signIn(alice.address, alice.password)).status, 200);
  assert.deepEqual(await problemOf(await fresh().post('/auth/sign-in/recovery', { code })), [401, 'wrong-code']);
  const dropSite = await fresh().post('/auth/sign-in/site', { name: 'alice', password: site });
  assert.deepEqual(await problemOf(dropSite), [401, 'wrong-password']);
});

test('D70 after a turn and a restart the cookie of the session opens it without a question', async () => {
  using folder = openFolder();
  let browser: Browser;
  {
    await using postern = await openPostern(village, folder.path);
    browser = await signInAs(postern, alice);
    await kit.prove(browser, alice.password);
    const answer = await browser.post('/auth/rotate-keys');
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.deepEqual(await answer.json(), { dropped: [], tokens: 0 });
  }
  await using postern = await openPostern(village, folder.path);
  const again = browser.at(postern.browser.url.replace('127.0.0.1', 'localhost'));
  assert.deepEqual(await problemOf(await again.fetch('/auth/session')), [423, 'locked']);
  assert.equal((await again.post('/auth/unlock')).status, 200);
  await draftIn(again, 'after the turn');
});

/** Somebody whose mail password changes at the server, with unlockers besides. */
const changing = async (name: string, meanwhile: (browser: Browser) => Promise<void>) => {
  const person = { address: `${name}@village.test`, password: 'before' };
  const old = await openDovecot({ users: [person] });
  const folder = openFolder();
  const postern = await openPostern(old, folder.path);
  const browser = await signInAs(postern, person);
  await kit.prove(browser, person.password);
  await meanwhile(browser);
  await old.dovecot[Symbol.asyncDispose]();
  const mail = mkdtempSync(`/tmp/postern-${name}-`);
  chmodSync(mail, 0o755);
  const changed = await startDovecot({ users: [{ ...person, password: 'after' }], mail, imapPort: old.imapPort });
  return {
    person,
    browser,
    postern,
    fresh: (): Browser => kit.byName(browser),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await postern[Symbol.asyncDispose]();
      await changed[Symbol.asyncDispose]();
      await old[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
      rmSync(mail, { recursive: true, force: true });
    },
  };
};

const mailBox = (login: string, secret: string) => ({ purpose: 'mailPassword', login, secret }) as const;

test('D20 a mail password changed at the server goes on with a passkey, once, or with the recovery code', async () => {
  const key = new Passkey();
  let code = '';
  await using world = await changing('dora', async (browser) => {
    assert.equal((await kit.addPasskey(browser, key)).answer.status, 201);
    code = await kit.makeRecovery(browser);
  });
  const { person, fresh, browser } = world;
  const { address } = person;
  const told = await fresh().signIn(address, 'after');
  assert.equal(told.status, 409);
  const { choices } = (await told.json()) as { choices: string[] };
  assert.deepEqual(choices, ['previous-password', 'passkey', 'recovery', 'start-afresh']);
  const wrong = await fresh().signIn(address, 'after', {
    opens: { kind: 'recovery' },
    previousPassword: 'AAAA-nothing',
  });
  assert.deepEqual(await problemOf(wrong), [401, 'wrong-code']);
  const at = fresh();
  const answer = key.answer(await kit.challengeFor(at), at.url);
  const opens = { kind: 'passkey', ...answer };
  const prf = { purpose: 'passkey', login: '', secret: key.prf } as const;
  const sent = await kit.postSealed(at, '/auth/sign-in', { address, opens }, mailBox(address, 'after'), prf);
  assert.equal(sent.status, 200, await sent.clone().text());
  assert.equal(await userOf(at), await userOf(browser), 'the same user as before');
  assert.equal((await fresh().signIn(address, 'after')).status, 200, 'the slot was made anew');
  assert.deepEqual(await problemOf(await fresh().signIn(address, 'before')), [401, 'wrong-password']);
  assert.ok(code !== '');
});

test('D20 the recovery code takes the place of the previous password, and is used then', async () => {
  let code = '';
  await using world = await changing('emil', async (browser) => {
    code = await kit.makeRecovery(browser);
  });
  const { person, fresh } = world;
  const again = await fresh().signIn(person.address, 'after', { opens: { kind: 'recovery' }, previousPassword: code });
  assert.equal(again.status, 200, await again.clone().text());
  assert.equal(((await again.json()) as SignedIn).recovery, 'used');
  assert.deepEqual(await problemOf(await fresh().post('/auth/sign-in/recovery', { code })), [401, 'wrong-code']);
});

test('D69 starting afresh does not touch what another unlocker opens', async () => {
  await using world = await changing('fritz', async (browser) => {
    assert.equal((await kit.setSite(browser, 'fritz', site)).status, 201);
    await draftIn(browser, 'not lost');
  });
  const { person, fresh, browser, postern } = world;
  const user = await userOf(browser);
  const keys = (await postern.store.user(user))?.keys;
  const anew = fresh();
  assert.equal((await anew.signIn(person.address, 'after', { startAfresh: true })).status, 200);
  assert.notEqual(await userOf(anew), user);
  assert.equal((await fresh().signIn(person.address, 'after')).status, 200);
  const old = fresh();
  assert.equal((await old.post('/auth/sign-in/site', { name: 'fritz', password: site })).status, 200);
  assert.equal(await userOf(old), user);
  assert.deepEqual((await postern.store.user(user))?.keys, keys);
  assert.deepEqual(await postern.store.slots(user, 'mail-password'), []);
  assert.ok((await postern.store.allRecords(user)).length > 0, 'what was sealed is there');
});

test('D69 whoever took the mail password from the unlockers is told so, and loses nothing', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const browser = await signInAs(postern, alice);
  await kit.prove(browser, alice.password);
  assert.equal((await kit.addPasskey(browser)).answer.status, 201);
  const { unlockers } = await kit.unlockers(browser);
  const mail = unlockers.find(({ kind }) => kind === 'mail-password')!;
  assert.equal((await browser.fetch(`/auth/unlockers/${mail.id}`, { method: 'DELETE' })).status, 204);
  const answer = await kit.byName(browser).signIn(alice.address, alice.password);
  assert.equal(answer.status, 409);
  assert.deepEqual(((await answer.json()) as { choices: string[] }).choices, ['passkey', 'start-afresh']);
  assert.equal((await browser.fetch('/auth/session')).status, 200);
});

test('D71 whom the operator locked is told so, after the secret was right and not before', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { store } = postern;
  const browser = await signInAs(postern, alice);
  const user = await userOf(browser);
  await kit.prove(browser, alice.password);
  await kit.setSite(browser, 'alice', site);
  const { key } = await kit.addPasskey(browser);
  assert.equal((await browser.post('/auth/lock')).status, 204);
  await store.setLocked(user, Date.now());
  const fresh = (): Browser => kit.byName(browser);
  const signSite = (password: string) => fresh().post('/auth/sign-in/site', { name: 'alice', password });
  assert.deepEqual(await problemOf(await signSite('another site password')), [401, 'wrong-password']);
  assert.deepEqual(await problemOf(await signSite(site)), [403, 'user-locked']);
  assert.deepEqual(await problemOf(await fresh().signIn(alice.address, alice.password)), [403, 'user-locked']);
  assert.deepEqual(await problemOf(await kit.showPasskey(fresh(), key)), [403, 'user-locked']);
  assert.deepEqual(await problemOf(await browser.post('/auth/unlock', { kind: 'site', password: site })), [
    403,
    'user-locked',
  ]);
  await eventually('no key stays', async () => !(await postern.keeper.isOpen(user)));
  await store.setLocked(user, null);
  assert.equal((await signSite(site)).status, 200);
});

test('D72 the audit log tells of ways in, refusals and changes of unlockers, and holds no secret', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const browser = await signInAs(postern, alice);
  await kit.prove(browser, alice.password);
  await kit.setSite(browser, 'alice', site);
  await kit.setSite(browser, 'alice', 'the next site password');
  const code = await kit.makeRecovery(browser);
  const { unlockers } = await kit.unlockers(browser);
  const recovery = unlockers.find(({ kind }) => kind === 'recovery')!;
  await kit.patch(browser, `/auth/unlockers/${recovery.id}`, { name: 'On paper' });
  await new Browser(browser.url).post('/auth/sign-in/site', { name: 'alice', password: 'guessed password' });
  await browser.post('/auth/lock');
  await browser.post('/auth/unlock', { kind: 'recovery', code });
  const turned = await browser.post('/auth/rotate-keys');
  assert.equal(turned.status, 200, await turned.text());
  const entries = await browser.until(
    () => audited(browser),
    (found) => found.some(({ kind }) => kind === 'user-key-rotated'),
  );
  const kinds = entries.map(({ kind }) => kind).toReversed();
  assert.deepEqual(kinds.toSorted(), [
    'locked',
    'recovery-used',
    'sign-in',
    'sign-in-refused',
    'unlocked',
    'unlocker-added',
    'unlocker-added',
    'unlocker-changed',
    'unlocker-renamed',
    'user-key-rotated',
  ]);
  assert.deepEqual(entries.find(({ kind }) => kind === 'sign-in-refused')?.facts, {
    by: 'site-password',
    why: 'wrong-password',
  });
  const text = JSON.stringify(entries);
  for (const secret of [site, 'the next site password', 'guessed password', alice.password, code])
    assert.ok(!text.includes(secret));
});
