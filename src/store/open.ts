import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Kysely, sql } from 'kysely';
import { systemClock, type Clock } from '#base/clock.ts';
import { oncePerKey } from '#base/once.ts';
import type { Db } from './db.ts';
import { asStoreError } from './errors.ts';
import { migrate } from './migrate.ts';
import { migrations, postgresWords, sqliteWords } from './migrations.ts';
import { type Patience, poolDialect } from './pool-dialect.ts';
import { postgresPool } from './postgres-pool.ts';
import type { Tables } from './schema.ts';
import { SqlStore } from './sql-store.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { openSqlite } from './sqlite-handle.ts';
import { openThreadStore } from './thread-store.ts';
import type { Store } from './types.ts';

export interface StoreOptions {
  /**
   * SQLite only. `direct`: the synchronous driver in this thread; for workers. `thread`: the store lives in a thread of
   * its own, so that this one never blocks; for the main thread.
   */
  mode: 'direct' | 'thread';
  clock?: Clock;
}

/** The path of a `sqlite:` or `file:` URL, percent-decoded; anything else is the path itself. */
export const sqlitePath = (url: string): string => {
  const rest = url.replace(/^(sqlite|file):/, '');
  if (rest === url || rest === ':memory:') return rest;
  return rest.startsWith('/') ? fileURLToPath(`file:${rest}`) : rest;
};

const isPostgres = (url: string): boolean => /^postgres(ql)?:/.test(url);

/** "post" as the number of a PostgreSQL advisory lock: one migration at a time. */
const migrationLock = 0x706f7374;

/** Letters with their attachments are stored in one statement. */
const patience: Patience = { connect: 5_000, statement: 30_000 };
/** A table may have to be written anew, and another start waits for that. */
const patienceToMigrate: Patience = { connect: 5_000, statement: 3_600_000 };

const postgres = (url: string, within: Patience): Db =>
  new Kysely<Tables>({ dialect: poolDialect('postgres', postgresPool(url, within), within) });

const openPostgres = async (url: string): Promise<Db> => {
  const db = postgres(url, patienceToMigrate);
  const lock = async (t: Db): Promise<void> => {
    await sql`SELECT pg_advisory_xact_lock(${migrationLock})`.execute(t);
  };
  await (await migrated(db, () => migrate(db, postgresWords, migrations, lock))).destroy();
  return postgres(url, patience);
};

const openFile = async (path: string): Promise<Db> => {
  const db = new Kysely<Tables>({ dialect: sqliteDialect(openSqlite(path)) });
  return migrated(db, () => migrate(db, sqliteWords, migrations, async () => undefined));
};

const migrated = async (db: Db, work: () => Promise<void>): Promise<Db> => {
  try {
    await work();
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
};

interface Shared {
  db: Db;
  users: number;
}

/** Open files of this thread: two connections in one thread would block each other, so there is one. */
const shared = new Map<string, Shared>();

const openShared = oncePerKey(async (path: string): Promise<Shared> => {
  const made = { db: await openFile(path), users: 0 };
  if (path !== ':memory:') shared.set(realPath(path), made);
  return made;
});

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

const openDirect = async (path: string, clock: Clock): Promise<Store> => {
  const file = shared.get(realPath(path)) ?? (await openShared(path));
  file.users += 1;
  return new SqlStore(file.db, clock, async () => {
    file.users -= 1;
    if (file.users > 0) return;
    for (const [key, value] of shared) if (value === file) shared.delete(key);
    await file.db.destroy();
  });
};

/**
 * Opens the durable store at `sqlite:/path`, a plain path or `postgres://…`, and brings it to this version.
 * @throws StoreError `store/newer`, `store/unavailable`, `store/damaged`, `store/busy`, `store/read-only`
 */
export const openStore = async (url: string, { mode, clock = systemClock }: StoreOptions): Promise<Store> => {
  try {
    if (isPostgres(url)) {
      const db = await openPostgres(url);
      return new SqlStore(db, clock, () => db.destroy());
    }
    return mode === 'thread' ? await openThreadStore(url, clock) : await openDirect(sqlitePath(url), clock);
  } catch (error) {
    throw asStoreError(error);
  }
};
