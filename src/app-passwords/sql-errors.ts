import { AppPasswordError, type AppPasswordCode } from './errors.ts';

/** By the driver's code: SQLite's result codes, SQLSTATE of PostgreSQL, names of MariaDB, errno. First match wins. */
const table: readonly (readonly [RegExp, AppPasswordCode])[] = [
  [/^(SQLITE_(BUSY|LOCKED)|40001|40P01|55P03|57014|POSTERN_SLOW)/, 'app-password/slow'],
  [/^ER_(LOCK_WAIT_TIMEOUT|LOCK_DEADLOCK|STATEMENT_TIMEOUT|QUERY_TIMEOUT|QUERY_INTERRUPTED)$/, 'app-password/slow'],
  [/^(SQLITE_(FULL|IOERR_WRITE)|53[12]00$|ENOSPC$)/, 'app-password/full'],
  [/^ER_(RECORD_FILE_FULL|DISK_FULL|DISK_FULL_NOWAIT|OUT_OF_RESOURCES|TEMP_FILE_WRITE_FAILURE)$/, 'app-password/full'],
  [/^(SQLITE_READONLY|25006$|EROFS$)/, 'app-password/read-only'],
  [
    /^ER_(OPTION_PREVENTS_STATEMENT|CANT_EXECUTE_IN_READ_ONLY_TRANSACTION|READ_ONLY_MODE|OPEN_AS_READONLY)$/,
    'app-password/read-only',
  ],
  [/^(SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)|23505$|ER_DUP_ENTRY)/, 'app-password/clash'],
  [/^(42P01$|42703$|3F000$|ER_NO_SUCH_TABLE$|ER_BAD_FIELD_ERROR$)/, 'app-password/not-set-up'],
  [/^(42501$|28|3D000$|SQLITE_(PERM|AUTH)|EACCES$|EPERM$)/, 'app-password/forbidden'],
  [
    /^ER_(ACCESS_DENIED|DBACCESS_DENIED|TABLEACCESS_DENIED|COLUMNACCESS_DENIED|SPECIFIC_ACCESS|BAD_DB|USER_LIMIT|HOST_NOT|NOT_SUPPORTED_AUTH)/,
    'app-password/forbidden',
  ],
  [/^(08|57P0|53|SQLITE_(CANTOPEN|IOERR|CORRUPT|NOTADB))/, 'app-password/unavailable'],
  [
    /^(ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|ENOENT|ENOTDIR|PROTOCOL_|POOL_|HANDSHAKE_|POSTERN_GONE)/,
    'app-password/unavailable',
  ],
  [
    /^ER_(CON_COUNT_ERROR|SERVER_SHUTDOWN|TOO_MANY_USER_CONNECTIONS|NORMAL_SHUTDOWN|NET_|CONNECTION_KILLED|NEW_ABORTING)/,
    'app-password/unavailable',
  ],
];

/** Errors of `pg` that carry no code. */
const lostConnection =
  /connection (terminated|ended|timeout|is closed)|can't add new command|timeout exceeded when trying to connect|client has encountered/i;

/** Whether a change that ended in this error may have been done all the same: the line went, or nobody answered. */
export const isUncertain = (error: unknown): boolean =>
  error instanceof AppPasswordError &&
  (error.code === 'app-password/unavailable' || error.code === 'app-password/slow');

/** In SQLite these have no code of their own. */
const withoutTable = /no such (table|column)|has no column named/i;

/** The error as this room raises it; what is not known stays itself, and is our defect. */
export const asAppPasswordError = (error: unknown): unknown => {
  if (error instanceof AppPasswordError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const word = typeof code === 'string' ? code : '';
  const found = table.find(([pattern]) => pattern.test(word))?.[1];
  // The driver's error is no `cause`: its text may hold the values of the statement.
  if (found) return new AppPasswordError(found, `the database says ${word}`);
  if (withoutTable.test(error.message))
    return new AppPasswordError(
      'app-password/not-set-up',
      'the tables are missing or older: run postern app-passwords init',
    );
  if (lostConnection.test(error.message))
    return new AppPasswordError('app-password/unavailable', 'the connection to the database is lost');
  return error;
};
