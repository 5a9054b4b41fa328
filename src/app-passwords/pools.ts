import mysql from 'mysql2/promise';
import pg from 'pg';
import type { LinePool, Patience } from './dialect.ts';

const connections = 4;

type Result = mysql.RowDataPacket[] | mysql.ResultSetHeader;

/** `postgres://user:password@host/database`, `?host=/run/postgresql` for a Unix socket. 64-bit integers come as numbers. */
export const postgresPool = (url: string, patience: Patience): LinePool => {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: patience.connect,
    statement_timeout: patience.statement,
    lock_timeout: patience.statement,
    idle_in_transaction_session_timeout: 2 * patience.statement,
    application_name: 'postern app-passwords',
    types: {
      getTypeParser: ((oid, format) =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // A connection that breaks while idle is replaced at its next use; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return {
    take: async () => {
      const client = await pool.connect();
      // While it is lent, the pool does not listen for it.
      const ignore = (): void => undefined;
      client.on('error', ignore);
      return {
        run: async (sql, parameters) => {
          const { rows, rowCount } = await client.query<Record<string, unknown>>(sql, [...parameters]);
          return { rows, changes: rowCount ?? 0 };
        },
        release: () => {
          client.off('error', ignore);
          client.release();
        },
        destroy: () => client.release(true),
      };
    },
    end: () => pool.end(),
  };
};

/** The session: strict values, a lock is waited for no longer than a statement, and what is read is what is committed. */
const opening = (patience: Patience): string[] => [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION innodb_lock_wait_timeout = ${Math.max(1, Math.floor(patience.statement / 1000))}`,
];

/** `mysql://` or `mariadb://user:password@host/database`, `?socket=/run/mysqld/mysqld.sock` for a Unix socket. */
export const mysqlPool = (url: string, patience: Patience): LinePool => {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const socket = searchParams.get('socket');
  const pool = mysql.createPool({
    ...(socket === null ? { host: hostname, port: Number(port || 3306) } : { socketPath: socket }),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...(searchParams.get('ssl') === '1' ? { ssl: {} } : {}),
    connectionLimit: connections,
    connectTimeout: patience.connect,
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    multipleStatements: false,
  });
  const ready = new WeakSet<object>();
  return {
    take: async () => {
      const connection = await pool.getConnection();
      const run = async (
        sql: string,
        parameters: readonly unknown[],
      ): Promise<{ rows: unknown[]; changes: number }> => {
        // Values go apart from the statement, in the binary protocol; BEGIN and SET cannot be prepared.
        const [result] = await (parameters.length > 0
          ? connection.execute<Result>(sql, parameters as mysql.ExecuteValues[])
          : connection.query<Result>(sql));
        return Array.isArray(result) ? { rows: result, changes: 0 } : { rows: [], changes: result.affectedRows };
      };
      if (!ready.has(connection.connection)) {
        for (const statement of opening(patience)) await run(statement, []);
        ready.add(connection.connection);
      }
      return { run, release: () => connection.release(), destroy: () => connection.destroy() };
    },
    end: () => pool.end(),
  };
};
