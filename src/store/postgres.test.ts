import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Kysely } from 'kysely';
import pg from 'pg';
import { systemClock } from '#base/clock.ts';
import { must } from '#base/must.ts';
import { openStore } from './open.ts';
import { poolDialect } from './pool-dialect.ts';
import { postgresPool } from './postgres-pool.ts';
import { openPostgres } from './postgres.testkit.ts';
import type { Tables } from './schema.ts';
import { SqlStore } from './sql-store.ts';
import { anEntry } from './store.testkit.ts';
import type { Store } from './types.ts';

const postgres = await openPostgres();
after(() => postgres?.[Symbol.asyncDispose]());

/** The operator's own connection. */
const operator = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
};

const known = new Set([
  'user',
  'database',
  'client_encoding',
  'datestyle',
  'timezone',
  'application_name',
  'replication',
]);

/** As PgBouncer does without `ignore_startup_parameters`: it refuses whoever brings settings of a session, and names one. */
const openPooler = async (behind: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pooler-'));
  const pooler = { folder, refused: 0 };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first: Buffer) => {
      // Length and version of the protocol; then names and values, each ended by a zero.
      const words = first.toString('utf8', 8).split('\0');
      const unknown = words.find((word, i) => i % 2 === 0 && word !== '' && !known.has(word.toLowerCase()));
      if (unknown !== undefined) {
        pooler.refused += 1;
        const fields = ['SFATAL', 'C08P01', `Munsupported startup parameter: ${unknown}`, '', ''].join('\0');
        const head = Buffer.from('E....');
        head.writeInt32BE(4 + fields.length, 1);
        socket.end(Buffer.concat([head, Buffer.from(fields)]));
        return;
      }
      const line = connect(behind);
      line.on('error', () => undefined);
      line.write(first);
      socket.pipe(line).pipe(socket);
    });
  });
  server.listen(join(folder, '.s.PGSQL.5432'));
  await once(server, 'listening');
  return Object.assign(pooler, {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
      rmSync(folder, { recursive: true });
    },
  });
};

/** A transaction. */
const ask = (store: Store): Promise<unknown> => store.userBySiteName('nobody');

describe('D10 PostgreSQL', { skip: postgres === null && 'no PostgreSQL on this machine' }, () => {
  test('connections that the server ends, at any moment, are an error of who asked and of nobody else', async () => {
    const url = await must(postgres, 'PostgreSQL').database();
    await using store = await openStore(url, { mode: 'direct' });
    const admin = await operator(url);
    let ended = 0;
    let asking = true;
    const ending = (async () => {
      const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'postern'`;
      while (asking) ended += (await admin.query(others)).rowCount ?? 0;
    })();
    const failures: unknown[] = [];
    for (let round = 0; round < 200; round += 1)
      await Promise.all(
        Array.from({ length: 3 }, () => ask(store).catch((error: unknown) => void failures.push(error))),
      );
    asking = false;
    await ending;
    await admin.end();
    assert.ok(ended > 100 && failures.length > 0);
    for (const error of failures) assert.equal((error as { code?: string }).code, 'store/unavailable', String(error));
    await ask(store).catch(() => undefined);
    assert.equal(await store.healthy(), true);
  });

  test('a statement has its time, and what it was to change does not change later', async () => {
    const url = await must(postgres, 'PostgreSQL').database();
    await using store = await openStore(url, { mode: 'direct' });
    const patience = { connect: 5_000, statement: 300 };
    const db = new Kysely<Tables>({ dialect: poolDialect('postgres', postgresPool(url, patience), patience) });
    await using impatient = new SqlStore(db, systemClock, () => db.destroy());
    const admin = await operator(url);
    await admin.query('BEGIN; LOCK TABLE audit IN ACCESS EXCLUSIVE MODE');
    await assert.rejects(impatient.audit(anEntry(null)), { code: 'store/busy' });
    await admin.query('COMMIT');
    await admin.end();
    assert.deepEqual(await store.auditOf(null, { since: 0, most: 10 }), []);
  });

  test('D83 a pooler in between that takes no settings is connected to without them', async () => {
    const url = new URL(await must(postgres, 'PostgreSQL').database());
    await using pooler = await openPooler(`${url.searchParams.get('host')}/.s.PGSQL.5432`);
    url.searchParams.set('host', pooler.folder);
    await using store = await openStore(url.href, { mode: 'direct' });
    await Promise.all(Array.from({ length: 20 }, () => ask(store)));
    assert.equal(await store.healthy(), true);
    await store.audit(anEntry(null));
    assert.equal((await store.auditOf(null, { since: 0, most: 10 })).length, 1);
    assert.ok(pooler.refused > 0);
  });

  test('a server without our tables, as after a failover, is away', async () => {
    const url = await must(postgres, 'PostgreSQL').database();
    await using store = await openStore(url, { mode: 'direct' });
    const admin = await operator(url);
    await admin.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await admin.end();
    await assert.rejects(ask(store), { code: 'store/unavailable' });
    assert.equal(await store.healthy(), false);
  });
});
