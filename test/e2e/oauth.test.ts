import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { OAuthBegun, OAuthFinished } from '#jmap/auth/oauth.ts';
import type { UserId } from '#vault/keeper.ts';
import { Browser, problemOf } from './browser.ts';
import { type OAuthVillage, openOAuthVillage } from './oauth-world.ts';
import { openFolder, openPostern } from './postern.ts';

let world: OAuthVillage;
const alice = 'alice@village.test';
const bob = 'bob@village.test';

const letter = (subject: string): string =>
  `From: Bob <bob@village.test>\r\nTo: alice@village.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@village.test>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n\r\nHello\r\n`;

before(async () => {
  world = await openOAuthVillage();
  await world.village.deliver(alice, letter('first letter'));
});
after(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  Object.assign(world.issuer.manners, { rotate: true, lifeSeconds: 3_600, hostile: null, iss: null });
  world.issuer.asked.length = 0;
});

const postern = (folder: string, more: Record<string, string> = {}) =>
  openPostern(world.village, folder, { ...world.environment, ...more });

const begin = async (browser: Browser, more: Record<string, unknown> = {}): Promise<string> => {
  const answer = await browser.post('/auth/oauth/begin', {
    issuer: 'house',
    address: alice,
    purpose: 'sign-in',
    ...more,
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as OAuthBegun).url;
};

/** To the issuer and back, as a browser goes; what the app is given in the fragment. */
const come = async (browser: Browser, url: string, user: string): Promise<Record<string, string>> => {
  const back = world.issuer.consent(url, user);
  assert.equal(back.origin, browser.url);
  const answer = await fetch(back, { redirect: 'manual' });
  assert.equal(answer.status, 303);
  const location = answer.headers.get('location') ?? '';
  assert.match(location, /^\/connect#/);
  return Object.fromEntries(new URLSearchParams(location.split('#')[1]));
};

const through = async (browser: Browser, more: Record<string, unknown> = {}, user = alice): Promise<Response> => {
  const said = await come(browser, await begin(browser, more), user);
  const answer = await browser.post('/auth/oauth/finish', { ...said });
  if (answer.ok) {
    const done = (await answer.clone().json()) as OAuthFinished;
    if (done.purpose === 'sign-in') browser.account = done.signedIn.accounts[0]?.id ?? '';
  }
  return answer;
};

const subjects = async (browser: Browser): Promise<string[]> => {
  const [, got] = await browser.jmap([
    ['Email/query', { sort: [{ property: 'receivedAt', isAscending: false }] }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  return ((got?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject);
};

const until = async <T>(ask: () => Promise<T>, right: (value: T) => boolean): Promise<T> => {
  for (let i = 0; ; i += 1) {
    const value = await ask();
    if (right(value) || i > 150) return value;
    await sleep(100);
  }
};

const account = async (browser: Browser): Promise<AccountFacts> => {
  const answer = await browser.fetch('/auth/accounts');
  assert.equal(answer.status, 200, await answer.clone().text());
  const { accounts } = (await answer.json()) as { accounts: AccountFacts[] };
  return accounts.find(({ address }) => address === alice)!;
};

/** Dovecot ends every connection: the next needs a token. */
const kick = (): void => void world.village.dovecot.doveadm('kick', '*');

test('D40 a sign-in at the issuer opens the mailbox; what is kept is a refresh token, and there is no unlocker', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser, store } = running;
  const answer = await through(browser);
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.deepEqual(
    await until(
      () => subjects(browser),
      (list) => list.length > 0,
    ),
    ['first letter'],
  );
  const facts = await account(browser);
  assert.deepEqual([facts.auth, facts.state, facts.direct], ['oauth', 'ok', false]);
  const user = (await store.users())[0]!;
  assert.deepEqual(await store.slots(user.id), []);
  const sent = world.issuer.asked.map((form) => form.get('grant_type'));
  assert.deepEqual(sent, ['authorization_code']);
  // The cookie opens it again after the keys were dropped, and the token is had by a refresh.
  await running.keeper.forget(user.id);
  await browser.post('/auth/unlock');
  kick();
  await world.village.deliver(alice, letter('second letter'));
  assert.ok(
    (
      await until(
        () => subjects(browser),
        (list) => list.length > 1,
      )
    ).includes('second letter'),
  );
  assert.ok(world.issuer.asked.some((form) => form.get('grant_type') === 'refresh_token'));
});

test('D41 state and browser belong together: nobody is led into somebody else’s account', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser } = running;
  const said = await come(browser, await begin(browser), alice);
  const victim = new Browser(browser.url);
  assert.deepEqual(await problemOf(await victim.post('/auth/oauth/finish', said)), [409, 'oauth-expired']);
  await begin(victim);
  assert.deepEqual(await problemOf(await victim.post('/auth/oauth/finish', said)), [409, 'oauth-expired']);
  assert.deepEqual(await problemOf(await browser.post('/auth/oauth/finish', { ...said, state: 'x' })), [
    409,
    'oauth-expired',
  ]);
  const foreign = await browser.post('/auth/oauth/finish', said, { origin: 'https://evil.test' });
  assert.deepEqual(await problemOf(foreign), [403, 'forbidden-origin']);
  assert.equal((await browser.post('/auth/oauth/finish', said)).status, 200);
  assert.deepEqual(await problemOf(await browser.post('/auth/oauth/finish', said)), [409, 'oauth-expired']);
});

test('D42 every refusal has its words', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser } = running;
  const url = await begin(browser);
  const state = new URL(url).searchParams.get('state') ?? '';
  const denied = await browser.post('/auth/oauth/finish', { state, error: 'access_denied' });
  assert.deepEqual(await problemOf(denied), [422, 'oauth-refused']);
  // Somebody else's mailbox: the issuer's word is for bob, the mail server knows.
  const wrong = await through(browser, {}, bob);
  assert.equal(wrong.status, 422);
  assert.match(await wrong.text(), /did not accept the sign-in at House/);
  world.issuer.manners.iss = 'https://evil.test';
  assert.deepEqual(await problemOf(await through(browser)), [422, 'oauth-refused']);
  world.issuer.manners.iss = world.issuer.url;
  world.issuer.manners.hostile = (_request, answer) => answer.writeHead(500).end();
  assert.deepEqual(await problemOf(await through(browser)), [502, 'server-unavailable']);
  assert.deepEqual(
    await problemOf(await browser.post('/auth/oauth/begin', { issuer: 'nobody', address: alice, purpose: 'sign-in' })),
    [404, 'not-found'],
  );
  assert.deepEqual(
    await problemOf(await browser.post('/auth/oauth/begin', { issuer: 'house', address: alice, purpose: 'add' })),
    [401, 'unauthenticated'],
  );
});

