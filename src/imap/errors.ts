import { Problem, type Blame } from '#base/problem.ts';

/**
 * What can go wrong on an IMAP connection.
 * - `imap/closed`: the line is gone (dropped, BYE, closed by us); every pending call gets it.
 * - `imap/timeout`: a command was on its way and the server said nothing for the time allowed; the line is cut.
 * - `imap/refused`: tagged NO or BAD; the connection lives on.
 * - `imap/too-large`: an answer over the limits of the reader; the line is cut.
 * - `imap/protocol`: the server does not speak IMAP as far as this command goes; the line is cut.
 */
export type ImapCode = 'imap/closed' | 'imap/timeout' | 'imap/refused' | 'imap/too-large' | 'imap/protocol';

export interface ImapErrorFacts {
  /** What the server said, control characters removed, at most 300 characters; null when it said nothing. */
  words?: string | null;
  /** RFC 5530 and others, upper-case: `OVERQUOTA`, `NOPERM`, `TRYCREATE` ...; null when none. */
  responseCode?: string | null;
  /** The command's name, without its arguments. */
  command?: string | null;
  /** How long the server asks to be left alone, milliseconds (Exchange: "Suggested Backoff Time"). */
  retryAfter?: number | null;
  cause?: unknown;
}

const blames: Record<ImapCode, Blame> = {
  'imap/closed': 'network',
  'imap/timeout': 'network',
  'imap/refused': 'server',
  'imap/too-large': 'server',
  'imap/protocol': 'server',
};

export class ImapError extends Problem {
  override readonly name = 'ImapError';
  readonly code: ImapCode;
  readonly blame: Blame;
  readonly words: string | null;
  readonly responseCode: string | null;
  readonly command: string | null;
  readonly retryAfter: number | null;

  constructor(code: ImapCode, facts: ImapErrorFacts = {}) {
    const { words = null, responseCode = null, command = null, retryAfter = null, cause } = facts;
    super(
      [code, command, responseCode].filter((part) => part !== null).join(' '),
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.blame = blames[code];
    this.words = words === null ? null : cleanWords(words);
    this.responseCode = responseCode;
    this.command = command;
    this.retryAfter = retryAfter;
  }
}

/** `LIMIT`: Yahoo; `INUSE`: RFC 5530 §3. Not `UNAVAILABLE`, which Yahoo says of single messages that it cannot read. */
const throttles = new Set(['LIMIT', 'INUSE', 'THROTTLED']);
/** Gmail says so with `OVERQUOTA`, Exchange and others without a code. */
const throttled = /throttled|rate limit|bandwidth limit/i;

/** The server was asked too much: whatever it was, it is to be asked later. */
export const isThrottle = (error: unknown): error is ImapError =>
  error instanceof ImapError &&
  error.code === 'imap/refused' &&
  (error.retryAfter !== null || throttles.has(error.responseCode ?? '') || throttled.test(error.words ?? ''));

/** A server's text made fit to be shown: no control characters, one line, at most 300 characters. */
export const cleanWords = (text: string): string | null => {
  // oxlint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u0020\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  return clean === '' ? null : clean.slice(0, 300).toWellFormed();
};
