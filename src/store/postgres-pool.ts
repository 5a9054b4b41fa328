import pg from 'pg';
import { type LinePool, type Patience, poolSize } from './pool-dialect.ts';

/** PgBouncer hands connections on to others and takes nobody's settings: protocol_violation, "unsupported startup parameter". */
const takesNoSettings = (error: unknown): boolean => (error as { code?: unknown }).code === '08P01';

/** `postgres://user:password@host/database`, `?host=/run/postgresql` for a Unix socket. 64-bit integers come as numbers. */
export const postgresPool = (url: string, patience: Patience): LinePool => {
  const settings = {
    statement_timeout: patience.statement,
    lock_timeout: patience.statement,
    idle_in_transaction_session_timeout: 2 * patience.statement,
  };
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: patience.connect,
    ...settings,
    application_name: 'postern',
    types: {
      getTypeParser: ((oid, format) =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks is replaced at its next use; unheard, the event would end the process. The pool listens
  // only while it has the connection.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    take: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        if (!takesNoSettings(error)) throw error;
        for (const name of Object.keys(settings)) Reflect.deleteProperty(pool.options, name);
        return pool.connect();
      });
      return {
        run: async (sql, parameters) => {
          const { rows, rowCount } = await client.query<Record<string, unknown>>(sql, [...parameters]);
          return { rows, changes: rowCount ?? 0 };
        },
        release: () => client.release(),
        destroy: () => client.release(true),
      };
    },
    end: () => pool.end(),
  };
};
