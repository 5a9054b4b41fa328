import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Kysely, sql } from 'kysely';
import { systemClock } from '#base/clock.ts';
import { migrate } from './migrate.ts';
import { migrations, sqliteWords, type Migration } from './migrations.ts';
import { openStore, sqlitePath } from './open.ts';
import { SqlStore } from './sql-store.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { openSqlite, type SqliteHandle } from './sqlite-handle.ts';
import {
  aCredential,
  anAccount,
  anEntry,
  aRecord,
  aSession,
  aSlot,
  aSubmission,
  aToken,
  aUser,
} from './store.testkit.ts';
import type { Tables } from './schema.ts';
import type { UserId } from '#vault/keeper.ts';
import type { Store } from './types.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-open-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.db`);

const storeOn = async (handle: SqliteHandle): Promise<Store> => {
  const db = new Kysely<Tables>({ dialect: sqliteDialect(handle) });
  await migrate(db, sqliteWords, migrations, async () => undefined);
  return new SqlStore(db, systemClock, () => db.destroy());
};

const migrateFile = async (path: string, list: readonly Migration[]): Promise<unknown> => {
  const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqlite(path)) });
  try {
    await migrate(db, sqliteWords, list, async () => undefined);
    return await db.selectFrom('schema_version').selectAll().executeTakeFirst();
  } finally {
    await db.destroy();
  }
};

test('a URL names the file', () => {
  assert.equal(sqlitePath('sqlite:/var/lib/a%20b.db'), '/var/lib/a b.db');
  assert.equal(sqlitePath('file:///var/lib/x.db'), '/var/lib/x.db');
  assert.equal(sqlitePath('data/x.db'), 'data/x.db');
  assert.equal(sqlitePath('sqlite::memory:'), ':memory:');
});