test('D43 V147 tokens end: a refresh follows, its turned token is stored; what was taken back is told in words, and connected again', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser, store } = running;
  assert.equal((await through(browser, { remember: true })).status, 200);
  await until(
    () => subjects(browser),
    (list) => list.length > 0,
  );
  const [user] = await store.users();
  const generation = async (): Promise<number[]> =>
    (await store.credentials(user!.id as UserId)).map(({ binding }) => binding.generation);
  const before = Math.max(...(await generation()));
  world.issuer.expire();
  kick();
  await world.village.deliver(alice, letter('after the end'));
  await until(
    () => subjects(browser),
    (list) => list.includes('after the end'),
  );
  const after = await until(generation, (all) => Math.min(...all) > before);
  assert.ok(
    after.every((each) => each === after[0] && each > before),
    String(after),
  );

  world.issuer.revoke(alice);
  kick();
  const refused = await until(
    () => account(browser),
    ({ state }) => state === 'refused',
  );
  assert.deepEqual([refused.state, refused.auth, refused.words], ['refused', 'oauth', 'the token was revoked']);
  assert.ok((await subjects(browser)).length > 0, 'what is here stays readable');

  const renewed = await through(browser, { purpose: 'renew', account: refused.id });
  assert.equal(renewed.status, 200, await renewed.clone().text());
  const again = await until(
    () => account(browser),
    ({ state }) => state === 'ok',
  );
  assert.deepEqual([again.state, again.auth], ['ok', 'oauth']);
  await world.village.deliver(alice, letter('connected again'));
  assert.ok(
    (
      await until(
        () => subjects(browser),
        (list) => list.includes('connected again'),
      )
    ).includes('connected again'),
  );
});

test('D44 a mailbox that other unlockers open is not opened by the issuer; beside it one starts afresh', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser, store } = running;
  await through(browser);
  await until(
    () => subjects(browser),
    (list) => list.length > 0,
  );
  const site = await browser.post('/auth/unlockers/site', { name: 'ada', password: 'a long site password' });
  assert.ok(site.ok, await site.clone().text());
  const token = await browser.post('/auth/tokens', { name: 'script' });
  assert.deepEqual(await problemOf(token), [403, 'proof-needed'], 'D64: the issuer showed no unlocker');
  const other = new Browser(browser.url);
  const said = await come(other, await begin(other), alice);
  const refused = await other.post('/auth/oauth/finish', said);
  assert.deepEqual(await problemOf(refused), [409, 'slot-does-not-open']);
  const afresh = await other.post('/auth/oauth/finish', { state: said['state'], startAfresh: true });
  assert.equal(afresh.status, 200, await afresh.clone().text());
  assert.equal((await store.users()).length, 2);
  assert.ok((await subjects(browser)).length > 0);
});

test('D45 a further account signs in at the issuer; twice it is not added', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser } = running;
  const password = world.village.users.find(({ address }) => address === bob)!.password;
  assert.equal((await browser.signIn(bob, password)).status, 200);
  const added = await through(browser, { purpose: 'add' });
  assert.equal(added.status, 200, await added.clone().text());
  assert.equal((await account(browser)).auth, 'oauth');
  assert.deepEqual(await problemOf(await through(browser, { purpose: 'add' })), [409, 'account-exists']);
});

test('D46 a letter is sent with a token', async () => {
  using folder = openFolder();
  await using running = await postern(folder.path);
  const { browser } = running;
  await through(browser);
  // INBOX is there before the other mailboxes are.
  const drafts = await until(
    async () => {
      const [boxes] = await browser.jmap([['Mailbox/get', {}]]);
      return ((boxes?.['list'] ?? []) as { id: string; role: string }[]).find(({ role }) => role === 'drafts');
    },
    (found) => found !== undefined,
  );
  const [identities] = await browser.jmap([['Identity/get', {}]]);
  const identity = ((identities?.['list'] ?? []) as { id: string }[])[0]!;
  const taken = world.village.taken;
  await browser.jmap([
    [
      'Email/set',
      {
        create: {
          e: {
            mailboxIds: { [drafts!.id]: true },
            from: [{ email: alice }],
            to: [{ email: bob }],
            subject: 'by token',
            bodyValues: { t: { value: 'Hello' } },
            textBody: [{ partId: 't', type: 'text/plain' }],
          },
        },
      },
    ],
    ['EmailSubmission/set', { create: { s: { emailId: '#e', identityId: identity.id } } }],
  ]);
  await until(
    async () => world.village.taken,
    (count) => count > taken,
  );
  assert.equal(world.village.taken, taken + 1);
});
