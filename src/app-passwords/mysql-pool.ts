import mysql from 'mysql2/promise';
import { type LinePool, type Patience, poolSize } from '#store/pool-dialect.ts';

type Result = mysql.RowDataPacket[] | mysql.ResultSetHeader;

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
    connectionLimit: poolSize,
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
