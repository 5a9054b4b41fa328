import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idWithin } from '#app-passwords/password.ts';
import type { Answer } from '../fixture.ts';
import { openScene, wish, type Scene } from './app-password.testkit.ts';

/** In one order, whatever it came in. */
const sorted = (list: unknown[]): string[] => list.map((each) => JSON.stringify(each)).toSorted();

const capability = async ({ g }: Scene): Promise<Answer> => {
  const session = JSON.parse((await g.gateway.session(g.caller, 'https://p', 'ana')).toString('utf8'));
  return session.accounts[g.accountId].accountCapabilities['urn:postern:params:jmap:app-passwords'];
};

const elsewhere = (scene: Scene, host: string, username = 'ana@example.org'): void => {
  const { open } = scene.g;
  open.account = { ...open.account, imap: { ...open.account.imap, host, username } };
};

test('A60 A61 K20 the server decides who somebody is: the same name at another server manages nothing', async () => {
  await using scene = await openScene();
  await scene.make();
  elsewhere(scene, 'imap.attacker.test');
  for (const [name, args] of [
    ['AppPassword/get', {}],
    ['AppPassword/changes', { sinceState: '0-0-0' }],
    ['AppPassword/set', { create: { k: wish } }],
    ['AppPassword/revokeAll', {}],
    ['AppPassword/settle', { choice: 'drop' }],
  ] as const)
    assert.equal((await scene.one(name, args)).type, 'accountNotSupportedByMethod', name);
  assert.equal((await capability(scene)).mode, 'one-password');
  elsewhere(scene, 'imap.example.org', 'ana@other.example');
  assert.equal((await scene.one('AppPassword/get', {})).type, 'accountNotSupportedByMethod', 'a domain not managed');
  elsewhere(scene, 'imap.example.org', 'ben@example.org');
  assert.deepEqual((await scene.one('AppPassword/get', {})).list, [], 'another user has his own');
  elsewhere(scene, 'imap.example.org');
  assert.equal((await scene.one('AppPassword/get', {})).list.length, 1);
});

