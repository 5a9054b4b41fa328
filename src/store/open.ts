import { fileURLToPath } from 'node:url';
import { Kysely, sql, type Dialect } from 'kysely';
import { systemClock, type Clock } from '#base/clock.ts';
import type { Db } from './db.ts';
import { asStoreError } from './errors.ts';
import { migrate } from './migrate.ts';
import { migrations, postgresWords, sqliteWords, type DialectWords } from './migrations.ts';
import { postgresDialect } from './postgres-dialect.ts';
import type { Tables } from './schema.ts';
import { SqlStore } from './sql-store.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { openSqlite } from './sqlite-handle.ts';
import { openSqliteThread } from './sqlite-thread.ts';
import type { Store } from './types.ts';

export interface StoreOptions {
  /**
   * SQLite only. `direct`: the synchronous driver in this thread, one store a thread; for workers. `thread`: a thread of
   * its own owns the file, so that this one never blocks; for the main thread.
   */
  mode: 'direct' | 'thread';
  clock?: Clock;
}

interface Dialected {
  dialect: Dialect;
  words: DialectWords;
  lock: (db: Db) => Promise<void>;
}

/** The path of a `sqlite:` or `file:` URL, percent-decoded; anything else is the path itself. */
export const sqlitePath = (url: string): string => {
  const rest = url.replace(/^(sqlite|file):/, '');
  if (rest === url || rest === ':memory:') return rest;
  return rest.startsWith('/') ? fileURLToPath(`file:${rest}`) : rest;
};

/** "Postern" as the number of a PostgreSQL advisory lock. */
const migrationLock = 0x706f7374;

const dialectOf = async (url: string, mode: StoreOptions['mode']): Promise<Dialected> => {
  if (/^postgres(ql)?:/.test(url)) {
    const lock = async (db: Db): Promise<void> => {
      await sql`SELECT pg_advisory_xact_lock(${migrationLock})`.execute(db);
    };
    return { dialect: postgresDialect(url), words: postgresWords, lock };
  }
  const path = sqlitePath(url);
  const handle = mode === 'thread' ? await openSqliteThread(path) : openSqlite(path);
  return { dialect: sqliteDialect(handle), words: sqliteWords, lock: async () => undefined };
};

/**
 * Opens the durable store at `sqlite:/path`, a plain path or `postgres://…`, and brings it to this version.
 * @throws StoreError `store/newer`, `store/unavailable`, `store/damaged`, `store/busy`, `store/read-only`
 */
export const openStore = async (url: string, { mode, clock = systemClock }: StoreOptions): Promise<Store> => {
  let db: Db | null = null;
  try {
    const { dialect, words, lock } = await dialectOf(url, mode);
    db = new Kysely<Tables>({ dialect });
    await migrate(db, words, migrations, lock);
    return new SqlStore(db, clock);
  } catch (error) {
    await db?.destroy();
    throw asStoreError(error);
  }
};
