import type { Brand } from '#base/brand.ts';
import type { Address, Envelope } from '#mime/types.ts';
import type { Ready } from './ready.ts';

export type { Address, Envelope };

/** The index as upstream writes it and the gateway reads it. One encrypted SQLite file per mail account; a cache. */
export type MailboxId = Brand<number, 'MailboxId'>;
/** Row id of an email: −(receivedAt seconds · 2^20 + n), so that ascending order is newest first. Never changes. */
export type EmailRow = Brand<number, 'EmailRow'>;
/** Number behind the JMAP Email id (`M` + base36). Kept through moves; new only when conversations merge. */
export type EmailNumber = Brand<number, 'EmailNumber'>;
export type ThreadNumber = Brand<number, 'ThreadNumber'>;
export type Uid = Brand<number, 'Uid'>;

export type Role = 'inbox' | 'archive' | 'drafts' | 'flagged' | 'important' | 'junk' | 'sent' | 'trash' | 'all';

/** NEW → HEAD (newest 200 known) → FILL (lowUid falling) → LIVE; REMAP after a UIDVALIDITY change; GONE when not listed. */
export type MailboxState = 'new' | 'head' | 'fill' | 'live' | 'remap' | 'gone';

export interface Mailbox {
  id: MailboxId;
  /** The name exactly as LIST gave it (modified UTF-7 or UTF-8), the key for every command. */
  pathRaw: string;
  /** Decoded, with the server's delimiter. */
  path: string;
  delimiter: string | null;
  parent: MailboxId | null;
  /** Last segment of `path`, for display. */
  name: string;
  role: Role | null;
  noselect: boolean;
  subscribed: boolean;
  readOnly: boolean;
  /** Whether PERMANENTFLAGS allows new keywords (`\*`). */
  keywordsAllowed: boolean;
  uidvalidity: number;
  uidnext: number;
  /** HIGHESTMODSEQ as decimal digits, '0' when unknown. */
  modseq: string;
  /** MESSAGES as the server last said it; the index may still hold fewer. */
  exists: number;
  /** Lowest UID already indexed; 0 when complete. */
  lowUid: number;
  state: MailboxState;
  /** Kept in the same transaction as the rows. `\Deleted` messages are not counted. */
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
}

/** One message as the sync found it. */
export interface Found {
  uid: Uid;
  /** IMAP system flags and keywords mapped to JMAP keywords, lower-case (`$seen`, `$flagged` ...); `\Deleted` is `deleted`. */
  keywords: string[];
  deleted: boolean;
  modseq: string;
  /** INTERNALDATE, Unix seconds. */
  receivedAt: number;
  size: number;
  envelope: Envelope;
  /** BODYSTRUCTURE as mime's `packPart` writes it; null when the server's was impossible. */
  structure: string | null;
  hasAttachment: boolean;
  /** Its first words, where the server had them at hand; null or left out: not known yet. */
  preview?: string | null;
  /** X-GM-MSGID, EMAILID or X-GUID; null when the server has none. */
  strongId: string | null;
  /** X-GM-THRID or THREADID when it may be trusted. */
  strongThread: string | null;
}

/** A message that the server does not have yet. */
export type LocalMessage = Omit<Found, 'uid' | 'modseq' | 'strongId' | 'strongThread'>;

/**
 * Fields as the JSON text that JMAP wants, to be put into an answer without parsing: address lists as EmailAddress[],
 * id lists as String[]; null for an empty list.
 */
export interface EmailJson {
  /** `[1,7]`, ascending; never null. */
  readonly mailboxes: string;
  readonly from: string | null;
  readonly sender: string | null;
  readonly replyTo: string | null;
  readonly to: string | null;
  readonly cc: string | null;
  readonly bcc: string | null;
  readonly inReplyTo: string | null;
  readonly references: string | null;
}

/** Lists and `envelope` are parsed each time they are read: take what you need once, or take it from `json`. */
export interface Email {
  readonly row: EmailRow;
  readonly number: EmailNumber;
  readonly thread: ThreadNumber;
  /**
   * Placements that are not gone and not `\Deleted`, after pending intents. Empty for the minutes between the server's
   * removal and {@link IndexTransactor.sweep}, in which the message may still turn up elsewhere.
   */
  readonly mailboxes: MailboxId[];
  readonly keywords: string[];
  readonly receivedAt: number;
  readonly size: number;
  readonly subject: string;
  readonly sentAt: number | null;
  readonly messageId: string | null;
  readonly envelope: Envelope;
  /** '' when not known yet. */
  readonly preview: string;
  readonly hasAttachment: boolean;
  /** For mime's `unpackPart`. */
  readonly structure: string | null;
  readonly json: EmailJson;
}

