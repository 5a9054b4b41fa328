import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3-multiple-ciphers';
import { readEnv } from '#config/env.ts';
import { toConfig } from '#config/config.ts';
import { openStore } from '#store/open.ts';
import type { Store } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { openKeeper } from '#vault/keeper-client.ts';
import type { Keeper } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import { openRecord } from '#vault/seal-record.ts';
import { startKeeper } from '#vault/start-keeper.ts';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser, problemOf } from '../e2e/browser.ts';
import { openPlace, signInSealed, startInstance } from './instance.ts';
import { fillMailbox, readMailbox, writeMail } from './mailbox.ts';

/** Somebody who may read and write the database, and has neither cookies nor the secret file. */

const users = [
  { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' },
  { address: 'bob@village.test', password: 'Schleuse-12-Taubenblau-z' },
] as const;

let village: Village;
let place: ReturnType<typeof openPlace>;
let alice: Browser;
/** A server of the thief's: how often it was called. */
const evil = { calls: 0, port: 0, server: createServer((socket) => ((evil.calls += 1), socket.end())) };

before(async () => {
  village = await openDovecot({ users });
  place = openPlace();
  await new Promise<void>((done) => evil.server.listen(0, '127.0.0.1', done));
  evil.port = (evil.server.address() as AddressInfo).port;
  const secrets = fillMailbox(village, users[0].address, 3);
  await using postern = await startInstance(place.path, village);
  alice = postern.browser;
  const bob = new Browser(alice.url);
  assert.equal((await signInSealed(alice, { ...users[0], remember: true })).status, 200);
  assert.equal((await signInSealed(bob, { ...users[1], remember: true })).status, 200);
  await readMailbox(alice, 3, secrets.get('body word 1') ?? '');
  await writeMail(alice, secrets);
});
after(async () => {
  evil.server.close();
  place[Symbol.dispose]();
  await village[Symbol.asyncDispose]();
});

const database = 'postern.db';

/** The database after somebody wrote into it, and a keeper before it. */
const tampered = async (sql: string, work: (store: Store, keeper: Keeper) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-sql-'));
  try {
    cpSync(join(place.path, 'data'), join(folder, 'data'), { recursive: true });
    const path = join(folder, 'data', database);
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    db.close();
    const config = toConfig(
      readEnv({
        POSTERN_DATA: join(folder, 'data'),
        POSTERN_SECRET_FILE: join(place.path, 'secret', 'host.key'),
        POSTERN_PRIVATE_SERVERS: '127.0.0.1',
        POSTERN_KEEPER: 'inside',
      }),
    );
    await using store = await openStore(`sqlite:${path}`, { mode: 'direct' });
    await using running = await startKeeper(config);
    await using keeper = await openKeeper(running);
    await work(store, keeper);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What alice's browser makes happen: unlock by its cookies, connect to her servers, open her drafts and unsent mail. */
const asAlice = async (store: Store, keeper: Keeper): Promise<void> => {
  const bytes = (name: string): Buffer => Buffer.from(alice.jar.get(name)?.value ?? '', 'base64url');
  const session = await store.sessionByTokenHash(hashToken(bytes('postern')));
  assert.ok(session, 'the session is found');
  const user = await store.user(session.user);
  assert.ok(user);
  await keeper.unlock(session, user.keys, bytes('postern-key'));
  const [account] = await store.accounts(session.user);
  assert.ok(account);
  for (const protocol of ['imap', 'smtp'] as const) {
    const credential = await store.credential(account.id, protocol);
    assert.ok(credential);
    const { binding, sealed } = credential;
    const { stream } = await keeper.connect({ binding, target: account[protocol], sealed });
    stream.destroy();
  }
  const records = await Promise.all([
    store.records(session.user, account.id, 'draft'),
    store.records(session.user, account.id, 'submission'),
  ]);
  const rows = records.flat();
  assert.ok(rows.length >= 2, `${rows.length} records`);
  for (const row of rows) await openRecord(keeper, recordBinding(row), row);
};

const ofAlice = `(SELECT user_id FROM account WHERE address = '${users[0].address}')`;
const ofBob = `(SELECT user_id FROM account WHERE address = '${users[1].address}')`;
const atHers = `WHERE user_id = ${ofAlice}`;
const accountChange = (change: string): string => `UPDATE account SET ${change} ${atHers}`;
const swap = (table: string, column: string, where: string, from: string): string =>
  `UPDATE ${table} SET ${column} = (SELECT ${column} FROM ${table} WHERE ${from}) WHERE ${where}`;
const imapOf = (user: string): string => `user_id = ${user} AND protocol = 'imap'`;

const session = 'session/does-not-open';
const record = 'record/does-not-open';

test('untouched, all of it opens', () => tampered('SELECT 1', asAlice));

const attempts = (): [string, string, string][] => [
  ['another IMAP server', accountChange(`imap_port = ${evil.port}`), record],
  ['another IMAP name', accountChange("imap_host = 'localhost'"), record],
  ['another login', accountChange("imap_username = 'carol@village.test'"), record],
  ['another TLS mode', accountChange("imap_security = 'starttls'"), record],
  ['a certificate of the thief pinned', accountChange(`imap_pin = '${'ab'.repeat(32)}'`), record],
  ['another SMTP server', accountChange(`smtp_port = ${evil.port}`), record],
  [
    "the SMTP credential in the IMAP one's row",
    swap('credential', 'sealed', imapOf(ofAlice), `user_id = ${ofAlice} AND protocol = 'smtp'`),
    record,
  ],
  ["bob's credential in alice's row", swap('credential', 'sealed', imapOf(ofAlice), imapOf(ofBob)), record],
  ['another generation', `UPDATE credential SET generation = generation + 1 ${atHers}`, record],
  ["another row's name", `UPDATE credential SET row_name = 'x' ${atHers}`, record],
  [
    "bob's session key in alice's session",
    swap('session', 'sealed', `user_id = ${ofAlice}`, `user_id = ${ofBob}`),
    session,
  ],
  ["alice's session given to bob", `UPDATE session SET user_id = ${ofBob} ${atHers}`, session],
  ['another generation of the session', `UPDATE session SET generation = generation + 1 ${atHers}`, session],
  [
    "bob's keys for alice",
    `UPDATE "user" SET (public_key, sealed_keys) = (SELECT public_key, sealed_keys FROM "user" WHERE id = ${ofBob}) WHERE id = ${ofAlice}`,
    session,
  ],
  ['a public key of the thief', `UPDATE "user" SET public_key = zeroblob(32) WHERE id = ${ofAlice}`, session],
  [
    'one record in the row of another',
    `UPDATE record SET (wrapped, sealed) = (SELECT wrapped, sealed FROM record AS other ${atHers} AND other.id <> record.id LIMIT 1) ${atHers}`,
    record,
  ],
  ['the text of a record alone', `UPDATE record SET sealed = zeroblob(length(sealed)) ${atHers}`, record],
];

test('V4, V5 rows of the database cannot be swapped, repointed or put back: nothing opens, nobody is called', async (t) => {
  for (const [name, sql, code] of attempts())
    await t.test(name, () =>
      tampered(sql, (store, keeper) => assert.rejects(asAlice(store, keeper), { code }, `${name} is refused`)),
    );
  assert.equal(evil.calls, 0);
});

test('V5, V18 a running Postern on a repointed account calls nobody, neither by cookie nor by a typed password', async () => {
  const db = new Database(join(place.path, 'data', database));
  const [{ imap_port: port }] = db.prepare(`SELECT imap_port FROM account ${atHers}`).all() as [{ imap_port: number }];
  const write = (value: number): void => void db.exec(accountChange(`imap_port = ${value}`));
  write(evil.port);
  {
    await using postern = await startInstance(place.path, village, { POSTERN_PRIVATE_SERVERS: '127.0.0.1' });
    const browser = alice.at(postern.browser.url);
    assert.equal((await browser.post('/auth/unlock')).status, 200);
    await browser.jmap([['Mailbox/get', {}]]);
    await browser.jmap([['Email/query', {}]]);
    assert.equal((await browser.post('/auth/lock')).status, 204);
    const again = await browser.post('/auth/unlock', { password: users[0].password });
    assert.deepEqual(await problemOf(again), [401, 'unauthenticated']);
    alice = browser;
  }
  assert.equal(evil.calls, 0);
  write(port);
  db.close();
  await using postern = await startInstance(place.path, village);
  const browser = alice.at(postern.browser.url);
  assert.equal((await browser.post('/auth/unlock', { password: users[0].password })).status, 200);
  await village.deliver(users[0].address, 'From: bob@village.test\r\nSubject: after the thief\r\n\r\nHello\r\n');
  await browser.until(
    async () => {
      const [answer] = await browser.jmap([['Email/query', { filter: { subject: 'thief' } }]]);
      return (answer?.['ids'] as string[] | undefined)?.length;
    },
    (n) => n === 1,
    20_000,
  );
});
