import { type Blame, Problem } from '#base/problem.ts';

export type AppPasswordCode =
  /** The database cannot be reached, or went away; what was asked has not been done. */
  | 'app-password/unavailable'
  /** The database did not answer in time, or a lock is held; what was asked has not been done. */
  | 'app-password/slow'
  /**
   * The line broke while the change was being committed, and could not be asked again: it may have been done.
   * No password of such a change is ever shown.
   */
  | 'app-password/uncertain'
  | 'app-password/read-only'
  | 'app-password/full'
  /** The database refuses our account, or a right is missing. */
  | 'app-password/forbidden'
  /** There are no tables: `postern app-passwords init` was not run. */
  | 'app-password/not-set-up'
  /** The tables were made by a newer Postern that this one cannot follow. */
  | 'app-password/newer'
  /** New ids met rows that are there, several times in a row. */
  | 'app-password/clash'
  /** The user has as many as the operator allows. */
  | 'app-password/limit'
  /** The expiry lies in the past, or later than the operator allows. */
  | 'app-password/expiry'
  /** No protocol, or one that the operator does not allow. */
  | 'app-password/protocols'
  | 'app-password/networks'
  | 'app-password/label'
  | 'app-password/user'
  /** The user is not of a domain that is managed here. */
  | 'app-password/domain'
  /** The user has no such app password. */
  | 'app-password/unknown'
  /** It is revoked, replaced or expired, so that this cannot be done with it. */
  | 'app-password/state'
  /** Changed in the database, but Dovecot could not be told: until it is, an old login may go on. */
  | 'app-password/not-cut'
  /** A configured statement of the classic table cannot be used. */
  | 'app-password/statement';

const blames: Record<AppPasswordCode, Blame> = {
  'app-password/unavailable': 'operator',
  'app-password/slow': 'operator',
  'app-password/uncertain': 'operator',
  'app-password/read-only': 'operator',
  'app-password/full': 'operator',
  'app-password/forbidden': 'operator',
  'app-password/not-set-up': 'operator',
  'app-password/newer': 'operator',
  'app-password/clash': 'postern',
  'app-password/limit': 'user',
  'app-password/expiry': 'user',
  'app-password/protocols': 'user',
  'app-password/networks': 'user',
  'app-password/label': 'user',
  'app-password/user': 'user',
  'app-password/domain': 'user',
  'app-password/unknown': 'user',
  'app-password/state': 'user',
  'app-password/not-cut': 'operator',
  'app-password/statement': 'operator',
};

/** Messages hold no password, hash, label or address. */
export class AppPasswordError extends Problem {
  override readonly name = 'AppPasswordError';
  readonly code: AppPasswordCode;
  readonly blame: Blame;

  constructor(code: AppPasswordCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.blame = blames[code];
  }
}