/** Where a message lies on the server. `uid` is null while it exists only here (a draft that waits for its APPEND). */
export interface Placement {
  mailbox: MailboxId;
  uid: Uid | null;
  email: EmailRow;
}

export type ChangeType = 'Mailbox' | 'Email' | 'Thread' | 'Identity' | 'EmailSubmission' | 'MailAccount' | 'Quota';
export type ChangeKind = 'created' | 'updated' | 'destroyed';

export interface Changes {
  /** JMAP ids throughout: `B…`, `M…`, `T…` with the number in base 36, or the id that was given to `note`. */
  created: string[];
  updated: string[];
  destroyed: string[];
  newState: string;
  hasMore: boolean;
  /** Mailbox and Quota only: true when nothing but counts changed. */
  countsOnly: boolean;
}

/** A filter as JMAP says it (RFC 8621 §4.4.1), ids already turned into numbers, dates into Unix seconds. */
export type Filter =
  | { op: 'AND' | 'OR' | 'NOT'; of: Filter[] }
  | {
      op: 'is';
      inMailbox?: MailboxId;
      inMailboxOtherThan?: MailboxId[];
      before?: number;
      after?: number;
      minSize?: number;
      maxSize?: number;
      allInThreadHaveKeyword?: string;
      someInThreadHaveKeyword?: string;
      noneInThreadHaveKeyword?: string;
      hasKeyword?: string;
      notKeyword?: string;
      hasAttachment?: boolean;
      text?: string;
      from?: string;
      to?: string;
      cc?: string;
      bcc?: string;
      subject?: string;
      body?: string;
      /**
       * Header name, and the text it must contain (null: it must exist). Only headers of the envelope are answered; any
       * other is IndexError `index/unsupported-filter`.
       */
      header?: [string, string | null];
    };

export interface Sort {
  property:
    | 'receivedAt'
    | 'sentAt'
    | 'size'
    | 'from'
    | 'to'
    | 'subject'
    | 'hasKeyword'
    | 'allInThreadHaveKeyword'
    | 'someInThreadHaveKeyword';
  isAscending: boolean;
  keyword?: string;
}

export interface Query {
  filter: Filter | null;
  sort: Sort[];
  collapseThreads: boolean;
  position: number;
  /** Page from this email instead of `position`. Not in the result: IndexError `index/anchor-not-found`. */
  anchor: EmailNumber | null;
  anchorOffset: number;
  limit: number;
  calculateTotal: boolean;
}

export interface QueryResult {
  ids: EmailNumber[];
  /** Of the first id; 0 when the list is shorter than what was asked (RFC 8620 §5.5). */
  position: number;
  /** null unless `calculateTotal`. */
  total: number | null;
}

/** What the user wants of the server and the server has not confirmed; says the wanted end, so it may be repeated. */
export type Want =
  | { kind: 'keywords'; add: string[]; remove: string[] }
  | { kind: 'move'; from: MailboxId; to: MailboxId }
  | { kind: 'copy'; to: MailboxId }
  | { kind: 'destroy'; from: MailboxId }
  /** Only this copy goes; the Email stays where else it lies. */
  | { kind: 'leave'; from: MailboxId }
  /** Bytes lie in `body` under part `raw`; `replaces` is the placement that goes once the new one stands. */
  | {
      kind: 'append';
      mailbox: MailboxId;
      keywords: string[];
      receivedAt: number;
      replaces: { mailbox: MailboxId; uid: Uid } | null;
    };

export interface Intent {
  id: number;
  email: EmailRow;
  want: Want;
  /** Not before this time, Unix milliseconds: a draft's APPEND rests, a destroy may still be undone. */
  dueAt: number;
  tries: number;
  /** mailbox, UIDVALIDITY, UID at the time of the wish; null for an email without placement. */
  at: { mailbox: MailboxId; uidvalidity: number; uid: Uid } | null;
}

/** One Email of which something is to be fetched, and where it lies. */
export interface TextWish {
  row: EmailRow;
  mailbox: MailboxId;
  uid: Uid;
  structure: string | null;
}

/** What the full text lacks: Emails without a preview, Emails whose text was not read. */
export interface TextGaps {
  previews: number;
  bodies: number;
  /** The newest of those on the server whose text was not read, Unix seconds; null when there is none. */
  newest: number | null;
}

