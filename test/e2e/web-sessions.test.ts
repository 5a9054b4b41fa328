import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';

/** K5, K6: the sessions of a user, and ending those of other browsers. */

let village: Village;
let alice: { address: string; password: string };
before(async () => {
  village = await openDovecot();
  alice = village.users[0]!;
});
after(() => village[Symbol.asyncDispose]());

interface Listed {
  id: string;
  device: string;
  address: string;
  isCurrent: boolean;
  remember: boolean;
}

const call = async (
  browser: Browser,
  name: string,
  args: Record<string, unknown>,
  init: RequestInit & { origin?: string | null } = {},
): Promise<Record<string, unknown>> => {
  const body = {
    using: ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'],
    methodCalls: [[name, { accountId: browser.account, ...args }, 'c']],
  };
  const answer = await browser.post('/jmap/api', body, init);
  assert.equal(answer.status, 200, await answer.clone().text());
  const { methodResponses } = (await answer.json()) as { methodResponses: [string, Record<string, unknown>][] };
  return methodResponses[0]![1];
};

const list = async (browser: Browser): Promise<Listed[]> =>
  (await call(browser, 'WebSession/get', { ids: null }))['list'] as Listed[];

const enter = async (url: string, more: Record<string, unknown> = {}): Promise<Browser> => {
  const browser = new Browser(url);
  assert.equal((await browser.signIn(alice.address, alice.password, more)).status, 200);
  return browser;
};

test('one browser ends another: its cookies are dead and its event streams end, at once', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const one = await enter(postern.door.url);
  const two = await enter(postern.door.url, { remember: true });
  // It has just been seen, so that its row is remembered by the door.
  assert.equal((await two.fetch('/auth/session')).status, 200);
  const stream = two.events('/jmap/eventsource?types=*&closeafter=no&ping=0');
  assert.equal((await stream.next()).value?.event, 'state');

  const both = await list(one);
  assert.equal(both.length, 2);
  assert.deepEqual(
    both.map(({ device, address }) => [device, address]),
    [
      ['node', '127.0.0.1'],
      ['node', '127.0.0.1'],
    ],
  );
  const own = both.find(({ isCurrent }) => isCurrent)!;
  const other = both.find(({ isCurrent }) => !isCurrent)!;
  assert.deepEqual([own.remember, other.remember], [false, true]);
  assert.deepEqual(
    (await list(two)).find(({ isCurrent }) => isCurrent)?.id,
    other.id,
    'each sees itself as the one that asks',
  );

  const done = await call(one, 'WebSession/set', { destroy: [other.id, own.id] });
  assert.deepEqual(done['destroyed'], [other.id]);
  assert.equal((done['notDestroyed'] as Record<string, { type: string }>)[own.id]?.type, 'forbidden');
  assert.deepEqual(await problemOf(await two.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.deepEqual(await problemOf(await two.post('/auth/unlock')), [401, 'unauthenticated']);
  // What it was told before may still be on its way; then it ends.
  while ((await stream.next()).done !== true);
  assert.equal((await one.fetch('/auth/session')).status, 200);
  assert.deepEqual(
    (await list(one)).map(({ id }) => id),
    [own.id],
  );
});

test('all others are ended with one call; API tokens and a browser of somebody else go on', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const one = await enter(postern.door.url);
  const others = [await enter(postern.door.url), await enter(postern.door.url)];
  const bob = new Browser(postern.door.url);
  assert.equal((await bob.signIn(village.users[1]!.address, village.users[1]!.password)).status, 200);
  const made = (await (await one.post('/auth/tokens', { name: 'reader', readOnly: true })).json()) as { token: string };
  const bearer = { headers: { authorization: `Bearer ${made.token}` }, origin: null };

  const all = await list(one);
  assert.equal(all.length, 3, 'nobody sees the sessions of others');
  const destroy = all.filter(({ isCurrent }) => !isCurrent).map(({ id }) => id);
  const script = new Browser(postern.door.url);
  script.account = one.account;
  assert.equal((await call(script, 'WebSession/set', { destroy }, bearer))['type'], 'accountReadOnly');
  const foreign = await call(bob, 'WebSession/set', { destroy });
  assert.deepEqual(foreign['destroyed'], null, 'nobody ends the sessions of others');
  for (const other of others) assert.equal((await other.fetch('/auth/session')).status, 200);

  assert.deepEqual((await call(one, 'WebSession/set', { destroy }))['destroyed'], destroy);
  for (const other of others)
    assert.deepEqual(await problemOf(await other.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.equal((await bob.fetch('/auth/session')).status, 200);
  assert.equal(((await call(script, 'WebSession/get', { ids: null }, bearer))['list'] as Listed[]).length, 1);
});

test('a session that is unlocked after a restart may have been ended before', async () => {
  using folder = openFolder();
  let two: Browser;
  {
    await using first = await openPostern(village, folder.path);
    const one = await enter(first.door.url);
    two = await enter(first.door.url);
    const other = (await list(one)).find(({ isCurrent }) => !isCurrent)!;
    await call(one, 'WebSession/set', { destroy: [other.id] });
  }
  await using second = await openPostern(village, folder.path);
  assert.deepEqual(await problemOf(await two.at(second.door.url).post('/auth/unlock')), [401, 'unauthenticated']);
});

test('D18 a token that ends the last session of somebody who leaves nothing leaves nothing', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const browser = await enter(postern.door.url, { leaveNothing: true });
  const made = (await (await browser.post('/auth/tokens', { name: 'script' })).json()) as { token: string };
  const bearer = { headers: { authorization: `Bearer ${made.token}` }, origin: null };
  const script = new Browser(postern.door.url);
  script.account = browser.account;
  const [only] = await list(browser);
  assert.deepEqual((await call(script, 'WebSession/set', { destroy: [only!.id] }, bearer))['destroyed'], [only!.id]);
  assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [401, 'unauthenticated']);
  await script.until(
    () => script.fetch('/auth/tokens', bearer),
    ({ status }) => status === 401,
  );
});
