import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { SqliteHandle } from './sqlite-handle.ts';

class HandleConnection implements DatabaseConnection {
  readonly #handle: SqliteHandle;

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes } = this.#handle.run(sql, parameters);
    return { rows: rows as R[], ...(changes === null ? {} : { numAffectedRows: BigInt(changes) }) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

/** Transactions take the write lock at once: a read that turns into a write cannot find the lock gone. */
class HandleDriver implements Driver {
  readonly #handle: SqliteHandle;
  readonly #connection: HandleConnection;

  constructor(handle: SqliteHandle) {
    this.#handle = handle;
    this.#connection = new HandleConnection(handle);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async #say(statement: string): Promise<void> {
    await this.#connection.executeQuery(CompiledQuery.raw(statement));
  }

  beginTransaction(): Promise<void> {
    return this.#say('BEGIN IMMEDIATE');
  }

  commitTransaction(): Promise<void> {
    return this.#say('COMMIT');
  }

  /** SQLite has rolled back by itself after some errors (a full disk); a second time is no error. */
  async rollbackTransaction(): Promise<void> {
    try {
      await this.#say('ROLLBACK');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'SQLITE_ERROR') throw error;
    }
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#handle.close();
  }
}

/** Kysely over one SQLite connection; Kysely itself lets one caller at a time use it. */
export const sqliteDialect = (handle: SqliteHandle): Dialect => ({
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new HandleDriver(handle),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});