test('A62 A63 A71 what an account says: here with policy and servers, at the provider with page and steps, or one password', async () => {
  const setup = {
    imap: { host: 'mail.example.org', port: 993, security: 'tls' },
    submission: null,
    pop3: { host: 'mail.example.org', port: 995, security: 'tls' },
    sieve: null,
  } as const;
  const config = { setup, most: 5, longestMs: 90 * 86_400_000, protocols: ['imap'], required: true } as const;
  await using scene = await openScene({}, { ...config, swap: 'on' });
  const here = await capability(scene);
  assert.deepEqual([here.mode, here.provider], ['here', null]);
  assert.deepEqual(here.policy, {
    most: 5,
    longestDays: 90,
    protocols: ['imap'],
    required: true,
    onMainChange: 'keep',
  });
  assert.deepEqual(here.setup, {
    address: 'ana@example.org',
    username: 'ana@example.org',
    imap: setup.imap,
    smtp: { host: 'smtp.example.org', port: 465, security: 'tls' },
    pop3: setup.pop3,
    sieve: null,
  });
  assert.equal(here.own.auth, 'password');
  assert.match(here.own.note, /keeps your main password/);
  elsewhere(scene, 'imap.gmail.com');
  const gmail = await capability(scene);
  assert.deepEqual([gmail.mode, gmail.provider.name, gmail.policy], ['provider', 'Gmail', null]);
  assert.match(gmail.provider.url, /^https:\/\/myaccount\.google\.com\//);
  assert.ok(gmail.provider.steps.length > 2);
  assert.equal(gmail.own.note, null);
  elsewhere(scene, 'imap.nowhere.test');
  assert.deepEqual([(await capability(scene)).mode, (await capability(scene)).provider], ['one-password', null]);
});

test('A65 A69 K21 making one: asks for a proof, tells the password once, never again', async () => {
  await using scene = await openScene();
  const unproven = await scene.one('AppPassword/set', { create: { k: wish } }, { proven: false });
  assert.equal(unproven.notCreated.k.type, 'proofNeeded');
  assert.equal((await scene.sql('SELECT * FROM app_password')).length, 0);
  const reader = await scene.one('AppPassword/set', { create: { k: wish } }, { readOnly: true });
  assert.equal(reader.type, 'accountReadOnly');

  const made = await scene.make({ networks: ['192.0.2.0/24'], name: 'Büro “1”' });
  assert.match(made.password, /^pst[2-9a-hjkmnp-z]{33}$/);
  assert.equal(made.id, `P${idWithin(made.password)}`);
  assert.equal(made.setup.imap.host, 'imap.example.org');
  const { list } = await scene.one('AppPassword/get', {});
  assert.deepEqual(list, [
    {
      id: made.id,
      name: 'Büro “1”',
      program: 'thunderbird',
      protocols: ['imap', 'submission'],
      networks: ['192.0.2.0/24'],
      createdAt: made.createdAt,
      expiresAt: null,
      state: 'active',
      worksUntil: null,
      replacedBy: null,
      lastUsed: null,
      unusedDays: 0,
      own: false,
      imported: false,
    },
  ]);
  const everything = JSON.stringify(await scene.sql('SELECT * FROM app_password'));
  assert.ok(!everything.includes(made.password.slice(9)));
  assert.deepEqual(
    scene.g.store.audited.map(({ kind, facts }) => [kind, facts['id']]),
    [['app-password-created', made.id.slice(1)]],
  );
});

test('A65 what cannot be made says which property is wrong', async () => {
  await using scene = await openScene({ most: 1, longest: 30 * 86_400_000, protocols: ['imap', 'submission'] });
  const refusal = async (more: object): Promise<unknown> => {
    const { notCreated } = await scene.one('AppPassword/set', { create: { k: { ...wish, ...more } } });
    return [notCreated.k.type, ...(notCreated.k.properties ?? [])];
  };
  assert.deepEqual(await refusal({ name: 'a\u202eb' }), ['invalidProperties', 'name']);
  assert.deepEqual(await refusal({ name: 'x'.repeat(10_000) }), ['invalidProperties', 'name']);
  assert.deepEqual(await refusal({ name: 'a\0b' }), ['invalidProperties', 'name']);
  assert.deepEqual(await refusal({ program: 'postern' }), ['invalidProperties', 'program']);
  assert.deepEqual(await refusal({ protocols: ['sieve'] }), ['invalidProperties', 'protocols']);
  assert.deepEqual(await refusal({ protocols: [] }), ['invalidProperties', 'protocols']);
  assert.deepEqual(await refusal({ networks: ['over there'] }), ['invalidProperties', 'networks']);
  assert.deepEqual(await refusal({ expiresAt: '2020-01-01T00:00:00Z' }), ['invalidProperties', 'expiresAt']);
  assert.deepEqual(await refusal({ expiresAt: '2999-01-01T00:00:00Z' }), ['invalidProperties', 'expiresAt']);
  assert.deepEqual(await refusal({ password: 'mine' }), ['invalidProperties', 'password']);
  const made = await scene.make({ name: "O'Brien; DROP TABLE app_password" });
  assert.equal(made.name, "O'Brien; DROP TABLE app_password");
  assert.ok(Date.parse(made.expiresAt) > Date.now() + 29 * 86_400_000, 'the longest that is allowed');
  assert.deepEqual(await refusal({}), ['overQuota']);
});

test('A66 rotating: a new one beside the old, which works for a day more', async () => {
  await using scene = await openScene();
  const old = await scene.make();
  const update = { [old.id]: { rotate: true } };
  const unproven = await scene.one('AppPassword/set', { update }, { proven: false });
  assert.equal(unproven.notUpdated[old.id].type, 'proofNeeded');
  const { updated } = await scene.one('AppPassword/set', { update });
  const { state, worksUntil, replacedBy, replacement } = updated[old.id];
  assert.deepEqual([state, replacedBy], ['replaced', replacement.id]);
  assert.match(replacement.password, /^pst/);
  assert.notEqual(replacement.password, old.password);
  assert.ok(Math.abs(Date.parse(worksUntil) - Date.now() - 86_400_000) < 60_000);
  const { list } = await scene.one('AppPassword/get', {});
  assert.deepEqual(
    sorted(list.map((each: Answer) => [each.id, each.state])),
    sorted([
      [old.id, 'replaced'],
      [replacement.id, 'active'],
    ]),
  );
  assert.equal((await scene.one('AppPassword/set', { update })).notUpdated[old.id].type, 'forbidden');
  await scene.sql(`UPDATE app_password SET overlap_until = 1 WHERE id = '${old.id.slice(1)}'`);
  assert.deepEqual((await scene.one('AppPassword/get', { ids: [old.id] })).notFound, [old.id], 'its time is over');
});

test("A67 rename, pause, resume; another's, a revoked one and Postern's own are left alone", async () => {
  await using scene = await openScene();
  const { id } = await scene.make();
  const set = async (patch: object, of = id): Promise<Answer> => {
    const { updated, notUpdated } = await scene.one('AppPassword/set', { update: { [of]: patch } });
    return updated ? 'done' : notUpdated[of].type;
  };
  const now = async (): Promise<Answer> => (await scene.one('AppPassword/get', { ids: [id] })).list[0];
  assert.equal(await set({ name: 'Desk at home' }), 'done');
  assert.equal(await set({ state: 'paused' }), 'done');
  assert.deepEqual(
    [(await now()).name, (await now()).state, (await now()).unusedDays],
    ['Desk at home', 'paused', null],
  );
  assert.deepEqual(scene.dovecot.cut, ['ana@example.org']);
  assert.equal(await set({ state: 'active' }), 'done');
  assert.equal((await now()).state, 'active');
  assert.equal(await set({ state: 'active' }), 'forbidden', 'it is not paused');
  assert.equal(await set({ state: 'expired' }), 'invalidProperties');
  assert.equal(await set({ protocols: ['imap'] }), 'invalidProperties');
  assert.equal(await set({ name: 'a', rotate: true }), 'invalidProperties');
  assert.equal(await set({}), 'invalidProperties');
  const theirs = await scene.app.create(
    'ben@example.org',
    { label: 'x', program: 'other', protocols: ['imap'] },
    {
      origin: 'web',
      actor: 'user',
    },
  );
  assert.equal(await set({ name: 'mine' }, `P${theirs.entry.id}`), 'notFound');
  const gone = await scene.one('AppPassword/set', { destroy: [`P${theirs.entry.id}`, 'Pzzzzzz', 'x'] });
  assert.deepEqual(
    Object.values(gone.notDestroyed).map((error: Answer) => error.type),
    Array(3).fill('notFound'),
  );
  const own = await scene.app.createOwn('ana@example.org', {
    label: 'Postern',
    protocols: ['imap', 'submission'],
    networks: [],
    expires: null,
  });
  assert.equal(await set({ state: 'paused' }, `P${own.entry.id}`), 'forbidden');
  assert.equal(await set({ rotate: true }, `P${own.entry.id}`), 'forbidden');
  const { destroyed } = await scene.one('AppPassword/set', { destroy: [`P${own.entry.id}`] });
  assert.deepEqual(destroyed, [`P${own.entry.id}`]);
});

test('A68 revoking: nothing is destroyed on the screen before Dovecot has confirmed', async () => {
  await using scene = await openScene();
  const [one, two] = [await scene.make(), await scene.make()];
  scene.dovecot.away = true;
  const refused = await scene.one('AppPassword/set', { destroy: [one.id] });
  assert.equal(refused.notDestroyed[one.id].type, 'unconfirmed');
  assert.match(refused.notDestroyed[one.id].description, /Postern tells it again/);
  assert.notEqual(refused.oldState, refused.newState);
  const states = async (): Promise<unknown> =>
    sorted((await scene.one('AppPassword/get', {})).list.map((each: Answer) => [each.id, each.state]));
  assert.deepEqual(
    await states(),
    sorted([
      [one.id, 'revoking'],
      [two.id, 'active'],
    ]),
  );
  const all = await scene.one('AppPassword/revokeAll', {});
  assert.deepEqual([all.revoked, sorted(all.unconfirmed)], [[], sorted([one.id, two.id])]);
  assert.ok(all.description);
  scene.dovecot.away = false;
  const sure = await scene.one('AppPassword/set', { destroy: [one.id] });
  assert.deepEqual(sure.destroyed, [one.id], 'asked again, Dovecot is told again');
  assert.deepEqual(await states(), []);
});

test("A68 revokeAll: all but those named and Postern's own, at once", async () => {
  await using scene = await openScene();
  const [one, two, three] = [await scene.make(), await scene.make(), await scene.make()];
  const own = await scene.app.createOwn('ana@example.org', {
    label: 'Postern',
    protocols: ['imap'],
    networks: [],
    expires: null,
  });
  const reader = await scene.one('AppPassword/revokeAll', {}, { readOnly: true });
  assert.equal(reader.type, 'accountReadOnly');
  const { revoked } = await scene.one('AppPassword/revokeAll', { except: [two.id] });
  assert.deepEqual(sorted(revoked), sorted([one.id, three.id]));
  assert.deepEqual(scene.dovecot.cut, ['ana@example.org']);
  const left = (await scene.one('AppPassword/get', {})).list.map((each: Answer) => each.id);
  assert.deepEqual(sorted(left), sorted([two.id, `P${own.entry.id}`]));
});

test('A64 changes: made, changed, used, revoked since a state; push tells the new one', async () => {
  await using scene = await openScene();
  const old = await scene.make();
  const { state } = await scene.one('AppPassword/get', {});
  let told = 0;
  const { g } = scene;
  const host = { ...g.caller.host, changed: () => void (told += 1) };
  const since = async (sinceState: string): Promise<Answer> =>
    scene.one('AppPassword/changes', { sinceState }, { host });
  const unchanged = await since(state);
  assert.deepEqual(
    [unchanged.newState, unchanged.created, unchanged.updated, unchanged.destroyed],
    [state, [], [], []],
  );
  assert.equal(told, 0);
  await new Promise((resolve) => setTimeout(resolve, 2));
  const fresh = await scene.make();
  await scene.sql(`INSERT INTO app_password_use VALUES ('${old.id.slice(1)}', ${Date.now()}, 'smtp', '192.0.2.9')`);
  const used = await since(state);
  assert.deepEqual([used.created, used.updated, used.destroyed], [[fresh.id], [old.id], []]);
  assert.equal(told, 1);
  assert.equal(g.gateway.states(g.caller)[g.accountId]?.['AppPassword'], used.newState);
  const [shown] = (await scene.one('AppPassword/get', { ids: [old.id] })).list;
  assert.deepEqual([shown.lastUsed.protocol, shown.lastUsed.network], ['submission', '192.0.2.9']);
  await scene.one('AppPassword/set', { destroy: [old.id, fresh.id] });
  assert.deepEqual(sorted((await since(used.newState)).destroyed), sorted([old.id, fresh.id]));
  assert.deepEqual((await since(state)).destroyed, [old.id], 'one that came and went was never there');
  for (const strange of ['x', '99-0-0', '1-2', ''])
    assert.equal((await since(strange)).type, 'cannotCalculateChanges', strange);
});

test('A72 the main password has changed: asked once, answered by keep or drop', async () => {
  await using scene = await openScene({ onMainChange: 'ask' });
  assert.equal(await scene.app.mainPasswordChanged('ana@example.org'), 'kept', 'there is nothing to ask about');
  const { id } = await scene.make();
  assert.equal((await scene.one('AppPassword/get', {})).question, null);
  const { state } = await scene.one('AppPassword/get', {});
  assert.equal(await scene.app.mainPasswordChanged('ana@example.org'), 'ask');
  const asked = await scene.one('AppPassword/get', {});
  assert.ok(Math.abs(Date.parse(asked.question.changedAt) - Date.now()) < 60_000);
  assert.notEqual(asked.state, state);
  const kept = await scene.one('AppPassword/settle', { choice: 'keep' });
  assert.deepEqual(kept.revoked, []);
  assert.equal((await scene.one('AppPassword/get', {})).question, null);
  await scene.app.mainPasswordChanged('ana@example.org');
  assert.deepEqual((await scene.one('AppPassword/settle', { choice: 'drop' })).revoked, [id]);
  const after = await scene.one('AppPassword/get', {});
  assert.deepEqual([after.list, after.question], [[], null]);
});

test('A70 a database that is away: this type alone says so, and nothing is shown', async () => {
  await using scene = await openScene();
  await scene.make();
  scene.swapDatabase('sqlite:/dev/null/not/there.db');
  for (const [name, args] of [
    ['AppPassword/get', {}],
    ['AppPassword/changes', { sinceState: '1-0-1' }],
    ['AppPassword/set', { create: { k: wish } }],
    ['AppPassword/revokeAll', {}],
  ] as const) {
    const answer = await scene.one(name, args);
    assert.equal(answer.type, 'serverUnavailable', name);
    assert.match(answer.description, /cannot be reached now\. Your mail here is not affected/);
  }
  const methodCalls = [['Mailbox/get', { accountId: scene.g.accountId }, 'm']];
  const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
  const { answer } = await scene.g.post(JSON.stringify({ using, methodCalls }));
  assert.equal(answer.methodResponses[0][0], 'Mailbox/get');
  assert.equal((await capability(scene)).mode, 'here');
  scene.swapDatabase('sqlite::memory:');
  const unready = await scene.one('AppPassword/get', {});
  assert.deepEqual([unready.type, /not set up rightly/.test(unready.description)], ['serverUnavailable', true]);
});

test('A70 a database that goes away right after it stored one: the password is told all the same', async () => {
  await using scene = await openScene();
  const create = scene.app.create;
  scene.app.create = async (...wanted) => {
    const minted = await create(...wanted);
    scene.swapDatabase('sqlite:/dev/null/not/there.db');
    return minted;
  };
  const answer = await scene.one('AppPassword/set', { create: { k: wish } });
  assert.match(answer.created.k.password, /^pst/);
  assert.equal(answer.newState, answer.oldState, 'what changed since is asked for again');
});
