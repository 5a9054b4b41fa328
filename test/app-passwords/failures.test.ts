import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Database, openDatabase } from '../../src/app-passwords/database.ts';
import { AppPasswordError, type AppPasswordCode } from '../../src/app-passwords/errors.ts';
import { type AppPasswords } from '../../src/app-passwords/manager.ts';
import { openPolicy } from '#app-passwords/policy.testkit.ts';
import type { Minted, Wish } from '../../src/app-passwords/types.ts';
import { type Cutter, openCutter } from './cutter.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { managerOf } from './manager.ts';

const wish: Wish = { label: 'Phone', program: 'apple', protocols: ['imap'] };
const from = { origin: 'web', actor: 'user' } as const;
const patience = { connect: 2000, statement: 400 };

const fails = (code: AppPasswordCode, work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof AppPasswordError, String(error));
    assert.equal(error.code, code);
    return true;
  });

let count = 0;
const someone = (): string => `user${(count += 1)}@village.test`;

for (const open of Object.values(servers)) {
  describe(`rows in ${open.name}`, () => {
    let server: TestServer;
    let place: TestDatabase;
    let database: Database;
    before(async () => {
      const found = await open();
      assert.ok(found);
      server = found;
      place = await server.database();
      database = openDatabase(place.url, { connect: 4000, statement: 4000 });
    });
    after(async () => {
      await database?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    test('A10 two made at once do not exceed the number', async () => {
      const user = someone();
      const app = managerOf(database, { policy: { ...openPolicy, most: 2 } });
      const made = await Promise.allSettled(Array.from({ length: 5 }, () => app.create(user, wish, from)));
      const refused = made.filter((one) => one.status === 'rejected');
      assert.equal(refused.length, 3);
      for (const { reason } of refused) assert.equal((reason as AppPasswordError).code, 'app-password/limit');
      const [first] = await app.list(user);
      await app.revoke(user, [first!.id], 'user');
      assert.equal((await app.create(user, wish, from)).entry.status.at, 'active', 'a revoked one does not count');
    });

    test('A13 an id of another user is unknown; labels come back as they went', async () => {
      const [ann, bob] = [someone(), someone()];
      const app = managerOf(database);
      const label = `Zoë's "Gerät" \\ 👩‍💻 %u $1 ?`;
      const { entry } = await app.create(ann, { ...wish, label }, from);
      assert.equal((await app.list(ann))[0]?.label, label);
      await fails('app-password/unknown', app.revoke(bob, [entry.id], 'user'));
      await fails('app-password/unknown', app.rename(bob, entry.id, 'x', 'user'));
      await fails('app-password/unknown', app.rotate(bob, entry.id, 'user'));
      assert.deepEqual(await app.list(bob), []);
      assert.equal((await app.list(ann))[0]?.status.at, 'active');
    });

    test('A14 a taken id is thrown again; dice that never change end in an error', async () => {
      const app = managerOf(database, { dice: () => 7 });
      const one = await app.create(someone(), wish, from);
      const again = someone();
      await fails('app-password/clash', app.create(again, wish, from));
      assert.deepEqual(await app.list(again), []);
      let throws = 0;
      const luckier = managerOf(database, { dice: (below) => ((throws += 1) <= 33 ? 7 : throws % below) });
      const two = await luckier.create(again, wish, from);
      assert.notEqual(two.entry.id, one.entry.id);
    });

    test('A4 a password that is not handed out is overwritten', async (t) => {
      const app = managerOf(database, { dice: () => 11 });
      const kept = await app.create(someone(), wish, from);
      const concat = t.mock.method(Buffer, 'concat');
      await fails('app-password/clash', app.create(someone(), wish, from));
      concat.mock.restore();
      const made = concat.mock.calls
        .map((call) => call.result)
        .filter((bytes) => bytes?.length === kept.password.length);
      assert.ok(made.length > 1);
      for (const password of made) assert.ok(password?.every((byte) => byte === 0));
      assert.match(kept.password.toString(), /^pst/);
    });

    test('A12 A9 rotation, states, the audit log', async () => {
      const user = someone();
      const app = managerOf(database);
      const old = await app.create(user, wish, from);
      const next = await app.rotate(user, old.entry.id, 'user');
      const [now] = (await app.list(user)).filter((entry) => entry.id === old.entry.id);
      assert.ok(now?.status.at === 'replaced' && Math.abs(now.status.until - Date.now() - 24 * 3_600_000) < 60_000);
      assert.equal(now.replacedBy, next.entry.id);
      await fails('app-password/state', app.rotate(user, old.entry.id, 'user'));
      await fails('app-password/state', app.resume(user, next.entry.id, 'user'));
      await app.revoke(user, 'all', 'operator');
      await fails('app-password/state', app.pause(user, next.entry.id, 'user'));
      await fails('app-password/state', app.rename(user, next.entry.id, 'x', 'user'));
      const told = (await app.audit(user)).map(({ event, actor }) => `${event} ${actor}`);
      assert.deepEqual(told.toReversed().slice(0, 3), ['created user', 'rotated user', 'created user']);
      assert.equal(told.filter((line) => line === 'revoked operator').length, 2);
    });

    test('A5 what changed since a state: changes of ours and uses that Dovecot wrote', async () => {
      const user = someone();
      const app = managerOf(database);
      const one = await app.create(user, wish, from);
      const two = await app.create(user, wish, from);
      const state = await app.state(user);
      assert.deepEqual(await app.changed(user, state), []);
      await app.revoke(user, [one.entry.id], 'user');
      await place.admin(`INSERT INTO app_password_use VALUES ('${two.entry.id}', ${Date.now()}, 'imap', '127.0.0.1');`);
      const ids = (await app.changed(user, state)).map((entry) => entry.id);
      assert.deepEqual(ids.toSorted(), [one.entry.id, two.entry.id].toSorted());
      assert.deepEqual(await app.changed(user, await app.state(user)), []);
    });

    test('A72 the policy at a change of the main password: keep, ask, drop', async () => {
      const user = someone();
      const { entry } = await managerOf(database).create(user, wish, from);
      const own = { label: 'Postern', protocols: wish.protocols, networks: [], expires: null };
      const { entry: ours } = await managerOf(database).createOwn(user, own);
      const with_ = (onMainChange: 'keep' | 'ask' | 'drop') =>
        managerOf(database, { policy: { ...openPolicy, onMainChange } }).mainPasswordChanged(user);
      assert.equal(await with_('keep'), 'kept');
      assert.equal(await with_('ask'), 'ask');
      const states = async () =>
        Object.fromEntries((await managerOf(database).list(user)).map(({ id, status }) => [id, status.at]));
      assert.deepEqual(await states(), { [entry.id]: 'active', [ours.id]: 'active' });
      assert.equal(await with_('drop'), 'dropped');
      assert.deepEqual(await states(), { [entry.id]: 'revoked', [ours.id]: 'active' });
      assert.equal(await with_('ask'), 'kept', 'there is nothing of his to ask about');
    });

    test('A7 the account may neither delete nor alter', { skip: open.name === 'sqlite' }, async () => {
      await fails('app-password/forbidden', database.run('DELETE FROM app_password', []));
      await fails('app-password/forbidden', database.run('DELETE FROM app_password_audit', []));
      await fails('app-password/forbidden', database.run('UPDATE app_password_audit SET at = 0', []));
      await assert.rejects(database.run('DROP TABLE app_password_use', []));
    });

    test('A8 read-only: nothing is shown, lists go on', async () => {
      const user = someone();
      const app = managerOf(database);
      const { entry } = await app.create(user, wish, from);
      await using other = openDatabase(place.url);
      const now = managerOf(open.name === 'postgresql' ? other : database);
      const [on, off] = {
        mariadb: ['SET GLOBAL read_only = 1', 'SET GLOBAL read_only = 0'],
        postgresql: [
          'ALTER ROLE postern_app SET default_transaction_read_only = on',
          'ALTER ROLE postern_app SET default_transaction_read_only = off',
        ],
        sqlite: ['PRAGMA query_only = 1', 'PRAGMA query_only = 0'],
      }[server.name] as [string, string];
      const admin = (sql: string): Promise<unknown> =>
        open.name === 'sqlite' ? database.run(sql, []) : place.admin(sql);
      await admin(on);
      try {
        await fails('app-password/read-only', now.create(user, wish, from));
        await fails('app-password/read-only', now.rotate(user, entry.id, 'user'));
        await fails('app-password/read-only', now.revoke(user, 'all', 'user'));
        assert.deepEqual(
          (await now.list(user)).map((one) => [one.id, one.status.at]),
          [[entry.id, 'active']],
        );
      } finally {
        await admin(off);
      }
      await app.revoke(user, 'all', 'user');
    });
  });
}

describe('A8 a full disk (SQLite)', () => {
  test('the error is full, nothing is shown or kept, and it goes on when there is room', async () => {
    await using server = await servers.sqlite();
    const { url } = await server.database();
    await using database = openDatabase(url);
    const user = someone();
    const app = managerOf(database, { policy: { ...openPolicy, most: 0 } });
    await database.run('PRAGMA max_page_count = 24', []);
    let made = 0;
    await fails(
      'app-password/full',
      (async () => {
        for (; made < 1000; made += 1) await app.create(user, { ...wish, label: 'x'.repeat(100) }, from);
      })(),
    );
    assert.equal((await app.list(user)).length, made);
    await database.run('PRAGMA max_page_count = 1000000', []);
    await app.create(user, wish, from);
    assert.equal((await app.list(user)).length, made + 1);
  });
});

for (const open of [servers.mariadb, servers.postgresql]) {
  describe(`the line to ${open.name} breaks in the middle`, () => {
    let server: TestServer;
    let cutter: Cutter;
    let direct: Database;
    let database: Database;
    before(async () => {
      const found = await open();
      assert.ok(found);
      server = found;
      const { url, dovecot } = await server.database();
      direct = openDatabase(url);
      const { host } = dovecot.connect;
      cutter = await openCutter(server.name === 'mariadb' ? host : `${host}/.s.PGSQL.5432`);
      const through = new URL(url);
      through.search = '';
      through.hostname = '127.0.0.1';
      through.port = String(cutter.port);
      // A URL of a scheme that is not special keeps its host in another form.
      database = openDatabase(through.href, patience);
    });
    after(async () => {
      await database?.[Symbol.asyncDispose]();
      await direct?.[Symbol.asyncDispose]();
      await cutter?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const start = async (): Promise<{ user: string; old: Minted; app: AppPasswords; truth: AppPasswords }> => {
      const user = someone();
      const truth = managerOf(direct);
      return { user, truth, app: managerOf(database), old: await truth.create(user, wish, from) };
    };

    test('A11 before COMMIT: the error is told, nothing is stored', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'before';
      await fails('app-password/unavailable', app.create(user, wish, from));
      assert.deepEqual(
        (await truth.list(user)).map((one) => one.id),
        [old.entry.id],
      );
    });

    test('A11 after COMMIT: the row is found, and its password is handed out', async () => {
      const { user, app, truth } = await start();
      cutter.mischief = 'after';
      const made = await app.create(user, wish, from);
      assert.match(made.password.toString(), /^pst/);
      assert.ok((await truth.list(user)).some((one) => one.id === made.entry.id));
    });

    test('A12 rotation before COMMIT: the old one is untouched, there is no new one', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'before';
      await fails('app-password/unavailable', app.rotate(user, old.entry.id, 'user'));
      assert.deepEqual(
        (await truth.list(user)).map((one) => [one.id, one.status.at]),
        [[old.entry.id, 'active']],
      );
    });

    test('A12 rotation after COMMIT: the new one is handed out, the old one ends', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'after';
      const next = await app.rotate(user, old.entry.id, 'user');
      const states = new Map((await truth.list(user)).map((one) => [one.id, one.status.at]));
      assert.deepEqual([states.get(old.entry.id), states.get(next.entry.id)], ['replaced', 'active']);
    });

    test('A8 A6 no answer: slow, and nothing is stored; the next goes through', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'stall';
      await fails('app-password/slow', app.rotate(user, old.entry.id, 'user'));
      assert.deepEqual(
        (await truth.list(user)).map((one) => [one.id, one.status.at]),
        [[old.entry.id, 'active']],
      );
      await app.rotate(user, old.entry.id, 'user');
    });

    test('A33 revoking before COMMIT: an error, and the list says active', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'before';
      await fails('app-password/unavailable', app.revoke(user, [old.entry.id], 'user'));
      assert.equal((await truth.list(user))[0]?.status.at, 'active');
      await app.revoke(user, [old.entry.id], 'user');
      assert.equal((await truth.list(user))[0]?.status.at, 'revoked');
    });

    test('A33 revoking after COMMIT: an error, the list says revoking until Dovecot was told', async () => {
      const { user, app, truth, old } = await start();
      cutter.mischief = 'after';
      await fails('app-password/unavailable', app.revoke(user, [old.entry.id], 'user'));
      assert.equal((await truth.list(user))[0]?.status.at, 'revoking');
      assert.equal(await app.settle(user), 1);
      assert.equal((await truth.list(user))[0]?.status.at, 'revoked');
    });

    test('A11 after COMMIT, and the database stays away: uncertain, nothing is handed out', async () => {
      const { user, app } = await start();
      cutter.mischief = 'after, and gone';
      await fails('app-password/uncertain', app.create(user, wish, from));
      await fails('app-password/unavailable', app.list(user));
    });
  });
}
