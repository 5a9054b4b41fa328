/**
 * Signing in and out, the only part of the contract that is not JMAP: `/auth/*`, and the problem documents that every
 * HTTP answer of Postern uses. See docs/spec/door.md.
 */

import type { Colour } from './keep.ts';

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
  /** … or another unlocker, its secret in the place of the previous password … */
  opens?: OtherUnlockerForm;
  /** … or drafts, settings and unsent mail kept here are given up. */
  startAfresh?: boolean;
  /** Six digits, after `totp-needed`. */
  totp?: string;
}

/**
 * A passkey's answer to a challenge of `POST /auth/sign-in/passkey/begin`; bytes in base64url. The secret that comes
 * with it is the 32 bytes of its PRF for `salt`, sealed.
 */
export interface PasskeyAnswer {
  /** Of the challenge. */
  id: string;
  credentialId: string;
  clientData: string;
  authenticatorData: string;
  signature: string;
  userHandle: string;
}

/** Which unlocker a secret is of. */
export type OtherUnlockerForm = { kind: 'site' } | ({ kind: 'passkey' } & PasskeyAnswer) | { kind: 'recovery' };

/**
 * Body of `POST /auth/unlock`, `POST /auth/prove` and `POST /auth/rotate-keys`, in the two forms of {@link SignInRequest};
 * without a kind it is the mail password, and without a body, `unlock` only, the cookie. In JSON the secret is called
 * `password` whatever it is (`code` for a recovery code); the PRF of a passkey is taken sealed only.
 */
export type UnlockRequest = ({ kind?: 'mail' } | OtherUnlockerForm) & { totp?: string };

/** `POST /auth/sign-in/site`, with the site password. */
export interface SiteSignInRequest {
  name: string;
  remember?: boolean;
  totp?: string;
}

/** Answer of `POST /auth/sign-in/passkey/begin`: good once, for five minutes. */
export interface PasskeyChallenge {
  id: string;
  /** base64url */
  challenge: string;
  rpId: string;
  /** What the PRF is evaluated for (`eval.first`), base64url; always the same. */
  salt: string;
}

/** `POST /auth/sign-in/passkey`, with the output of its PRF. */
export interface PasskeySignInRequest extends PasskeyAnswer {
  remember?: boolean;
}

/** `POST /auth/sign-in/recovery`, with the recovery code as it was typed. */
export interface RecoverySignInRequest {
  remember?: boolean;
}

export type UnlockerKind = 'mail-password' | 'site-password' | 'passkey' | 'recovery';

export interface UnlockerFacts {
  id: string;
  kind: UnlockerKind;
  name: string;
  /** JMAP accountId, of a mail password. */
  account: string | null;
  /** ISO 8601 */
  createdAt: string;
  lastUsedAt: string | null;
}

/** `GET /auth/unlockers` */
export interface Unlockers {
  unlockers: UnlockerFacts[];
  /** The name of the Postern sign-in; without one, what it could be called. */
  siteName: string;
  /** Password sign-ins ask for a one-time code. */
  totp: boolean;
  /** An unlocker was shown in the last five minutes. */
  proven: boolean;
}

/** `POST /auth/unlockers/site`, with the new site password: adds one, or changes the one there is. */
export interface SitePasswordRequest {
  name: string;
  /** All other sessions end. */
  endOthers?: boolean;
}

/** Answer of `POST /auth/unlockers/passkey/begin`. */
export interface PasskeyOffer extends PasskeyChallenge {
  rpName: string;
  user: { id: string; name: string; displayName: string };
  /** Credentials that are there already. */
  exclude: { id: string; transports: string[] }[];
  /** COSE algorithms, best first. */
  algorithms: number[];
}

/** `POST /auth/unlockers/passkey`, with the output of its PRF; bytes in base64url. */
export interface NewPasskeyRequest {
  id: string;
  name: string;
  credentialId: string;
  clientData: string;
  /** `AuthenticatorAttestationResponse.getAuthenticatorData()` */
  authenticatorData: string;
  transports?: string[];
}

/** Answer of `POST /auth/unlockers/recovery`: the only time it is shown. It opens from `…/recovery/confirm` on. */
export interface NewRecoveryCode {
  code: string;
}

/** Answer of `POST /auth/unlockers/totp/begin`; it is asked for from `POST /auth/unlockers/totp {code}` on. */
export interface NewTotp {
  /** Base32, as authenticator apps take it. */
  secret: string;
  /** otpauth://totp/… */
  uri: string;
}

/** Answer of `POST /auth/rotate-keys`: what was not at hand opens no more. */
export interface TurnedKeysFacts {
  dropped: UnlockerFacts[];
  tokens: number;
}

