import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ImapError } from './errors.ts';
import type { Quirks } from './quirks.ts';
import type {
  AppendUid,
  AuthenticatedStream,
  Change,
  CopyUid,
  FetchReport,
  FetchRow,
  FlagRow,
  ListedMailbox,
  MailboxStatus,
  Namespace,
  Range,
  SearchCriteria,
  Selected,
  Wish,
} from './types.ts';

export interface ImapOptions {
  /** Host name, for the quirk table. */
  host: string;
  /** Milliseconds of silence during a command until it counts as dead. Default 60,000. */
  timeout?: number;
  /** Milliseconds after which IDLE is renewed. Default 9 minutes. */
  idleRenewal?: number;
  /** Sent in ID (RFC 2971). */
  version?: string;
  clock?: Clock;
  log?: Log;
}

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
  /** PREVIEW (RFC 8970), where offered. */
  preview?: boolean;
  /** BODY.PEEK[section]<0.bytes> of every row, into its `sections`: the previews of many messages by one command. */
  sections?: readonly SectionWish[];
}

/** A section as BODY[...] names it: `1.2`, `1.MIME`, `HEADER`, '' for the whole; optionally only its first `bytes`. */
export interface SectionWish {
  section: string;
  bytes?: number;
}

/**
 * One authenticated IMAP connection. Commands wait for each other; what the server says of its own accord goes to the
 * `onChange` listeners. Every method throws ImapError: `imap/closed`, `imap/timeout`, `imap/too-large`, `imap/protocol`
 * (all four end the connection), or `imap/refused`.
 */
export interface ImapSession extends AsyncDisposable {
  /** Upper-case words, after the quirk table has struck out what does not work here. */
  readonly capabilities: ReadonlySet<string>;
  readonly quirks: Quirks;
  /** What the server says of itself (RFC 2971), keys lower-case; empty when it says nothing. */
  readonly serverId: Readonly<Record<string, string>>;
  readonly namespaces: { readonly personal: Namespace[]; readonly others: Namespace[]; readonly shared: Namespace[] };
  /** CONDSTORE works: rows carry MODSEQ, `changedSince` may be used. */
  readonly condstore: boolean;
  /** QRESYNC is enabled: `select` may resynchronise and expunges come as UIDs. */
  readonly qresync: boolean;
  /** The open mailbox, with `exists` kept up to date; null when none. */
  readonly selected: Selected | null;
  /** Why the connection ended; null while it stands. */
  readonly ended: ImapError | null;

  onChange(listener: (change: Change) => void): () => void;
  /** Called once, when the connection has ended for whatever reason; at once when it already has. */
  onEnd(listener: (error: ImapError) => void): () => void;

  /** All mailboxes of the personal namespace and whatever else `LIST "" "*"` shows. */
  list(): Promise<ListedMailbox[]>;
  status(pathRaw: string): Promise<MailboxStatus>;
  /** `since`: resynchronise by QRESYNC where it is enabled. Throws `imap/refused` when the mailbox cannot be opened. */
  select(
    pathRaw: string,
    options?: { readOnly?: boolean; since?: { uidvalidity: number; modseq: string } },
  ): Promise<Selected>;
  /** Closes the mailbox without expunging. */
  unselect(): Promise<void>;

  /**
   * Rows in batches of what arrived together (at most 500). The server is held back while `onRows` is pending. When
   * `onRows` throws, the rest is read and dropped and the error comes out.
   */
  fetchRows(wish: Wish, items: FetchItems, onRows: (rows: FetchRow[]) => void | Promise<void>): Promise<FetchReport>;
  /** UID, FLAGS and MODSEQ; with `changedSince` (needs CONDSTORE) only what changed, and under QRESYNC what vanished. */
  fetchFlags(wish: Wish, changedSince?: string): Promise<{ rows: FlagRow[]; vanished: Range[] }>;
  /**
   * Messages that {@link fetchRows} reported missing, singly and with ever smaller items. A message that exists but
   * cannot be described comes back as a stub: all items null but `uid`. `gone`: no longer in the mailbox.
   */
  rescueRows(uids: readonly number[], items: FetchItems): Promise<{ rows: FetchRow[]; gone: number[] }>;
  /** All UIDs of the open mailbox, ascending. */
  uidSearchAll(): Promise<number[]>;
  /** UIDs, ascending. */
  search(criteria: SearchCriteria): Promise<number[]>;
  /** Sections of one message; null when the message is gone. A section the server leaves out is not in the map. */
  fetchSections(uid: number, sections: readonly SectionWish[]): Promise<Map<string, Buffer> | null>;
  /**
   * One section (null: the whole message) as it arrives, in one literal; empty when the message is gone. Leaving early
   * reads the rest when it is small, and ends the connection when it is not.
   */
  streamSection(uid: number, section: string | null, options?: { signal?: AbortSignal }): AsyncIterable<Buffer>;

  /** Adds and removes flags and keywords. */
  store(uids: readonly number[], add: readonly string[], remove: readonly string[]): Promise<void>;
  /** MOVE, or COPY, \Deleted and UID EXPUNGE; without UIDPLUS the originals stay behind as \Deleted. */
  move(uids: readonly number[], pathRaw: string): Promise<CopyUid | null>;
  copy(uids: readonly number[], pathRaw: string): Promise<CopyUid | null>;
  /** `date`: INTERNALDATE, Unix seconds. null when the server does not tell the UID. */
  append(
    pathRaw: string,
    message: Buffer | { size: number; chunks: AsyncIterable<Buffer> },
    flags: readonly string[],
    date: number | null,
  ): Promise<AppendUid | null>;
  /**
   * Marks \Deleted and expunges these only. Without UIDPLUS nothing is expunged as long as other messages are \Deleted.
   * Whether the messages are gone.
   */
  expunge(uids: readonly number[]): Promise<boolean>;

  create(pathRaw: string): Promise<void>;
  rename(pathRaw: string, toRaw: string): Promise<void>;
  delete(pathRaw: string): Promise<void>;
  subscribe(pathRaw: string, subscribed: boolean): Promise<void>;

  /**
   * From now on the connection listens whenever no command runs: IDLE (renewed), or NOOP every two minutes where there
   * is none. Resolves when listening has begun.
   */
  idle(): Promise<void>;
  /** RFC 5465: news of all personal mailboxes, without IDLE. false when the server cannot. */
  notify(): Promise<boolean>;
  noop(): Promise<void>;
  /** LOGOUT, then the line is closed. Never throws. */
  close(): Promise<void>;
}

export declare const openImap: (authenticated: AuthenticatedStream, options: ImapOptions) => Promise<ImapSession>;
