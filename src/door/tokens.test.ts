import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp, typeOf } from './door.testkit.ts';

type Door = Awaited<ReturnType<typeof openApp>>;

const make = async (door: Door, init: Parameters<Door['post']>[2] = {}): Promise<Response> =>
  door.post('/auth/tokens', { name: 'script' }, init);

const minutes = 60_000;

test('D64 who has just signed in makes a token at once; after five minutes an unlocker is shown for it', async () => {
  await using door = await openApp();
  await door.signIn();
  assert.equal((await make(door)).status, 201);
  door.clock.pass(5 * minutes - 1);
  assert.equal((await make(door)).status, 201);
  door.clock.pass(1);
  const late = await make(door);
  assert.deepEqual(((await late.clone().json()) as { unlockers: string[] }).unlockers, ['mail-password']);
  assert.equal(await typeOf(late), '403 proof-needed');
  assert.equal((await door.post('/auth/prove', { password: 'right' })).status, 204);
  assert.equal((await make(door)).status, 201);
  door.clock.pass(5 * minutes);
  assert.equal(await typeOf(await make(door)), '403 proof-needed');
});

test('D64 a sign-in is good for API tokens and for nothing else that needs proof', async () => {
  await using door = await openApp();
  await door.signIn();
  for (const path of [
    '/auth/unlockers/site',
    '/auth/unlockers/passkey/begin',
    '/auth/unlockers/recovery',
    '/auth/unlockers/totp/begin',
    '/auth/rotate-keys',
  ])
    assert.equal(await typeOf(await door.post(path)), '403 proof-needed', path);
  const origin = { origin: 'http://localhost:8080' };
  for (const path of ['/auth/user', '/auth/accounts/none'])
    assert.equal(await typeOf(await door.fetch(path, { method: 'DELETE', headers: origin })), '403 proof-needed', path);
  const { proven } = (await (await door.fetch('/auth/unlockers')).json()) as { proven: boolean };
  assert.equal(proven, false);
  await door.post('/jmap/api', {});
  assert.deepEqual(door.provenAsks, [], 'app passwords are asked for in the mailroom, which is not told so either');
});

test('D64 opening a session again is no sign-in, and a sign-in is good for its own session alone', async () => {
  await using door = await openApp();
  await door.signIn();
  door.clock.pass(31 * minutes);
  assert.equal((await door.post('/auth/unlock')).status, 200);
  assert.equal(await typeOf(await make(door)), '403 proof-needed');
  const other = new Map<string, string>();
  await door.signIn('right', { jar: other });
  assert.equal((await make(door, { jar: other })).status, 201);
  assert.equal(await typeOf(await make(door)), '403 proof-needed');
  const kept = new Map(other);
  assert.equal((await door.post('/auth/unlock', undefined, { jar: other })).status, 200);
  assert.equal((await make(door, { jar: other })).status, 201, 'its keys have turned, it is the same');
  assert.equal((await door.post('/auth/lock', undefined, { jar: other })).status, 204);
  for (const jar of [kept, other]) assert.equal(await typeOf(await make(door, { jar })), '423 locked');
});

test('D64 an API token makes no other, however young its user’s session is', async () => {
  await using door = await openApp();
  await door.signIn();
  const { token } = (await (await make(door)).json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  assert.equal(await typeOf(await make(door, { headers })), '403 proof-needed');
  assert.equal(await typeOf(await make(door, { headers, jar: new Map(), origin: null })), '403 proof-needed');
});