test('the file is for its owner only, and is the same after a second start', async () => {
  const path = newPath();
  const user = aUser();
  const account = anAccount(user.id);
  {
    await using store = await openStore(path, { mode: 'direct' });
    await store.createUser({ user, account, credentials: [], slots: [], session: aSession(user.id) });
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await using store = await openStore(`sqlite:${path}`, { mode: 'thread' });
  assert.deepEqual(await store.accounts(user.id), [account]);
});

const more = (safeBackTo: number): Migration => ({
  schema: ({ int, end }) => [`CREATE TABLE extra (id ${int} PRIMARY KEY) ${end}`],
  data: async (db) => {
    await sql`INSERT INTO extra VALUES (7)`.execute(db);
  },
  safeBackTo,
});

test('a newer database is used while it is safe, and refused below that', async () => {
  const [safe, unsafe] = [newPath(), newPath()];
  const ours = migrations.length;
  const newer = { id: 1, version: ours + 1, safe_back_to: 2 };
  assert.deepEqual(await migrateFile(safe, [...migrations, more(1)]), newer);
  assert.deepEqual(await migrateFile(safe, migrations), newer);
  await migrateFile(unsafe, [...migrations, more(ours + 1)]);
  for (const mode of ['direct', 'thread'] as const)
    await assert.rejects(openStore(unsafe, { mode }), { code: 'store/newer', blame: 'operator' });
});

test('a migration that fails leaves the version before', async () => {
  const path = newPath();
  const broken: Migration = { schema: () => ['CREATE TABLE half (id INTEGER)', 'NONSENSE'], safeBackTo: 1 };
  await migrateFile(path, migrations);
  await assert.rejects(migrateFile(path, [...migrations, broken]));
  assert.deepEqual(await migrateFile(path, [...migrations, more(1)]), {
    id: 1,
    version: migrations.length + 1,
    safe_back_to: 2,
  });
});

test('what version 1 wrote is all there in version 2: slots and passwords are as old as their user', async () => {
  const path = newPath();
  await migrateFile(path, migrations.slice(0, 1));
  const handle = openSqlite(path);
  const say = (text: string): unknown => handle.run(text, []);
  say(`INSERT INTO "user" VALUES ('u', 1000, x'01', x'02')`);
  say(`INSERT INTO account VALUES ('a', 'u', 'a@example.org', 'example.org', 0, 'moss',
    'imap.example.org', 993, 'tls', 'a@example.org', NULL, 'smtp.example.org', 465, 'tls', 'a@example.org', NULL,
    'ok', 1000, 1)`);
  say(`INSERT INTO slot VALUES ('s', 'u', 'mail-password', 'a', 3, x'0405')`);
  say(`INSERT INTO session VALUES ('n', 'u', x'06', x'07', 1, 2000, 2000, 9000, 'Firefox', '192.0.2.1', 1)`);
  handle.close();
  await using store = await openStore(path, { mode: 'direct' });
  const [user] = await store.users();
  assert.deepEqual(user, {
    id: 'u',
    createdAt: 1000,
    keys: { publicKey: Buffer.of(1), sealed: Buffer.of(2) },
    siteName: null,
    lockedAt: null,
    totpStep: null,
  });
  const found = await store.userByLogin({ host: 'imap.example.org', port: 993, username: 'a@example.org' });
  assert.deepEqual(found?.slot, {
    id: 's',
    user: 'u',
    kind: 'mail-password',
    account: 'a',
    generation: 3,
    sealed: Buffer.of(4, 5),
    name: null,
    createdAt: 1000,
    lastUsedAt: null,
    facts: null,
  });
  const { away, auth, authSince, connections, certificates } = found.account;
  assert.deepEqual(
    { away, auth, authSince, connections, certificates },
    { away: 'sealed', auth: 'password', authSince: 1000, connections: null, certificates: { imap: null, smtp: null } },
  );
  assert.equal((await store.sessionByTokenHash(Buffer.of(6)))?.expiresAt, 9000);
});

test('accounts that version 2 wrote show in All inboxes; version 2 goes on beside version 3', async () => {
  const path = newPath();
  await migrateFile(path, migrations.slice(0, 2));
  const handle = openSqlite(path);
  handle.run(`INSERT INTO "user" (id, created_at, public_key, sealed_keys) VALUES ('u', 1000, x'01', x'02')`, []);
  const row = (id: string): string => `INSERT INTO account
    (id, user_id, address, name, position, colour, imap_host, imap_port, imap_security, imap_username,
      smtp_host, smtp_port, smtp_security, smtp_username, state, state_at)
    VALUES ('${id}', 'u', 'a@example.org', 'example.org', 0, 'moss', 'imap.example.org', 993, 'tls', '${id}',
      'smtp.example.org', 465, 'tls', '${id}', 'ok', 1000)`;
  handle.run(row('a'), []);
  handle.close();
  assert.deepEqual(await migrateFile(path, migrations.slice(0, 3)), { id: 1, version: 3, safe_back_to: 2 });
  assert.deepEqual(await migrateFile(path, migrations.slice(0, 2)), { id: 1, version: 3, safe_back_to: 2 });
  const older = openSqlite(path);
  older.run(row('b'), []);
  older.close();
  await using store = await openStore(path, { mode: 'direct' });
  assert.deepEqual(
    (await store.accounts('u' as UserId)).map(({ id, inAllInboxes }) => [id, inAllInboxes]),
    [
      ['a', true],
      ['b', true],
    ],
  );
});

test('what is no database is said to be damaged', async () => {
  const path = newPath();
  writeFileSync(path, 'this is not a database, it is a letter'.repeat(100));
  for (const mode of ['direct', 'thread'] as const)
    await assert.rejects(openStore(path, { mode }), { code: 'store/damaged' });
});

test('two stores on one file in one thread share its connection and do not wait for each other', async () => {
  const path = newPath();
  const [one, two] = await Promise.all([openStore(path, { mode: 'direct' }), openStore(path, { mode: 'direct' })]);
  const users = [aUser(), aUser()];
  const make = (store: Store, user: (typeof users)[0]) =>
    store.createUser({ user, account: anAccount(user.id), credentials: [], slots: [], session: aSession(user.id) });
  await Promise.all([make(one, users[0]!), make(two, users[1]!), make(one, aUser()), make(two, aUser())]);
  await one[Symbol.asyncDispose]();
  assert.deepEqual(await two.user(users[0]!.id), users[0]);
  await two[Symbol.asyncDispose]();
  await using again = await openStore(path, { mode: 'direct' });
  assert.deepEqual(await again.user(users[1]!.id), users[1]);
});

test('a folder that cannot be made is unavailable', async () => {
  const path = newPath();
  writeFileSync(path, '');
  for (const mode of ['direct', 'thread'] as const)
    await assert.rejects(openStore(join(path, 'below.db'), { mode }), { code: 'store/unavailable' });
  await assert.rejects(openStore('postgres://nobody@127.0.0.1:1/none', { mode: 'direct' }), {
    code: 'store/unavailable',
  });
});

test('a full database says so, keeps what it had, and works again when there is room', async () => {
  const handle = openSqlite(newPath());
  await using store = await storeOn(handle);
  const user = aUser();
  const account = anAccount(user.id);
  await store.createUser({ user, account, credentials: [], slots: [], session: aSession(user.id) });
  const big = aSubmission(account, { message: aRecord(user.id, account.id, { sealed: Buffer.alloc(2_000_000, 1) }) });
  handle.run('PRAGMA max_page_count = 60', []);
  await assert.rejects(store.saveSubmission(big), { code: 'store/full', blame: 'operator' });
  assert.equal(await store.record(big.record.id), null);
  handle.run('PRAGMA max_page_count = 100000', []);
  await store.saveSubmission(big);
  assert.deepEqual(await store.submission(big.id), big);
});

test('read-only and busy databases have their own codes', async () => {
  const path = newPath();
  const handle = openSqlite(path);
  await using store = await storeOn(handle);
  const user = aUser();
  handle.run('PRAGMA query_only = ON', []);
  await assert.rejects(store.deleteUser(user.id), { code: 'store/read-only' });
  handle.run('PRAGMA query_only = OFF', []);
  const other = openSqlite(path);
  handle.run('PRAGMA busy_timeout = 0', []);
  other.run('BEGIN IMMEDIATE', []);
  await assert.rejects(store.deleteUser(user.id), { code: 'store/busy' });
  other.run('COMMIT', []);
  await store.deleteUser(user.id);
  other.close();
});

test('a store whose thread has ended is unavailable, not silent', async () => {
  const store = await openStore(newPath(), { mode: 'thread' });
  await store[Symbol.asyncDispose]();
  assert.equal(await store.healthy(), false);
  await assert.rejects(store.user(aUser().id), { code: 'store/unavailable' });
  await store[Symbol.asyncDispose]();
});

test('a PostgreSQL server that drops the line is unavailable', async () => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(openStore(`postgres://x@127.0.0.1:${port}/x`, { mode: 'direct' }), {
    code: 'store/unavailable',
  });
  server.close();
});

