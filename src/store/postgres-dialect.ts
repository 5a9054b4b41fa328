import { PostgresDialect, type Dialect } from 'kysely';
import pg from 'pg';

/** Kysely over a small pool. 64-bit integers come as numbers: ours are times in ms and counts. */
export const postgresDialect = (url: string): Dialect => {
  const pool = new pg.Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 5000,
    types: {
      getTypeParser: ((oid, format) =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks while idle is replaced at its next use; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
};
