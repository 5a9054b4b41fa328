import { Problem, type Blame } from '#base/problem.ts';
import type { Reply } from './replies.ts';

/**
 * Why a message was not, or perhaps not, accepted for delivery.
 * - `smtp/refused`: the server said no, for now (`temporary`, 4xx) or for good (5xx). It has not taken the message.
 * - `smtp/closed-before-data`: the line broke, or fell silent, before the message was complete. It has not been taken.
 * - `smtp/unknown`: the message was complete and no answer came. It may have been taken: never send it again unasked.
 * - `smtp/too-large`: over the server's SIZE. It has not been taken.
 */
export type SmtpCode = 'smtp/refused' | 'smtp/closed-before-data' | 'smtp/unknown' | 'smtp/too-large';

export interface RefusedRecipient {
  email: string;
  /** Reply code, 550. */
  code: number;
  /** What the server said, as {@link SmtpError.words}. */
  words: string;
  permanent: boolean;
}

export interface SmtpErrorFacts {
  reply?: Reply | null;
  /** Overrules what the reply code says. */
  temporary?: boolean;
  refused?: readonly RefusedRecipient[];
  cause?: unknown;
}

export class SmtpError extends Problem {
  override readonly name = 'SmtpError';
  readonly code: SmtpCode;
  readonly blame: Blame;
  /** Reply code and text as the server said them, control characters removed, at most 300 characters; null: it said nothing. */
  readonly words: string | null;
  readonly replyCode: number | null;
  /** RFC 3463: `5.7.1`; null when not given. */
  readonly enhanced: string | null;
  /** Trying again later may help. */
  readonly temporary: boolean;
  /** Recipients that were refused before the whole was. */
  readonly refused: readonly RefusedRecipient[];

  constructor(code: SmtpCode, { reply = null, temporary, refused = [], cause }: SmtpErrorFacts = {}) {
    super(reply === null ? code : `${code} ${reply.code}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.blame = code === 'smtp/refused' || code === 'smtp/too-large' ? 'server' : 'network';
    const { words = null, code: replyCode = null, enhanced = null } = reply ?? {};
    this.words = words;
    this.replyCode = replyCode;
    this.enhanced = enhanced;
    this.temporary = temporary ?? (code === 'smtp/closed-before-data' || (reply !== null && reply.code < 500));
    this.refused = refused;
  }
}
