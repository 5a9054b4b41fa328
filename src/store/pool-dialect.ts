import {
  CompiledQuery,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';

/** One connection to a database server. */
export interface Line {
  run(sql: string, parameters: readonly unknown[]): Promise<{ rows: unknown[]; changes: number }>;
  /** Back into the pool. */
  release(): void;
  /** Closes the socket at once; whoever waits for an answer gets an error. */
  destroy(): void;
}

export interface LinePool {
  take(): Promise<Line>;
  end(): Promise<void>;
}

/** Connections of one thread. */
export const poolSize = 4;

/** How long anything may take, in ms. */
export interface Patience {
  connect: number;
  statement: number;
}

class TimedOut extends Error {
  readonly code = 'POSTERN_SLOW';
}
class Gone extends Error {
  readonly code = 'POSTERN_GONE';
}

const within = <T>(ms: number, work: Promise<T>, late: () => void): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TimedOut('no answer in time'));
      late();
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** A connection that is late once is thrown away: what it would answer belongs to no question any more. */
class TimedConnection implements DatabaseConnection {
  readonly #line: Line;
  readonly #ms: number;
  #broken = false;

  constructor(line: Line, ms: number) {
    this.#line = line;
    this.#ms = ms;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#broken) throw new Gone('the connection was given up');
    const { rows, changes } = await within(this.#ms, this.#line.run(sql, parameters), () => {
      this.#broken = true;
      this.#line.destroy();
    });
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  release(): void {
    if (!this.#broken) this.#line.release();
  }

  /** The line's state is not known: not back into the pool. */
  giveUp(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#line.destroy();
  }
}

class PoolDriver implements Driver {
  readonly #pool: LinePool;
  readonly #patience: Patience;

  constructor(pool: LinePool, patience: Patience) {
    this.#pool = pool;
    this.#patience = patience;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<TimedConnection> {
    let late = false;
    const taking = this.#pool.take().then((line) => {
      if (late) line.destroy();
      return line;
    });
    const line = await within(this.#patience.connect, taking, () => {
      late = true;
    });
    return new TimedConnection(line, this.#patience.statement);
  }

  async beginTransaction(connection: TimedConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN'));
  }

  async commitTransaction(connection: TimedConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('COMMIT'));
    } catch (error) {
      connection.giveUp();
      throw error;
    }
  }

  /** A line that cannot even roll back is closed, upon which the server does. The error that led here is the one to tell. */
  async rollbackTransaction(connection: TimedConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
    } catch {
      connection.giveUp();
    }
  }

  async releaseConnection(connection: TimedConnection): Promise<void> {
    connection.release();
  }

  destroy(): Promise<void> {
    return this.#pool.end();
  }
}

/** Kysely over a pool of lines, where every statement and every connection has its time. */
export const poolDialect = (kind: 'mysql' | 'postgres', pool: LinePool, patience: Patience): Dialect => ({
  createAdapter: () => (kind === 'mysql' ? new MysqlAdapter() : new PostgresAdapter()),
  createDriver: () => new PoolDriver(pool, patience),
  createIntrospector: (db) => (kind === 'mysql' ? new MysqlIntrospector(db) : new PostgresIntrospector(db)),
  createQueryCompiler: () => (kind === 'mysql' ? new MysqlQueryCompiler() : new PostgresQueryCompiler()),
});