/** Statements of every method of the store. */
const useAll = async (store: Store): Promise<void> => {
  const user = aUser();
  const account = anAccount(user.id);
  const session = aSession(user.id);
  const slots = [aSlot(user.id, account.id)];
  const token = aToken(user.id);
  const submission = aSubmission(account);
  await store.createUser({ user, account, credentials: [aCredential(account, 'imap')], slots, session });
  await store.user(user.id);
  await store.userByLogin(account.imap);
  await store.userBySiteName('ana');
  await store.setSiteName(user.id, 'ana');
  await store.setLocked(user.id, null);
  await store.takeTotpStep(user.id, 1);
  await store.accounts(user.id);
  await store.account(account.id);
  await store.saveAccount(account);
  await store.changeAccount(account.id, { name: 'Other' });
  await store.credentials(user.id);
  await store.slots(user.id);
  await store.slot(slots[0]!.id);
  await store.saveSlots([aSlot(user.id, null, 'recovery')], 'ana');
  await store.sealSlots(slots);
  await store.renameSlot(user.id, slots[0]!.id, 'Name');
  await store.touchSlot(slots[0]!.id, 1, 2);
  await store.deleteSlot(user.id, slots[0]!.id);
  await store.detachLogin(account.id);
  await store.audit(anEntry(user.id));
  await store.auditOf(user.id, { since: 0, most: 5 });
  await store.auditOf(null, { since: 0, most: 5 });
  await store.dropAudit(1);
  const records = (await store.allRecords(user.id)).map(({ id, wrapped }) => ({ id, before: wrapped, wrapped }));
  const credentials = (await store.credentials(user.id)).map((each) => ({ before: each.sealed, credential: each }));
  await store.turnKeys({ user: user.id, keys: user.keys, session, records, credentials, slots: [] });
  await store.credential(account.id, 'imap');
  await store.sessionByTokenHash(session.tokenHash);
  await store.sessionByRetiredToken(session.tokenHash);
  await store.session(session.id);
  await store.sessions(user.id);
  await store.saveSession(session);
  await store.touchSession(session.id, 5000);
  await store.deleteExpiredSessions(1);
  await store.slots(user.id, 'token');
  await store.saveToken(token);
  await store.tokenByHash(token.tokenHash);
  await store.tokens(user.id);
  await store.touchToken(token.id, 1);
  await store.saveSubmission(submission);
  await store.submissions(account.id);
  await store.submission(submission.id);
  await store.dueSubmissions(account.id, 1);
  await store.moveSubmission(submission.id, 'held', 'due');
  await store.records(user.id, account.id, 'draft');
  await store.records(user.id, null, 'draft');
  await store.record(submission.record.id);
  await store.deleteSubmission(submission.id);
  await store.deleteRecord(submission.record.id);
  await store.deleteToken(user.id, token.id);
  await store.deleteSession(session.id);
  await store.deleteAccount(account.id);
  await store.deleteUser(user.id);
};

