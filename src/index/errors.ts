import { type Blame, Problem } from '#base/problem.ts';

/** Every way the index says no. */
export type IndexCode =
  /** Damaged, of another key or of another schema: the caller deletes the file and syncs again. */
  | 'index/unreadable'
  /** No room on the disk; the write was rolled back. */
  | 'index/full'
  /** The disk failed otherwise; the write was rolled back. */
  | 'index/io'
  /** Another process holds the file. */
  | 'index/busy'
  /** It was closed while somebody still worked with it. */
  | 'index/closed'
  /** The anchor of a query is not in its result (JMAP anchorNotFound). */
  | 'index/anchor-not-found'
  /** A header that the index does not keep (JMAP unsupportedFilter). */
  | 'index/unsupported-filter';

const blames: Record<IndexCode, Blame> = {
  'index/unreadable': 'operator',
  'index/full': 'operator',
  'index/io': 'operator',
  'index/busy': 'operator',
  'index/closed': 'postern',
  'index/anchor-not-found': 'user',
  'index/unsupported-filter': 'user',
};

export class IndexError extends Problem {
  override readonly name = 'IndexError';
  readonly code: IndexCode;
  readonly blame: Blame;

  constructor(code: IndexCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
  }
}

const sqliteCode = (error: unknown): string | undefined =>
  error instanceof Error &&
  error.constructor.name === 'SqliteError' &&
  'code' in error &&
  typeof error.code === 'string'
    ? error.code
    : undefined;

/** An error of SQLite as one of ours; any other error as it is. */
export const asIndexError = (error: unknown): unknown => {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (code.startsWith('SQLITE_FULL')) return new IndexError('index/full', 'no room for the index', { cause: error });
  if (/^SQLITE_(?:CORRUPT|NOTADB|IOERR_(?:SHORT_READ|DATA|CORRUPTFS))/u.test(code)) {
    return new IndexError('index/unreadable', 'the index is damaged or of another key', { cause: error });
  }
  if (/^SQLITE_(?:IOERR|CANTOPEN|READONLY|PERM|NOLFS)/u.test(code)) {
    return new IndexError('index/io', `the index cannot be read or written (${code})`, { cause: error });
  }
  if (/^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/u.test(code)) {
    return new IndexError('index/busy', 'another process holds the index', { cause: error });
  }
  return error;
};