export interface IndexReader {
  /** `epoch-seq`; changes for `Mailbox` also when only counts moved. */
  state(type: ChangeType): string;
  /** null: the state is of another epoch or older than what is kept (JMAP cannotCalculateChanges). */
  changes(type: ChangeType, since: string, max: number): Changes | null;
  mailboxes(): Mailbox[];
  mailbox(id: MailboxId): Mailbox | undefined;
  email(number: EmailNumber): Email | undefined;
  /** In the order asked; missing ones left out. One statement per property set, not one per email. */
  emails(numbers: readonly EmailNumber[]): Email[];
  byRow(row: EmailRow): Email | undefined;
  /** Email numbers of a conversation, oldest first. */
  thread(thread: ThreadNumber): EmailNumber[] | undefined;
  /** The same for many at once; those without Emails are left out. */
  threads(threads: readonly ThreadNumber[]): Map<ThreadNumber, EmailNumber[]>;
  query(query: Query): QueryResult;
  /** Where these Emails stand in the whole result of a query; those that are not in it are left out. */
  positions(query: Query, emails: readonly EmailNumber[]): Map<EmailNumber, number>;
  /** Matches marked by `<mark>`; both null when the filter has no text. Text is escaped for HTML (RFC 8621 §5). */
  snippet(email: EmailNumber, filter: Filter | null): { subject: string | null; preview: string | null };
  placements(email: EmailRow): Placement[];
  placement(mailbox: MailboxId, uid: Uid): Placement | undefined;
  /** Ascending. */
  uids(mailbox: MailboxId): Uid[];
  /** How many there are from `from` on. */
  uidCount(mailbox: MailboxId, from: number): number;
  /** A stored body part: `raw` (whole message), `header`, or an IMAP section (`1.2`). */
  body(email: EmailRow, part: string): Buffer | undefined;
  blob(id: string): { type: string; bytes: Buffer } | undefined;
  /** Intents due at `now`, oldest first. */
  intents(now: number): Intent[];
  nextIntentAt(): number | null;
  /** `outOf`: only those that move or copy something out of this mailbox, its place there known or not. */
  intentCount(outOf?: MailboxId): number;
  /** Whether something is wished for this Email that the server has not confirmed. */
  isWished(email: EmailRow): boolean;
  textGaps(): TextGaps;
  /** Emails whose preview is still unknown, newest first. */
  withoutPreview(limit: number): TextWish[];
  /** Emails whose text was not read yet, newest first. */
  withoutText(limit: number): TextWish[];
  byMessageId(messageId: string): EmailNumber[];
  value(key: string): string | undefined;
  /** Addresses mail was sent to or came from that begin with `prefix`, best first. */
  correspondents(prefix: string, limit: number): (Address & { letters: number })[];
}

