/** `/auth/sign-in`, `/auth/unlock`, `/auth/session`: docs/spec/door.md. */

import type { ServerFacts, ServerWish } from './servers.ts';

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