/** An entry of `GET /auth/audit`, `{entries: AuditFacts[]}`, newest first. */
export interface AuditFacts {
  /** ISO 8601 */
  at: string;
  /** docs/spec/vault.md lists them. */
  kind: string;
  address: string;
  userAgent: string;
  facts: Record<string, string | number | boolean | null>;
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

/** Answer of every sign-in, of `POST /auth/unlock` and `GET /auth/session`. */
export interface SignedIn {
  user: { id: string; address: string };
  accounts: SignedInAccount[];
  /** The recovery code was used, and opens no more: another is to be made. */
  recovery?: 'used';
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

/** What may be done with an account while nobody of its user is here. See docs/spec/vault.md, V110 and after. */
export type Away =
  /** Nothing: it stays unlocked while a session lives and its idle time; what falls due waits, and is shown so. */
  | 'sealed'
  /** Nothing but single jobs, each with a narrow credential of its own that dies with it. */
  | 'ticket'
  /** It stays unlocked in memory until Postern is started again, or the hour that was set. */
  | 'resident';

export interface AwayChoice {
  away: Away;
  /** Whether it can be had for this account now. */
  possible: boolean;
  /** `ticket`: who holds the letter: the server itself (RFC 4865), or a minted app password. */
  by: 'server-hold' | 'app-password' | null;
  /** `ticket`: how long ahead a letter is taken, seconds. */
  longest: number | null;
  /** Why it cannot be had. `not-offered`: the servers have nothing for it; `unknown`: not asked yet. */
  why: 'not-offered' | 'unknown' | null;
}

/** A certificate as a server last showed it. */
export interface SeenCertificate {
  subject: string;
  issuer: string;
  /** SHA-256, hex. */
  fingerprint: string;
  validTo: string;
  altNames: string[];
  /** Exactly this one is accepted. */
  pinned: boolean;
  seenAt: string;
  /** Something that seldom changes did, and the user has not said yet that it was seen (`changesSeen`). */
  changed: CertificateChange | null;
}

export interface CertificateChange {
  at: string;
  /** Another authority signed it; another key; the host now lies at a private address. */
  what: ('issuer' | 'key' | 'private-address')[];
  /** Issuer and fingerprint before. */
  before: { issuer: string; fingerprint: string };
}

/**
 * One mail account of the signed-in user: `GET /auth/accounts` → `{accounts: AccountFacts[]}`, in the user's order.
 * `DELETE /auth/accounts/:id` (204; needs a proof) removes one with its secrets, letters not sent, index and bodies from
 * this server; `last-account` or `last-unlocker` when it cannot go. `DELETE /auth/user` (204; needs a proof) removes all.
 * An event stream says `event: session` when accounts came, went or were renamed: the session is to be read anew.
 */
export interface AccountFacts {
  /** JMAP accountId. */
  id: string;
  address: string;
  name: string;
  colour: Colour;
  /** 0, 1, 2 … */
  position: number;
  imap: ServerFacts;
  smtp: ServerFacts;
  /** SMTP has a password of its own. */
  ownSmtpPassword: boolean;
  /** Its password is how the user signs in. */
  direct: boolean;
  /** `refused`: it needs its password again, since `stateAt`; its mail stays readable. */
  state: 'ok' | 'refused';
  stateAt: string;
  /** Which server refused. */
  refused: 'imap' | 'smtp' | null;
  /** What the server said when it refused; null when nothing, or not known since the last start. */
  words: string | null;
  /** What Postern keeps for it; `minted`: an app password that Postern made for itself. */
  auth: 'password' | 'app-password' | 'minted' | 'oauth';
  /** When that was saved. */
  authSince: string | null;
  /** The last sign-in at the server that succeeded. */
  checkedAt: string | null;
  away: Away;
  /** `resident`: until then; null: until Postern is started again. */
  awayUntil: string | null;
  awayChoices: AwayChoice[];
  /** Id of the identity that new letters get; null: the first. */
  identity: string | null;
  /** Its inbox is part of All inboxes. */
  inAllInboxes: boolean;
  certificates: { imap: SeenCertificate | null; smtp: SeenCertificate | null };
}

/**
 * `POST /auth/accounts`, forms as of `POST /auth/sign-in`: JSON with passwords, or the sealed form with a box of purpose 1
 * and, where SMTP has its own, a box of purpose 5, both for `address` as the login. Both servers or neither; without them
 * they are looked for. Answers {@link AccountFacts} with 201. Nothing is kept unless the servers took the passwords: IMAP
 * always, SMTP when it was named or has its own password; `ProblemDocument.protocol` says which failed.
 */
export interface AddAccountRequest {
  address: string;
  password: string;
  /** SMTP's own password, if it has one. */
  smtpPassword?: string;
  imap?: ServerWish;
  smtp?: ServerWish;
  /** SMTP's own login where the servers are looked for; with `smtp` given, that says it. */
  smtpUsername?: string;
  /** Without it the part of the address behind the @. */
  name?: string;
  /** Without it the first that no other account has. */
  colour?: Colour;
  /** Without it, true. */
  inAllInboxes?: boolean;
  /** After `account-elsewhere`: take it in all the same. */
  anyway?: boolean;
}

/** `PATCH /auth/accounts/:id` as JSON; answers {@link AccountFacts}. */
export interface AccountPatch {
  name?: string;
  colour?: Colour;
  inAllInboxes?: boolean;
  /** Its new place; the others make room. */
  position?: number;
  /** Id of an identity of this account; null: the first. */
  identity?: string | null;
  away?: Away;
  /** ISO 8601, in the future; null: no end. Only with or under `resident`. */
  awayUntil?: string | null;
  /** The reports in `certificates` have been seen. */
  changesSeen?: true;
}

/**
 * `POST /auth/accounts/:id/password`, forms as of {@link AddAccountRequest} (the boxes for the account's address):
 * another password, or other servers, which need the password too. Proven first; when refused nothing has changed.
 * Answers {@link AccountFacts}. Other servers of a `direct` account need a proof, as whoever runs them could sign in.
 */
export interface RenewAccountRequest {
  /** Must be the account's. */
  address: string;
  password: string;
  /** SMTP's own password; without it SMTP gets the same as IMAP. */
  smtpPassword?: string;
  /** `password` is SMTP's own; what is kept for IMAP stays. */
  only?: 'smtp';
  /** Without one of them it stays as it is. */
  imap?: ServerWish;
  smtp?: ServerWish;
}

/** One server in `POST /auth/accounts/:id/check`. */
export interface ServerCheck {
  state: 'ok' | 'refused' | 'away';
  /** Why not, in words. */
  problem: ProblemDocument | null;
}

/** Answer of `POST /auth/accounts/:id/check {}`: both servers have just been asked, once each. */
export interface AccountCheck {
  imap: ServerCheck;
  smtp: ServerCheck;
  account: AccountFacts;
}

/**
 * `POST /auth/oauth/begin`: somebody goes to an issuer of the operator's (`FoundSettings.oauth`). Answers
 * {@link OAuthBegun}; the browser goes to its `url`, and comes back by `GET /auth/oauth/callback` to
 * `/connect#state=…&code=…`, from where the app posts {@link OAuthFinishRequest}.
 */
export interface OAuthBeginRequest {
  /** Its id; with `renew`, without it, the one the account is connected by. */
  issuer?: string;
  address: string;
  /** `add`: a further account of the user who is here; `renew`: `account` is connected again. */
  purpose: 'sign-in' | 'add' | 'renew';
  /** JMAP accountId, with `renew`. */
  account?: string;
  /** With `sign-in`, as there. */
  remember?: boolean;
  /** Both or neither; without them the servers are looked for. */
  imap?: ServerWish;
  smtp?: ServerWish;
}

export interface OAuthBegun {
  url: string;
}

/** `POST /auth/oauth/finish`, by the browser that began, within ten minutes. Answers {@link OAuthFinished}. */
export interface OAuthFinishRequest {
  state: string;
  code?: string;
  iss?: string;
  /** Instead of a code – RFC 6749 §4.1.2.1. */
  error?: string;
  /** After `slot-does-not-open`: beside what other unlockers open. */
  startAfresh?: boolean;
}

export type OAuthFinished =
  | { purpose: 'sign-in'; signedIn: SignedIn }
  | { purpose: 'add' | 'renew'; account: AccountFacts };

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

/**
 * Where settings come from, the most credible first: the operator; our own table; what the domain publishes (PACC,
 * Mozilla's autoconfig); Thunderbird's database of providers; SRV records; who takes in the domain's mail; the usual names.
 */
export type SettingsSource = 'operator' | 'provider' | 'pacc' | 'autoconfig' | 'ispdb' | 'srv' | 'mx' | 'guess';

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
    /** How an app password is made, a sentence each. */
    steps: readonly string[];
  } | null;
  /** The user can sign in at this issuer of the operator's, without a password: `POST /auth/oauth/begin`. */
  oauth: { issuer: string; name: string } | null;
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
  /** One of the ways to find out, which are asked side by side. */
  | { step: 'via'; source: SettingsSource; state: 'looking' | 'found' | 'nothing'; ms: number }
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

/** Facts of a certificate that was not accepted. No password was sent. */
export interface CertificateReport {
  /** Why: shown in words by `detail`. */
  reason: 'expired' | 'not-yet-valid' | 'name' | 'unknown-issuer' | 'self-signed' | 'pin' | 'other';
  subject: string;
  issuer: string;
  /** SHA-256, hex; what `ServerWish.pin` takes. */
  fingerprint: string;
  validFrom: string;
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