export interface IndexTransactor extends IndexReader {
  /** Inserts or updates by `pathRaw`; returns the row. */
  saveMailbox(box: Omit<Mailbox, 'id' | 'totalEmails' | 'unreadEmails' | 'totalThreads' | 'unreadThreads'>): Mailbox;
  patchMailbox(id: MailboxId, patch: Partial<Omit<Mailbox, 'id'>>): void;
  /**
   * `withEmails`: those that lie nowhere else are destroyed at once; else they may turn up elsewhere (`sweep`). With `most` so
   * many go in one write, and the mailbox after the last: true while there may be more.
   */
  removeMailbox(id: MailboxId, withEmails?: boolean, most?: number): boolean;
  /** The mailbox stays and cannot hold messages: its Emails may turn up elsewhere, wishes about it end. */
  emptyMailbox(id: MailboxId): void;
  /**
   * Adds messages of a mailbox; known UIDs are updated. Applies identity (strong id, then fingerprint of a placement that
   * is gone: a move keeps the Email), conversations, counters and the change log.
   */
  add(mailbox: MailboxId, found: readonly Found[]): void;
  /** The same of messages that were made ready elsewhere. */
  addReady(mailbox: MailboxId, messages: readonly Ready[]): void;
  /** Server-side keyword state; pending intents overrule per keyword. Unknown UIDs are ignored. */
  keywords(
    mailbox: MailboxId,
    flags: readonly { uid: Uid; keywords: string[]; deleted: boolean; modseq: string }[],
  ): void;
  /** Marks placements gone; the Email is destroyed by {@link sweep} unless it turns up elsewhere. */
  vanished(mailbox: MailboxId, uids: readonly Uid[]): void;
  /** Destroys Emails whose last placement went before `before` (Unix ms), at most 1,000 at once. */
  sweep(before: number): void;
  /** UIDVALIDITY changed: forgets UIDs, keeps Emails for {@link add} to find again by identity. */
  remap(mailbox: MailboxId, uidvalidity: number): void;
  /** The preview, and its words for the full text. */
  preview(email: EmailRow, preview: string): void;
  /**
   * Text of the body for the full text; replaces what was there. `preview` is taken for an Email that has none; its words
   * are those of the text.
   */
  bodyText(email: EmailRow, text: string, preview?: string): void;
  saveBody(email: EmailRow, part: string, bytes: Buffer): void;
  saveBlob(id: string, type: string, bytes: Buffer): void;
  /** An Email that exists only here; gets a placement when its `append` intent is done. */
  addLocal(mailbox: MailboxId, email: LocalMessage & { preview: string }): EmailNumber;
  /**
   * Joins pieces of the full text that were written side by side, for some milliseconds, or only if there are many: more
   * is coming. false: there was nothing to do.
   */
  mergeText(when?: 'any' | 'many'): boolean;
  /** The model side of the user's wishes; the intent is recorded in the same transaction. Unknown Emails are ignored. */
  setKeywords(email: EmailNumber, add: string[], remove: string[], dueAt: number): void;
  move(email: EmailNumber, from: MailboxId, to: MailboxId, dueAt: number): void;
  /** Takes an Email out of one of several mailboxes that it lies in. */
  leave(email: EmailNumber, from: MailboxId, dueAt: number): void;
  destroy(email: EmailNumber, dueAt: number): void;
  append(email: EmailNumber, want: Extract<Want, { kind: 'append' }>, dueAt: number): void;
  /** Also takes back a {@link leave} that was not begun. */
  copy(email: EmailNumber, to: MailboxId, dueAt: number): void;
  /** Whether a copy would be the same Email: the server tells copies of one message by a strong id. */
  mayCopy(email: EmailNumber): boolean;
  /**
   * The executor has begun: later wishes become intents of their own and no longer change these. Answers them as they are
   * wished now; what was taken back since they were read is not among them.
   */
  intentsStarted(ids: readonly number[]): Intent[];
  /** The intent is done; for a move or append `uid` is the new UID when the server said it (COPYUID, APPENDUID). */
  intentDone(id: number, result: { mailbox: MailboxId; uid: Uid } | null): void;
  /** The server refused: the model falls back to the server's state. */
  intentRefused(id: number): void;
  /** One more try at `dueAt`; the intent counts as not begun. */
  intentLater(id: number, dueAt: number): void;
  /** `id`: the JMAP id of an Identity, EmailSubmission, MailAccount or Quota; `counts`: of it only what is counted. */
  note(type: ChangeType, id: string, kind: ChangeKind | 'counts'): void;
  setValue(key: string, value: string): void;
  dropValue(key: string): void;
  /** Runs after the commit; never for a rolled-back write. */
  afterCommit(task: () => void): void;
}

/** Hears of each record that changes before anybody can read it anew. */
export interface Follower {
  /** The change log notes a record: its number, or the id that was given to `note`. */
  noted(type: ChangeType, key: number | string): void;
  /** States have moved: what was noted before was flushed, or stored. */
  moved?(): void;
  /** A write was taken back: any record may be what it was before. */
  lost(): void;
}

export interface Index extends Disposable {
  readonly epoch: string;
  /** Synchronous; one consistent snapshot. */
  read<T>(task: (reader: IndexReader) => T): T;
  /** Synchronous; one transaction, rolled back when `task` throws. What was gathered is stored before it. */
  write<T>(task: (transactor: IndexTransactor) => T): T;
  /**
   * As {@link write}, for much that comes in small pieces and can be had again: stored together with what is gathered
   * before and after, a fraction of a second later. Readers see it at once; asking for a state stores it; listeners are told
   * then. When `task` throws, or storing fails, all that was not stored yet is rolled back; if another call met that
   * failure, the next `gather` or `settle` throws it too.
   */
  gather<T>(task: (transactor: IndexTransactor) => T): T;
  /** How often gathered writes were rolled back: a change says that what one gathered meanwhile may be gone. */
  readonly losses: number;
  /** Stores what was gathered: what was gathered since the last `settle` is in the file, or this throws. */
  settle(): void;
  /**
   * Until {@link calm} the disk is not waited for: for a first sync. What is stored survives the end of the process; when
   * the machine stops meanwhile, the index is `index/unreadable` afterwards and made again.
   */
  hasten(): void;
  /** What is stored is on the disk when this resolves; from then on the disk is waited for again. */
  calm(): Promise<void>;
  /** Called after each commit that changed something, with the types that changed. */
  onChange(listener: (types: ReadonlySet<ChangeType>) => void): () => void;
  /** Tells who remembers something of records, at once and within the write. */
  follow(follower: Follower): void;
}
