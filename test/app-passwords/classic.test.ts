import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { openClassic, readClassic, type Classic } from '../../src/app-passwords/classic.ts';
import { type Database, openDatabase } from '../../src/app-passwords/database.ts';
import { visit } from '../../src/app-passwords/dialogue.ts';
import { AppPasswordError } from '../../src/app-passwords/errors.ts';
import { hashPassword } from '../../src/app-passwords/hash.ts';
import { type AppPasswords, openManager } from '../../src/app-passwords/manager.ts';
import { openPolicy } from '#app-passwords/policy.testkit.ts';
import { severByCommand } from '../../src/app-passwords/sever.ts';
import { compile } from '../../src/app-passwords/statements.ts';
import { openAppPasswordStore, type AppPasswordStore } from '../../src/app-passwords/store.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { openDovecot, type TestDovecot } from './dovecot.ts';

const carol = 'carol@village.test';
const oldPassword = 'k3v9x0qh71mzp2aa';
const sha = (password: string): string => createHash('sha512').update(password).digest('hex');

const tables = [
  'CREATE TABLE users (username VARCHAR(100), domain VARCHAR(100), password VARCHAR(200))',
  'CREATE TABLE applications (username VARCHAR(100), domain VARCHAR(100), application VARCHAR(100), password VARCHAR(128), created VARCHAR(30))',
];
const rights = (name: string): string[] =>
  name === 'sqlite'
    ? []
    : ['dovecot_app', 'postern_app'].flatMap((account) => {
        const who = name === 'mariadb' ? `'${account}'@'localhost'` : account;
        const what = account === 'postern_app' ? 'SELECT, INSERT, DELETE' : 'SELECT';
        return [`GRANT ${what} ON users TO ${who}`, `GRANT ${what} ON applications TO ${who}`];
      });

/** As the old plugin documents it: the database is given the password and compares. */
const documented =
  "password_query = SELECT NULL AS password, 'Y' AS nopassword FROM applications WHERE username = '%n' AND domain = '%d' AND password = SHA2('%w', 512)\n";