test('no statement of the store reads a whole table', async () => {
  const handle = openSqlite(newPath());
  const said = new Map<string, readonly unknown[]>();
  const listening: SqliteHandle = {
    run: (text, parameters) => {
      if (/^(select|update|delete)/.test(text)) said.set(text, parameters);
      return handle.run(text, parameters);
    },
    close: () => handle.close(),
  };
  await using store = await storeOn(listening);
  said.clear();
  await useAll(store);
  assert.ok(said.size > 25);
  for (const [text, parameters] of said) {
    const { rows } = handle.run(`EXPLAIN QUERY PLAN ${text}`, parameters);
    const plan = (rows as { detail: string }[]).map((row) => row.detail);
    assert.ok(!plan.some((step) => step.startsWith('SCAN')), `${text}: ${plan.join('; ')}`);
  }
});

test('a history of sent letters is read whatever its length', async () => {
  const handle = openSqlite(newPath());
  await using store = await storeOn(handle);
  const user = aUser();
  const account = anAccount(user.id);
  await store.createUser({ user, account, credentials: [], slots: [], session: aSession(user.id) });
  const [one, other] = [aSubmission(account, { state: 'filed' }), aSubmission(account, { sendAt: 6_000 })];
  await store.saveSubmission(one);
  const more = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16400)
    INSERT INTO submission SELECT id || i, user_id, account_id, state, send_at, tries, updated_at, record_id, message_id
    FROM submission, n`;
  handle.run(more, []);
  await store.saveSubmission(other);
  const all = await store.submissions(account.id);
  assert.deepEqual([all.length, all.at(-1)], [16_402, other]);
});
