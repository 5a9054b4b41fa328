import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { newSlot } from '#store/new-rows.ts';
import { StoreError } from '#store/errors.ts';
import type { Store } from '#store/types.ts';
import type { SlotId } from '#vault/keeper.ts';
import { must } from '#base/must.ts';
import { openApp, typeOf } from './door.testkit.ts';

/** The door; once `hold` was called, whoever brings a key hears of it when it is told to go on. */
const openSlowly = async (store: Partial<Store> = {}) => {
  let held: { reached: () => void; on: Promise<void> } | null = null;
  const brought = async (): Promise<void> => {
    held?.reached();
    await held?.on;
  };
  const door = await openApp({ brought, store });
  const hold = () => {
    const [reached, on] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    held = { reached: reached.resolve, on: on.promise };
    return { reached: reached.promise, goOn: () => on.resolve() };
  };
  return { door, hold };
};

type Door = Awaited<ReturnType<typeof openApp>>;

/** Whatever is done after an answer. */
const afterwards = async (): Promise<void> => {
  for (let i = 0; i < 100; i += 1) await turn();
};

type Comer = (jar: Map<string, string>) => Promise<Response>;

/** Ways of bringing the user's key: what each needs beforehand, and how it is done. Beforehand ada is here. */
const ways: Record<string, (door: Door) => Promise<Comer>> = {
  'the mail password': async (door) => (jar) => door.signIn('right', { jar }),
  'the site password': async (door) => {
    const [user] = await door.store.users();
    const row = { id: 'site' as SlotId, user: must(user, 'ada').id, account: null, generation: 1 };
    await door.store.saveSlots([newSlot({ ...row, kind: 'site-password', sealed: Buffer.alloc(4) }, 0)], 'ada');
    return (jar) => door.post('/auth/sign-in/site', { name: 'ada', password: 'right' }, { jar });
  },
  'the key of a cookie': async (door) => {
    const other = new Map<string, string>();
    await door.signIn('right', { jar: other });
    door.clock.pass(31 * 60_000);
    assert.equal((await door.post('/auth/unlock')).status, 200, 'ada comes back, the other session not yet');
    return async (jar) => {
      for (const [name, value] of other) jar.set(name, value);
      return door.post('/auth/unlock', undefined, { jar });
    };
  },
  'an unlocker for a locked session': async (door) => {
    const other = new Map<string, string>();
    await door.signIn('right', { jar: other });
    await door.post('/auth/lock', undefined, { jar: other });
    return async (jar) => {
      for (const [name, value] of other) jar.set(name, value);
      return door.post('/auth/unlock', { password: 'right' }, { jar });
    };
  },
};

for (const [name, prepare] of Object.entries(ways)) {
  test(`D81 the last session ends while another comes by ${name}: that one is here`, async () => {
    const { door, hold } = await openSlowly();
    await using _door = door;
    await door.signIn();
    const come = await prepare(door);
    const jar = new Map<string, string>();
    const { reached, goOn } = hold();
    const coming = come(jar);
    await reached;
    assert.equal((await door.post('/auth/sign-out')).status, 204);
    await afterwards();
    goOn();
    assert.equal((await coming).status, 200);
    await afterwards();
    assert.equal((await door.post('/jmap/api', {}, { jar })).status, 200);
    assert.equal((await door.post('/auth/sign-out', undefined, { jar })).status, 204);
    await afterwards();
    assert.equal(door.open.size, 0, 'and nothing stays after it');
  });
}

test('D81 an API token used for the first time while the last session ends opens its user', async () => {
  const { door, hold } = await openSlowly();
  await using _door = door;
  await door.signIn();
  const { token } = (await (await door.post('/auth/tokens', { name: 'script' })).json()) as { token: string };
  const { reached, goOn } = hold();
  const asking = door.post('/jmap/api', {}, { jar: new Map(), headers: { authorization: `Bearer ${token}` } });
  await reached;
  assert.equal((await door.post('/auth/sign-out')).status, 204);
  await afterwards();
  goOn();
  assert.equal((await asking).status, 200);
  assert.equal(door.open.size, 1);
});

test('D81 who comes in vain while the last session ends leaves no key behind', async () => {
  const store: Partial<Store> = {};
  const { door, hold } = await openSlowly(store);
  await using _door = door;
  await door.signIn();
  store.addSession = () => Promise.reject(new StoreError('store/unavailable', 'away'));
  const { reached, goOn } = hold();
  const coming = door.signIn('right', { jar: new Map() });
  await reached;
  assert.equal((await door.post('/auth/sign-out')).status, 204);
  await afterwards();
  goOn();
  assert.equal((await coming).status, 503);
  await afterwards();
  assert.equal(door.open.size, 0);
});

test('D81 a proof that is still being looked at when its session ends leaves no key behind', async () => {
  const { door, hold } = await openSlowly();
  await using _door = door;
  await door.signIn();
  const { reached, goOn } = hold();
  const proving = door.post('/auth/prove', { password: 'right' }, { jar: new Map(door.jar) });
  await reached;
  assert.equal((await door.post('/auth/sign-out')).status, 204);
  await afterwards();
  // As the keeper does that was asked later.
  for (const { id } of await door.store.users()) door.open.add(id);
  goOn();
  await proving;
  await afterwards();
  assert.equal(door.open.size, 0);
});

test('D81 who is coming opens no other session: a token alone is still locked out (D16)', async () => {
  const { door, hold } = await openSlowly();
  await using _door = door;
  await door.signIn();
  const stolen = new Map(door.jar);
  door.clock.pass(31 * 60_000);
  await afterwards();
  const { reached, goOn } = hold();
  const coming = door.signIn('right', { jar: new Map() });
  await reached;
  assert.equal(await typeOf(await door.post('/jmap/api', {}, { jar: stolen })), '423 locked');
  goOn();
  assert.equal((await coming).status, 200);
  assert.equal(await typeOf(await door.post('/jmap/api', {}, { jar: stolen })), '423 locked');
});

for (const name of ['the key of a cookie', 'an unlocker for a locked session'])
  test(`D81 a session that ends while it is opened by ${name} is over, and leaves no key behind`, async () => {
    const { door, hold } = await openSlowly();
    await using _door = door;
    await door.signIn();
    const come = await must(ways[name], 'a way')(door);
    assert.equal((await door.post('/auth/sign-out')).status, 204);
    const jar = new Map<string, string>();
    const { reached, goOn } = hold();
    const coming = come(jar);
    await reached;
    assert.equal((await door.post('/auth/sign-out', undefined, { jar: new Map(jar) })).status, 204);
    goOn();
    assert.equal(await typeOf(await coming), '401 unauthenticated');
    await afterwards();
    assert.equal(door.open.size, 0);
  });