for (const open of Object.values(servers)) {
  describe(`the classic table with ${open.name}`, { skip: process.getuid?.() !== 0 }, () => {
    let server: TestServer | null = null;
    let place: TestDatabase;
    let database: Database;
    let dovecot: TestDovecot;
    let table: Classic;
    let store: AppPasswordStore;
    let app: AppPasswords;

    before(async () => {
      server = await open();
      assert.ok(server);
      place = await server.database();
      const main = await hashPassword('SHA512-CRYPT', Buffer.from('main-carol'));
      const rows = [
        `INSERT INTO users VALUES ('carol', 'village.test', '${main}')`,
        `INSERT INTO applications VALUES ('carol', 'village.test', 'Old phone', '${sha(oldPassword)}', '2014-05-06 07:08:09')`,
      ];
      await place.admin([...tables, ...rights(server.name), ...rows].map((line) => `${line};`).join('\n'));
      database = openDatabase(place.url);
      dovecot = await openDovecot({ ...place.dovecot, main: { kind: 'sql' }, classic: true });
      const parts = { sever: severByCommand(dovecot.doveadm), policy: openPolicy, clock: systemClock };
      table = openClassic(database, readClassic(null), parts);
      store = openAppPasswordStore(database, systemClock);
      app = openManager({ ...parts, store, scheme: 'SSHA512' });
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const login = async (password: Buffer | string, at = dovecot, port = at.imap): Promise<string> => {
      const target = { protocol: 'imap', host: '127.0.0.1', port, security: 'none' } as const;
      const done = await visit(target, carol, Buffer.from(password));
      done.leave();
      return done.outcome;
    };

    test('A24 users in SQL: the main password opens the web port alone', async () => {
      assert.equal(await login('main-carol', dovecot, dovecot.web), 'accepted');
      assert.equal(await login('main-carol'), 'refused');
    });

    test('A40 list, create, revoke by statements; Dovecot lets in and cuts', async () => {
      assert.equal(await login(oldPassword), 'accepted');
      const made = await table.create(carol, `O'Neil's "phone"`);
      assert.equal(await login(made), 'accepted');
      assert.deepEqual(
        (await table.list(carol)).map((one) => one.application),
        [`O'Neil's "phone"`, 'Old phone'],
      );
      await assert.rejects(table.create(carol, 'Old phone'), { code: 'app-password/label' });
      await table.revoke(carol, `O'Neil's "phone"`);
      assert.equal(await login(made), 'refused');
      await assert.rejects(table.revoke(carol, 'no such name'), { code: 'app-password/unknown' });
      assert.equal(await login(oldPassword), 'accepted');
    });

    test('A41 A42 imported: the old password works by the new table alone, is revoked there, and rotates to a new kind', async () => {
      assert.deepEqual(await table.importInto(store, 'imap'), { taken: 1, known: 0, refused: 0 });
      await place.admin(`INSERT INTO applications VALUES ('carol', 'village.test', 'Bad', 'not hex', '');`);
      assert.deepEqual(await table.importInto(store, 'imap'), { taken: 0, known: 1, refused: 1 });
      const [entry] = await app.list(carol);
      assert.ok(entry?.imported);
      assert.equal(entry.label, 'Old phone');
      await using both = await openDovecot({ ...place.dovecot, main: { kind: 'sql' }, imported: true });
      assert.equal(await login(oldPassword, both), 'accepted');
      assert.equal((await app.list(carol))[0]?.lastUse?.protocol, 'imap');
      const inBoth = openManager({
        store,
        sever: severByCommand(both.doveadm),
        policy: openPolicy,
        scheme: 'SSHA512',
        clock: systemClock,
      });
      const next = await inBoth.rotate(carol, entry.id, 'user');
      assert.equal(next.entry.imported, false);
      assert.equal(await login(next.password, both), 'accepted');
      assert.equal(await login(oldPassword, both), 'accepted');
      await inBoth.revoke(carol, [entry.id], 'user');
      assert.equal(await login(oldPassword, both), 'refused');
      assert.equal(await login(next.password, both), 'accepted');
    });

    test("A40 the old plugin's own query goes on working beside ours", { skip: open.name !== 'mariadb' }, async () => {
      await using old = await openDovecot(
        { ...place.dovecot, main: { kind: 'sql' }, classic: true },
        '',
        ({ path, text }) =>
          path.endsWith('/classic.conf.ext') ? text.replace(/^password_query.*\n/m, documented) : text,
      );
      assert.equal(await login(oldPassword, old), 'accepted');
      assert.equal(await login(`${oldPassword}x`, old), 'refused');
      const made = await table.create(carol, 'Tablet');
      assert.equal(await login(made, old), 'accepted');
    });
  });
}

test('A40 statements: placeholders become values; anything doubtful is refused', () => {
  const text = "SELECT * FROM t WHERE u = {user} AND k = 'it''s' AND n = {application}";
  assert.deepEqual(compile(text, 'mysql'), {
    sql: "SELECT * FROM t WHERE u = ? AND k = 'it''s' AND n = ?",
    names: ['user', 'application'],
  });
  assert.equal(compile(text, 'postgres').sql, "SELECT * FROM t WHERE u = $1 AND k = 'it''s' AND n = $2");
  for (const bad of ["SELECT '{user}'", 'SELECT {nobody}', "SELECT 'x", 'DELETE FROM t; DROP TABLE t', 'SELECT ?'])
    assert.throws(
      () => compile(bad, 'mysql'),
      (error) => error instanceof AppPasswordError && error.code === 'app-password/statement',
      bad,
    );
  assert.throws(() => compile('DELETE FROM t WHERE u = {user}', 'mysql', ['application']), {
    code: 'app-password/statement',
  });
});
