import type { AccountId, AppPasswordId, UTCDate } from './ids.ts';
import type { MailHost } from './keep.ts';

/**
 * Vendor capability `urn:postern:params:jmap:app-passwords`: a password of its own for each program that reads the mail of an account.
 * See docs/spec/app-passwords.md, rules A60 and on.
 */

/** What a password may be used for. */
export type AppPasswordProtocol = 'imap' | 'pop3' | 'submission' | 'sieve';

/** Where it is used; decides the words and the set-up files that are offered. */
export type AppPasswordProgram =
  | 'thunderbird'
  | 'apple'
  | 'outlook'
  | 'android'
  | 'scanner'
  | 'script'
  | 'postern'
  | 'other';

/**
 * `replaced`: rotated away, works until `worksUntil`. `pausing`, `revoking`: ended in the database, but Dovecot has not confirmed yet
 * that it forgot it: it may still work, and Postern tells it again. A revoked one is no more: it is destroyed.
 */
export type AppPasswordState = 'active' | 'replaced' | 'expired' | 'paused' | 'pausing' | 'revoking';

export interface AppPassword {
  /** `P` and the six letters that stand in the password after `pst`. */
  id: AppPasswordId;
  /** 1 to 100 characters. */
  name: string;
  program: AppPasswordProgram;
  protocols: AppPasswordProtocol[];
  /** Networks it may be used from, as `192.0.2.0/24`; empty: anywhere. */
  networks: string[];
  createdAt: UTCDate;
  expiresAt: UTCDate | null;
  state: AppPasswordState;
  /** Of a `replaced` one. */
  worksUntil: UTCDate | null;
  /** The one that took its place. */
  replacedBy: AppPasswordId | null;
  /** `network` is the address it was used from, empty when there was none. Null: never used. */
  lastUsed: { at: UTCDate; protocol: AppPasswordProtocol; network: string } | null;
  /** Whole days since it was last used or, never used, since it was made; null unless it is active. */
  unusedDays: number | null;
  /** Postern made it for itself: it can be revoked, nothing else. */
  own: boolean;
  /** Taken over from an older table: no id stands in its password. */
  imported: boolean;
}

/** AppPassword/set create. */
export interface NewAppPassword {
  name: string;
  program: AppPasswordProgram;
  protocols: AppPasswordProtocol[];
  networks?: string[];
  /** Null or left out: the longest the policy allows. */
  expiresAt?: UTCDate | null;
}

/** What the `created` entry holds, and the `updated` entry of one that was rotated: the only time the password is told. */
export interface ShownAppPassword extends AppPassword {
  /** 36 letters without spaces; on paper in nine groups of four. */
  password: string;
  setup: AppPasswordSetup;
}

/**
 * AppPassword/set update: `name`; `state`, `paused` or `active` (resumes); or `rotate: true`, by which a new one takes its place. The
 * `updated` entry of a rotated one has its new `state`, `worksUntil`, `replacedBy`, and the new one as `replacement`.
 */
export interface AppPasswordPatch {
  name?: string;
  state?: 'active' | 'paused';
  rotate?: true;
}

/** What a program is told beside the password. */
export interface AppPasswordSetup {
  address: string;
  /** The login name, for every protocol. */
  username: string;
  imap: MailHost;
  smtp: MailHost;
  /** Null: the operator named none. */
  pop3: MailHost | null;
  sieve: MailHost | null;
}

export interface AppPasswordPolicy {
  /** A user may have; null: any number. */
  most: number | null;
  /** Null: for ever. */
  longestDays: number | null;
  protocols: AppPasswordProtocol[];
  /** The main password works on the web alone: every other program needs an app password. */
  required: boolean;
  /** What happens to app passwords when the main password changes. */
  onMainChange: 'keep' | 'ask' | 'drop';
}

/** What Postern keeps of the account: the main password, an app password of the provider, one it made for itself, or a token. */
export type OwnAuth = 'password' | 'app-password' | 'minted' | 'oauth';

/** The account's value of the capability in the session resource. */
export interface AppPasswordCapability {
  /** Managed here; at the provider; or the server knows one password only. The methods work for `here` alone. */
  mode: 'here' | 'provider' | 'one-password';
  /** Where to go and what to do there, for `provider`. */
  provider: { name: string; url: string | null; steps: string[]; note: string | null } | null;
  /** For `here`. */
  policy: AppPasswordPolicy | null;
  setup: AppPasswordSetup;
  own: {
    auth: OwnAuth;
    /** The AppPassword that is Postern's own, for `minted`. */
    id: AppPasswordId | null;
    /** When it was saved. */
    since: UTCDate | null;
    /** When the server last took it. */
    checkedAt: UTCDate | null;
    /** The server refuses it now. */
    refused: boolean;
    /** Postern should have made one for itself and could not: why, in words. */
    note: string | null;
  };
}

/** The main password was found changed, and the policy asks which app passwords to keep; answered by AppPassword/settle. */
export interface AppPasswordQuestion {
  changedAt: UTCDate;
}

/** AppPassword/revokeAll: all but these and Postern's own. */
export interface RevokeAllArguments {
  accountId: AccountId;
  except?: AppPasswordId[] | null;
}
export interface RevokeAllResponse {
  accountId: AccountId;
  oldState: string;
  newState: string;
  /** These open nothing any more. */
  revoked: AppPasswordId[];
  /** In state `revoking`: Dovecot has not confirmed. Why, in words. */
  unconfirmed: AppPasswordId[];
  description: string | null;
}

/** AppPassword/settle: the answer to the question. `drop` revokes all but Postern's own. */
export interface SettleArguments {
  accountId: AccountId;
  choice: 'keep' | 'drop';
}
