import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp, typeOf } from './door.testkit.ts';

type Door = Awaited<ReturnType<typeof openApp>>;

const nobody = (): Map<string, string> => new Map();

/** The header of an API token that was just made. */
const bearerOf = async (door: Door, more: { readOnly?: boolean } = {}): Promise<{ authorization: string }> => {
  const made = await door.post('/auth/tokens', { name: 'script', ...more });
  assert.equal(made.status, 201);
  return { authorization: `Bearer ${((await made.json()) as { token: string }).token}` };
};

/** What changes something and takes tokens: method, path. */
const changes = [
  ['POST', '/jmap/api'],
  ['POST', '/jmap/upload/A1'],
  ['POST', '/auth/tokens'],
  ['DELETE', '/auth/tokens/none'],
  ['POST', '/auth/accounts'],
  ['PATCH', '/auth/accounts/none'],
  ['POST', '/auth/accounts/none/password'],
  ['POST', '/auth/accounts/none/check'],
  ['DELETE', '/auth/accounts/none'],
  ['DELETE', '/auth/user'],
] as const;

/** What browser sessions do. */
const ofSessions = [
  '/auth/lock',
  '/auth/unlock',
  '/auth/prove',
  '/auth/rotate-keys',
  '/auth/unlockers/site',
  '/auth/unlockers/recovery',
] as const;

test('D8 no Authorization but a token of ours lets a cookie from another place pass', async () => {
  await using door = await openApp();
  await door.signIn();
  const strange = ['Basic eA==', 'Bearer', 'Bearer a b', 'Negotiate x', ''];
  for (const authorization of strange) {
    for (const [method, path] of changes)
      assert.equal(
        await typeOf(await door.fetch(path, { method, headers: { authorization, origin: 'https://evil.example' } })),
        '403 forbidden-origin',
        `${method} ${path} ${authorization}`,
      );
    for (const path of [...ofSessions, '/auth/sign-out'])
      assert.equal(
        await typeOf(await door.post(path, undefined, { headers: { authorization, origin: 'https://evil.example' } })),
        '403 forbidden-origin',
        `${path} ${authorization}`,
      );
  }
  assert.ok(!door.asked.includes('api') && !door.asked.includes('upload'));
  const guarded = await door.post('/jmap/api', {}, { headers: { authorization: 'Basic eA==' } });
  assert.equal(guarded.status, 200, 'a proxy in front of us may want a password of its own');
});

test('D8 a Bearer token needs no Origin and takes none amiss; the cookie beside it has no power', async () => {
  await using door = await openApp();
  await door.signIn();
  const token = await bearerOf(door);
  for (const origin of [{}, { origin: 'https://evil.example' }]) {
    const headers = { ...token, ...origin };
    assert.equal((await door.post('/jmap/api', {}, { headers, jar: nobody(), origin: null })).status, 200);
    const wrong = { ...headers, authorization: 'Bearer nonsense' };
    assert.equal(
      await typeOf(await door.post('/jmap/api', {}, { headers: wrong, origin: null })),
      '401 unauthenticated',
    );
  }
});

test('D8 where no cookie is, nobody asks: Origin does not matter', async () => {
  await using door = await openApp();
  const foreign = { headers: { origin: 'https://evil.example' } };
  for (const init of [{ origin: null }, foreign, {}] as const) {
    for (const [method, path] of changes)
      assert.equal(await typeOf(await door.fetch(path, { method, ...init })), '401 unauthenticated', path);
    for (const path of ofSessions)
      assert.equal(await typeOf(await door.post(path, undefined, init)), '401 unauthenticated', path);
  }
  assert.equal(await typeOf(await door.post('/auth/sign-out', undefined, foreign)), '403 forbidden-origin');
});

test('D17 what is for browser sessions tells a token so', async () => {
  await using door = await openApp();
  await door.signIn();
  const headers = await bearerOf(door);
  for (const init of [{ headers, origin: null }, { headers }, { headers, jar: nobody(), origin: null }] as const)
    for (const path of [...ofSessions, '/auth/sign-out']) {
      const answer = await door.post(path, undefined, init);
      assert.equal(answer.headers.getSetCookie().length, 0, path);
      const { title } = (await answer.clone().json()) as { title: string };
      assert.deepEqual([await typeOf(answer), title], ['403 session-only', 'An API token cannot do this.'], path);
    }
  assert.equal((await door.fetch('/auth/session')).status, 200, 'nothing has happened');
  const reader = await bearerOf(door, { readOnly: true });
  assert.equal(await typeOf(await door.post('/auth/tokens', { name: 'x' }, { headers: reader })), '403 read-only');
});
