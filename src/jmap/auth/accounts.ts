/** `/auth/accounts`: the mail accounts of a user. docs/spec/vault.md, V100 and after. */

import type { Colour } from '../keep.ts';
import type { ProblemDocument } from './problems.ts';
import type { ServerFacts, ServerWish } from './servers.ts';

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
