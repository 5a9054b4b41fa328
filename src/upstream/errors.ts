import { Problem } from '#base/problem.ts';
import type { Blame } from '#base/problem.ts';

/** What can go wrong between the index and the mail servers, as the gateway sees it. */
export type UpstreamCode =
  /** No connection now; the engine keeps trying. */
  | 'net/away'
  /** The server does not take the stored password. */
  | 'auth/refused'
  /** The user's key is not in memory. */
  | 'user/locked'
  /** The engine was closed. */
  | 'engine/closed'
  /** The message is no longer on the server. */
  | 'message/gone'
  /** The server has the message but does not give its bytes. */
  | 'message/unreadable'
  | 'mailbox/not-found'
  | 'mailbox/exists'
  | 'mailbox/has-children'
  /** It holds messages, and was to go only without. */
  | 'mailbox/has-mail'
  /** The account has no room left at the server. */
  | 'mailbox/full'
  /** The server said NO; {@link UpstreamError.words} has its text. */
  | 'mailbox/refused';

const blames: Record<UpstreamCode, Blame> = {
  'net/away': 'network',
  'auth/refused': 'user',
  'user/locked': 'user',
  'engine/closed': 'postern',
  'message/gone': 'user',
  'message/unreadable': 'server',
  'mailbox/not-found': 'user',
  'mailbox/exists': 'user',
  'mailbox/has-children': 'user',
  'mailbox/has-mail': 'user',
  'mailbox/full': 'user',
  'mailbox/refused': 'server',
};

export class UpstreamError extends Problem {
  override readonly name = 'UpstreamError';
  readonly code: UpstreamCode;
  readonly blame: Blame;
  /** What the server said, for the user's eyes; never logged. */
  readonly words: string | null;

  constructor(code: UpstreamCode, message: string, options: { words?: string | null; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.blame = blames[code];
    this.words = options.words ?? null;
  }
}

/** Who is late is told so, and it is nothing to note (S60). */
export const isClosed = (error: unknown): boolean => error instanceof UpstreamError && error.code === 'engine/closed';
