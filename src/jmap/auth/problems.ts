/** The problem documents that every HTTP answer of Postern uses. */

import type { Doubt, FoundSettings } from './discovery.ts';
import type { CertificateReport, ServerFacts } from './servers.ts';
import type { UnlockerKind } from './unlockers.ts';

export const problemPrefix = 'urn:postern:problem:';

/** Every problem an HTTP answer of Postern names; JMAP's own request errors (RFC 8620 §3.6.1) come beside them. */
export const problemStatus = {
  malformed: 400,
  'unsupported-type': 415,
  'too-large': 413,
  unauthenticated: 401,
  locked: 423,
  'forbidden-origin': 403,
  'read-only': 403,
  /** For browser sessions: an API token cannot do it. */
  'session-only': 403,
  /** An unlocker has to be shown again (`POST /auth/prove`). */
  'proof-needed': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'rate-limited': 429,
  'wrong-password': 401,
  'wrong-passkey': 401,
  'wrong-code': 401,
  'totp-needed': 401,
  'user-locked': 403,
  'name-taken': 409,
  'weak-password': 422,
  'no-passkeys': 422,
  'server-unreachable': 502,
  'server-unavailable': 502,
  'too-many-connections': 502,
  timeout: 504,
  'no-tls': 422,
  'bad-certificate': 422,
  'not-imap': 422,
  'no-mechanism': 422,
  'host-not-allowed': 422,
  'discovery-failed': 422,
  /** The issuer, or the mail server shown its token, did not let the person in. */
  'oauth-refused': 422,
  /** Nobody is waited for any more: begin again. */
  'oauth-expired': 409,
  'oauth-unavailable': 502,
  'slot-does-not-open': 409,
  /** It is among the user's accounts already. */
  'account-exists': 409,
  /** Somebody signs in to this Postern with it directly; `anyway` takes it in all the same. */
  'account-elsewhere': 409,
  /** The user would have none left: `DELETE /auth/user`. */
  'last-account': 409,
  /** Nothing would be left that opens what is kept. */
  'last-unlocker': 409,
  'key-outdated': 409,
  'store-unavailable': 503,
  'keeper-unavailable': 503,
  internal: 500,
} as const;

export type ProblemName = keyof typeof problemStatus;

/** application/problem+json – RFC 9457 */
export interface ProblemDocument {
  /** `problemPrefix` and a {@link ProblemName}. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The server the problem is about. */
  server?: ServerFacts | { host: string; port: number };
  /** Which of an account's two servers it is. */
  protocol?: 'imap' | 'smtp';
  /** What the mail server said. */
  words?: string;
  certificate?: CertificateReport;
  /** `discovery-failed`: why, and what there is to know of the provider. */
  doubt?: Doubt | 'no-imap';
  /** `wrong-password`: what the provider wants instead. */
  provider?: FoundSettings['provider'];
  /** `slot-does-not-open`: how to go on. */
  choices?: ('previous-password' | 'passkey' | 'recovery' | 'start-afresh')[];
  /** `proof-needed`: what can be shown. `slot-does-not-open`: what opens it besides, also after starting afresh. */
  unlockers?: UnlockerKind[];
  /** Seconds, as the Retry-After header. */
  retryAfter?: number;
  /** `locked`: whether POST /auth/unlock with the cookie can help, or an unlocker must be asked for. */
  ask?: boolean;
}
