/**
 * Signing in and out, the only part of the contract that is not JMAP: `/auth/*`, and the problem documents that every
 * HTTP answer of Postern uses. See docs/spec/door.md.
 */

export type Security = 'tls' | 'starttls' | 'none';

/** A server as the person named it. `none` is taken for the operator's private servers only. */
export interface ServerWish {
  host: string;
  port: number;
  security: Security;
  /** The login, when it is not the address. */
  username?: string;
  /** SHA-256 of a certificate (hex, lower-case) that the person has compared and trusts; it is pinned to the account. */
  pin?: string;
}

/**
 * `POST /auth/sign-in` as JSON. As `application/octet-stream` the body is: length of the JSON (4 bytes, big endian), the
 * same JSON without passwords, then for the password and for the previous one, if there is one: length (2 bytes) and the
 * box sealed to the key of `GET /auth/key` (docs/spec/vault.md).
 */
export interface SignInRequest {
  address: string;
  password: string;
  /** Both or neither; without them the servers are looked for. */
  imap?: ServerWish;
  smtp?: ServerWish;
  /** 30 days instead of a session that ends with the browser, or after 24 hours. */
  remember?: boolean;
  /** Keep nothing once the session has ended. */
  leaveNothing?: boolean;
  /** After `slot-does-not-open`, one of two: the password before it was changed at the server … */
  previousPassword?: string;
  /** … or drafts, settings and unsent mail kept here are given up. */
  startAfresh?: boolean;
}

export interface ServerFacts {
  host: string;
  port: number;
  security: Security;
  username: string;
}

export interface SignedInAccount {
  /** JMAP accountId. */
  id: string;
  address: string;
  name: string;
  imap: ServerFacts;
  smtp: ServerFacts;
}

/** Answer of `POST /auth/sign-in`, `POST /auth/unlock` and `GET /auth/session`. */
export interface SignedIn {
  user: { id: string; address: string };
  accounts: SignedInAccount[];
}

/** `GET /auth/key`: the keeper's X25519 public key of this start, base64url without padding. */
export interface SealingKey {
  key: string;
}

/** `POST /auth/tokens` */
export interface TokenRequest {
  name: string;
  /** ISO 8601; null or missing: never. */
  expires?: string | null;
  readOnly?: boolean;
}

/** `GET /auth/tokens` answers `{tokens: TokenFacts[]}`. Times in ISO 8601. */
export interface TokenFacts {
  id: string;
  name: string;
  readOnly: boolean;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

/** The only time the token itself is shown. */
export interface NewToken extends TokenFacts {
  token: string;
}

/** Why a server was not taken while looking. Nothing but a greeting and STARTTLS has been said to it. */
export type Doubt =
  | 'not-found'
  | 'unreachable'
  | 'timeout'
  | 'private'
  | 'not-allowed'
  | 'no-tls'
  | 'certificate'
  | 'not-imap'
  | 'not-smtp'
  | 'plain-refused';

export interface FoundServer extends ServerFacts {
  /** TLS was seen with a valid certificate for `host`, or the operator named the server. */
  proven: boolean;
}

/** Where settings come from. */
export type SettingsSource = 'operator' | 'provider' | 'guess';

export interface FoundSettings {
  source: SettingsSource;
  imap: FoundServer;
  smtp: FoundServer;
  /** What users of the provider have to know; `auth` `app-password`: the ordinary password is refused. */
  provider: {
    id: string;
    name: string;
    auth: 'password' | 'app-password' | 'oauth';
    appPasswordUrl: string | null;
    enableUrl: string | null;
    note: string | null;
  } | null;
  /** A server lies outside the address's own domain: shown before a password is sent. */
  foreign: boolean;
  /** The login is a guess: where the whole address is refused, the part before the @ may be tried once. */
  loginUnsure: boolean;
}

/**
 * One event of `POST /auth/discover {address}` (`event: step`, data this object; or with `Accept: application/json` an
 * object `{steps}` at the end). `ms` is the time since the start. The last is `result` or `failed`.
 */
export type DiscoveryStep =
  | {
      step: 'settings';
      state: 'looking' | 'found' | 'missing';
      source: SettingsSource | null;
      provider: string | null;
      ms: number;
    }
  | {
      step: 'incoming' | 'outgoing';
      state: 'trying' | 'proven' | 'failed';
      host: string;
      port: number;
      security: Security;
      doubt: Doubt | null;
      ms: number;
    }
  | { step: 'result'; settings: FoundSettings; ms: number }
  | { step: 'failed'; doubt: Doubt | 'no-imap'; note: string | null; ms: number };

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
  'not-found': 404,
  'method-not-allowed': 405,
  'rate-limited': 429,
  'wrong-password': 401,
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
  'slot-does-not-open': 409,
  'key-outdated': 409,
  'store-unavailable': 503,
  'keeper-unavailable': 503,
  internal: 500,
} as const;

export type ProblemName = keyof typeof problemStatus;

/** Facts of a certificate that was not accepted. No password was sent. */
export interface CertificateReport {
  /** Why: shown in words by `detail`. */
  reason: 'expired' | 'not-yet-valid' | 'name' | 'unknown-issuer' | 'self-signed' | 'pin' | 'other';
  subject: string;
  issuer: string;
  /** SHA-256, hex; what `ServerWish.pin` takes. */
  fingerprint: string;
  validTo: string;
  altNames: string[];
}

/** application/problem+json – RFC 9457 */
export interface ProblemDocument {
  /** `problemPrefix` and a {@link ProblemName}. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The server the problem is about. */
  server?: ServerFacts | { host: string; port: number };
  /** What the mail server said. */
  words?: string;
  certificate?: CertificateReport;
  /** `discovery-failed`: why, and what there is to know of the provider. */
  doubt?: Doubt | 'no-imap';
  /** `wrong-password`: what the provider wants instead. */
  provider?: FoundSettings['provider'];
  /** `slot-does-not-open`: how to go on. */
  choices?: ('previous-password' | 'start-afresh')[];
  /** Seconds, as the Retry-After header. */
  retryAfter?: number;
  /** `locked`: whether POST /auth/unlock with the cookie can help, or an unlocker must be asked for. */
  ask?: boolean;
}
