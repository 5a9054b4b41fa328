import { type Blame, Problem } from '#base/problem.ts';

export type StoreCode =
  /** Another writer holds the database for too long; trying again is right. */
  | 'store/busy'
  | 'store/full'
  | 'store/read-only'
  /** The database cannot be reached, or its thread has ended. */
  | 'store/unavailable'
  /** The database was written by a newer Postern that this one cannot follow. */
  | 'store/newer'
  /** A row of the same identity is there, or the row it belongs to is gone: somebody else was first. */
  | 'store/conflict'
  /** The file is not a database, or is damaged. */
  | 'store/damaged';

const blames: Record<StoreCode, Blame> = {
  'store/busy': 'server',
  'store/full': 'operator',
  'store/read-only': 'operator',
  'store/unavailable': 'operator',
  'store/newer': 'operator',
  'store/conflict': 'user',
  'store/damaged': 'operator',
};

export class StoreError extends Problem {
  override readonly name = 'StoreError';
  readonly code: StoreCode;
  readonly blame: Blame;

  constructor(code: StoreCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
  }
}

/** By the driver's code: SQLite's result codes, PostgreSQL's SQLSTATE, or the system's errno. First match wins. */
const table: readonly (readonly [RegExp, StoreCode])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'store/busy'],
  [/^SQLITE_(FULL|IOERR_WRITE)/, 'store/full'],
  [/^SQLITE_READONLY/, 'store/read-only'],
  [/^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|FOREIGNKEY)/, 'store/conflict'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'store/damaged'],
  [/^SQLITE_(CANTOPEN|IOERR|PERM)/, 'store/unavailable'],
  [/^(40001|40P01|55P03|57014|POSTERN_SLOW)$/, 'store/busy'],
  [/^53[12]00$/, 'store/full'],
  [/^25006$/, 'store/read-only'],
  [/^2350[35]$/, 'store/conflict'],
  // A failover may lead to a server that has not these tables, or not these rights.
  [/^(08|28|3D|42P01|42501|25P03|57P0|53|58|XX)/, 'store/unavailable'],
  [/^ENOSPC$/, 'store/full'],
  [/^EROFS$/, 'store/read-only'],
  [
    /^(ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|ENOENT|ENOTDIR|EEXIST|EACCES|EPERM|POSTERN_GONE)/,
    'store/unavailable',
  ],
];

/** Errors of `pg` that carry no code. */
const lostConnection =
  /connection (terminated|ended|timeout)|timeout exceeded when trying to connect|client has encountered/i;

/** The error as the store raises it: a StoreError where the cause is known, else the error itself, which is our defect. */
export const asStoreError = (error: unknown): unknown => {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const found = typeof code === 'string' ? table.find(([pattern]) => pattern.test(code)) : undefined;
  if (found) return new StoreError(found[1], `the database says ${code}`, { cause: error });
  if (lostConnection.test(error.message))
    return new StoreError('store/unavailable', 'the connection to the database is lost', { cause: error });
  return error;
};
