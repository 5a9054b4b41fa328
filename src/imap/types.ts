import type { Duplex } from 'node:stream';

/**
 * Data of the IMAP room, in the words of RFC 3501 and 9051. Mailbox names are *raw*: the bytes that LIST gave, one
 * character a byte (modified UTF-7 is ASCII and so reads as it is); they go back to the server unchanged.
 */

/** The keeper's `Authenticated`, as far as IMAP needs it: the stream begins with `* PREAUTH [CAPABILITY ...]`. */
export interface AuthenticatedStream {
  stream: Duplex;
  capabilities: readonly string[];
  greeting: string;
}

/** First and last UID or sequence number, both included, first ≤ last. */
export type Range = readonly [first: number, last: number];

export interface MailboxStatus {
  messages: number | null;
  unseen: number | null;
  uidnext: number | null;
  uidvalidity: number | null;
  /** Decimal digits; '0' when the server does not say or does not know. */
  highestModseq: string;
}

export interface ListedMailbox {
  pathRaw: string;
  /** Decoded for display; the raw name where it cannot be decoded. */
  path: string;
  delimiter: string | null;
  /** Attributes as listed, with backslash: `\HasChildren`, `\Noselect`, `\Sent` ... */
  flags: string[];
  /** `\Noselect` or `\NonExistent`: cannot be opened. */
  noselect: boolean;
  subscribed: boolean;
  /** From LIST-STATUS; null when the server did not give it. */
  status: MailboxStatus | null;
}

/** A prefix of names and the delimiter below it (RFC 2342). */
export interface Namespace {
  prefix: string;
  delimiter: string | null;
}

export interface Selected {
  pathRaw: string;
  uidvalidity: number;
  /** null when SELECT does not tell (Courier, 163.com). */
  uidnext: number | null;
  exists: number;
  /** Decimal digits; '0' when unknown or NOMODSEQ. */
  highestModseq: string;
  flags: string[];
  permanentFlags: string[];
  /** PERMANENTFLAGS has `\*`: new keywords may be made. */
  keywordsAllowed: boolean;
  readOnly: boolean;
  /** RFC 8474; null when not offered. */
  mailboxId: string | null;
  /** QRESYNC was asked for and held: `vanished` and `changed` tell everything since then. */
  resynced: boolean;
  vanished: Range[];
  changed: FlagRow[];
}

export interface FlagRow {
  seq: number;
  /** 0 when the server did not say. */
  uid: number;
  flags: readonly string[];
  /** Decimal digits; '0' when not given. */
  modseq: string;
}

/** A value as BODYSTRUCTURE or ENVELOPE nest it: NIL, string, or list. Strings are bytes, one character each (latin1). */
export type Nested = string | null | readonly Nested[];

/** One FETCH row. Buffers are views of the receive buffer: copy what is kept. Absent items are null. */
export interface FetchRow {
  seq: number;
  /** 0 when the server did not say. */
  uid: number;
  /** null: FLAGS was not in the row. The array may be shared between rows. */
  flags: readonly string[] | null;
  /** Unix seconds; null when absent or unreadable. */
  internalDate: number | null;
  size: number | null;
  modseq: string;
  /** BODY[HEADER] or BODY[HEADER.FIELDS (...)]. */
  header: Buffer | null;
  bodystructure: Nested | undefined;
  gmMsgId: string | null;
  gmThrId: string | null;
  emailId: string | null;
  threadId: string | null;
  guid: string | null;
  preview: string | null;
  /** Other BODY[...] items by section as the server names it, upper-case (`1`, `1.2.MIME`, '' for the whole). */
  sections: ReadonlyMap<string, Buffer>;
}

/** A limit of a quota root (RFC 9208) and how much of it is used: octets of `STORAGE`, a number of messages. */
export interface QuotaLimit {
  /** Made fit to be shown; often empty. */
  root: string;
  resource: 'STORAGE' | 'MESSAGE';
  used: number;
  /** Greater than 0. `used` may be beyond it. */
  limit: number;
}

/** FETCH responses one after another, as they came. */
export interface Piece {
  bytes: Buffer<ArrayBuffer>;
  /** Where each of them ends. */
  ends: number[];
}

/** What was in a {@link Piece}. */
export interface PieceReport {
  /** Sequence number and UID of each row that was asked for, in turn. */
  rows: number[];
  /** Responses that cannot be read, as far as they say what they are about. */
  broken: { seq: number; uid: number }[];
  /** Flags that nobody asked for. */
  flags: FlagRow[];
}

/** Which messages. `uids` need not be sorted; `newest` is by sequence number. `range` is a UID range. */
export type Wish = { uids: readonly number[] } | { range: Range } | { newest: number } | { sequence: Range };

/** Data items of a bulk FETCH besides UID. */
export interface FetchItems {
  flags?: boolean;
  internalDate?: boolean;
  size?: boolean;
  /** Asked only where CONDSTORE is on. */
  modseq?: boolean;
  bodystructure?: boolean;
  /** Header fields wanted, or `all`. */
  header?: readonly string[] | 'all';
  /** X-GM-MSGID and X-GM-THRID, EMAILID and THREADID, or X-GUID: whichever the server has. */
  identity?: boolean;
  /** PREVIEW (RFC 8970), where offered; `lazy`: only those that the server has at hand. */
  preview?: boolean | 'lazy';
  /** BODY.PEEK[section]<0.bytes> of every row, into its `sections`: the previews of many messages by one command. */
  sections?: readonly SectionWish[];
}

/** A section as BODY[...] names it: `1.2`, `1.MIME`, `HEADER`, '' for the whole; optionally only its first `bytes`. */
export interface SectionWish {
  section: string;
  bytes?: number;
}

export interface FetchReport {
  rows: number;
  /** UIDs that should have come and did not: asked for one by one, or sent in a row that cannot be read. */
  missing: number[];
  /** Sequence numbers that should have come and did not, where the UID is not known. */
  missingSequence: number[];
}

/** APPENDUID (RFC 4315). */
export interface AppendUid {
  uidvalidity: number;
  uid: number;
}

/** COPYUID (RFC 4315): source UID to target UID. */
export interface CopyUid {
  uidvalidity: number;
  uids: ReadonlyMap<number, number>;
}

/** What the server says of its own accord. */
export type Change =
  | { kind: 'exists'; count: number }
  | { kind: 'vanished'; uids: Range[] }
  /** EXPUNGE without QRESYNC: a sequence number only. */
  | { kind: 'expunged'; seq: number }
  | { kind: 'flags'; row: FlagRow }
  /** NOTIFY: another mailbox changed. */
  | { kind: 'status'; pathRaw: string; status: MailboxStatus }
  /** NOTIFY: a mailbox came, went or was renamed. */
  | { kind: 'mailboxes' }
  /** RFC 3501 §7.1: words that must be shown to the user. */
  | { kind: 'alert'; words: string };

/** SEARCH keys (RFC 3501 §6.4.4) that are joined by AND. Dates are `YYYY-MM-DD`. */
export interface SearchCriteria {
  text?: string;
  body?: string;
  subject?: string;
  from?: string;
  to?: string;
  cc?: string;
  bcc?: string;
  header?: readonly [name: string, text: string];
  since?: string;
  before?: string;
  larger?: number;
  smaller?: number;
  keyword?: string;
  unkeyword?: string;
  uids?: readonly Range[];
  not?: SearchCriteria;
  or?: readonly [SearchCriteria, SearchCriteria];
}
