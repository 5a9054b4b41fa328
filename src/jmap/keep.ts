import type { EmailAddress, Role } from './mail.ts';
import type { AccountId, EmailId, MailAccountId, MailboxId, UTCDate, WebSessionId } from './ids.ts';

/** Vendor capability `urn:postern:params:jmap:keep`: what JMAP has no words for. See docs/spec/jmap.md, rules K. */

export type Colour = 'patina' | 'slate' | 'plum' | 'clay' | 'moss' | 'ochre' | 'rose' | 'iris';

/** Where mail is fetched or sent. */
export interface MailHost {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
}

/** How the connection to the mail server stands. `code` is a member of a closed catalogue, `words` what the server said. */
export type MailAccountStatus =
  | { at: 'connecting' }
  | { at: 'live' }
  | { at: 'away'; since: UTCDate; retryAt: UTCDate; code: string; words: string | null }
  | { at: 'refused'; since: UTCDate; words: string | null };

/** How far the index reaches. Messages of all mailboxes. */
export interface SyncProgress {
  known: number;
  total: number;
  /** Nothing newer than this is missing; null when nothing is known yet. */
  reachesTo: UTCDate | null;
  done: boolean;
  /** Messages that are found by all they show in a list: subject, addresses, preview. */
  searchable: number;
  /** Messages whose text was read, so that they are found by any word of it. */
  read: number;
  /** Every message newer than this was read; null when nothing on the server waits to be. */
  readTo: UTCDate | null;
}

/** A change the mail server would not take; it has been taken back. */
export interface Refusal {
  at: UTCDate;
  change: 'keywords' | 'move' | 'copy' | 'destroy' | 'append';
  emailIds: EmailId[];
  /** The server's response code (`OVERQUOTA`, `NOPERM` ...), null when there was none. */
  responseCode: string | null;
  words: string;
}

/** Roles that the user may give to a mailbox. */
export type GivenRole = Extract<Role, 'archive' | 'drafts' | 'junk' | 'sent' | 'trash'>;

/** One per JMAP account; its id is `singleton`. */
export interface MailAccount {
  id: MailAccountId;
  name: string;
  address: string;
  colour: Colour;
  position: number;
  /** Its inbox is part of All inboxes. */
  inAllInboxes: boolean;
  imap: MailHost;
  smtp: MailHost;
  /** What signs in at the servers: a password, or a token of an issuer. */
  auth: 'password' | 'token';
  status: MailAccountStatus;
  progress: SyncProgress;
  /** Changes made here that the server has not confirmed. */
  waiting: number;
  /** Newest first, at most 20. */
  refusals: Refusal[];
  /** Mailboxes that the user chose for a role, by Mailbox/set; the others have theirs from the mail server. */
  chosenRoles: Partial<Record<GivenRole, MailboxId>>;
}

/** A browser that the user is signed in with. The list is the user's: the same under each account. */
export interface WebSession {
  id: WebSessionId;
  /** The browser and its system: `Firefox, Linux`. */
  device: string;
  /** Network address of the sign-in. */
  address: string;
  createdAt: UTCDate;
  /** To the minute. */
  lastSeenAt: UTCDate;
  expiresAt: UTCDate;
  /** It outlives the browser's window. */
  remember: boolean;
  /** The one that asks. */
  isCurrent: boolean;
}

/** Correspondent/query: addresses mail went to or came from, best first. */
export interface CorrespondentQueryArguments {
  accountId: AccountId;
  /** Beginning of a name, of a word of it, or of an address. */
  prefix: string;
  /** 1 to 100. */
  limit?: number;
}
export interface CorrespondentQueryResponse {
  accountId: AccountId;
  list: EmailAddress[];
}

/** Where a submission stands in the outbox (docs/spec/outbox.md). `unknown`: the line broke while the server held the message. */
export type OutboxStage = 'held' | 'due' | 'sending' | 'sent' | 'filed' | 'failed' | 'unknown' | 'canceled';

/** Further properties of EmailSubmission, given when the capability is in `using`. */
export interface OutboxProperties {
  stage: OutboxStage;
  /** When the next try is due; null unless it waits. */
  nextTryAt: UTCDate | null;
  tries: number;
  /** What the server said last. */
  words: string | null;
}
