/** `/auth/unlockers` and what belongs to them: docs/spec/vault.md, V70 and after. */

import type { PasskeyChallenge } from './sign-in.ts';

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
