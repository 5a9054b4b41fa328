import { type Clock, systemClock } from '#base/clock.ts';
import { type Log, silent } from '#base/log.ts';
import { append } from './commands/append.ts';
import { fetchFlags } from './commands/fetch-flags.ts';
import { fetchPieces, fetchRows } from './commands/fetch-rows.ts';
import { fetchSections, streamSection } from './commands/fetch-sections.ts';
import { list } from './commands/list.ts';
import { create, remove, rename, subscribe, unselect } from './commands/mailboxes.ts';
import { notify } from './commands/notify.ts';
import { quota } from './commands/quota.ts';
import { rescueRows } from './commands/rescue.ts';
import { search, uidSearchAll } from './commands/search.ts';
import { select } from './commands/select.ts';
import { status } from './commands/status.ts';
import { copy, expunge, move, store } from './commands/store.ts';
import { type Abilities, Connection } from './connection.ts';
import { type Argument, type Control, startControl } from './control.ts';
import { ImapError } from './errors.ts';
import { type Manner, POLL } from './idle.ts';
import type { Untagged } from './line.ts';
import { type Quirks, quirksFor } from './quirks.ts';
import type {
  AppendUid,
  AuthenticatedStream,
  Change,
  CopyUid,
  FetchItems,
  FetchReport,
  FetchRow,
  FlagRow,
  Piece,
  PieceReport,
  ListedMailbox,
  MailboxStatus,
  Namespace,
  QuotaLimit,
  Range,
  SearchCriteria,
  SectionWish,
  Selected,
  Wish,
} from './types.ts';
import { on } from './untagged.ts';

export type { FetchItems, SectionWish } from './types.ts';

export interface ImapOptions {
  /** Host name, for the quirk table. */
  host: string;
  /** Milliseconds of silence during a command until it counts as dead. Default 60,000. */
  timeout?: number;
  /** Milliseconds after which IDLE is renewed. Default 9 minutes. */
  idleRenewal?: number;
  /** Sent in ID (RFC 2971). */
  version?: string;
  /** Entries of the quirk table that do not apply here, though they seem to. */
  quirksOff?: readonly string[];
  clock?: Clock;
  log?: Log;
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
  /** How full INBOX's quota roots are; empty: it has no limit. null: the server knows no quotas. */
  quota(): Promise<QuotaLimit[] | null>;
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
  /**
   * The same unread, in pieces of about 150 rows, to be read by `readPiece` with these items, in this thread or another.
   * Some pieces are given before the one before them is done; the server is held back then.
   */
  fetchPieces(wish: Wish, items: FetchItems, onPiece: (piece: Piece) => Promise<PieceReport>): Promise<FetchReport>;
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

  /** `use`: a special-use attribute (`\Sent`), sent where CREATE-SPECIAL-USE is offered. */
  create(pathRaw: string, use?: string): Promise<void>;
  rename(pathRaw: string, toRaw: string): Promise<void>;
  delete(pathRaw: string): Promise<void>;
  subscribe(pathRaw: string, subscribed: boolean): Promise<void>;

  /**
   * From now on the connection listens whenever no command runs: IDLE (renewed), or NOOP every two minutes where there
   * is none. Resolves when listening has begun.
   */
  idle(): Promise<void>;
  /** RFC 5465: news of all personal mailboxes as `status` changes while the connection idles. false: the server cannot. */
  notify(): Promise<boolean>;
  noop(): Promise<void>;
  /** LOGOUT, then the line is closed. Never throws. */
  close(): Promise<void>;
}

export const openImap = async (authenticated: AuthenticatedStream, options: ImapOptions): Promise<ImapSession> => {
  const { host, version = '0', clock = systemClock, log = silent } = options;
  const connection = new Connection(authenticated, {
    clock,
    timeout: options.timeout ?? 60_000,
    idleRenewal: options.idleRenewal ?? 9 * 60_000,
  });
  const { line, idle } = connection;
  try {
    const control = await startControl(line, host, version);
    connection.control = control;
    connection.abilities = await findAbilities(control, authenticated.greeting, options);
  } catch (error) {
    line.cut();
    throw error;
  }
  connection.started = true;
  const { control, abilities } = connection;
  line.shortLiterals = connection.can('LITERAL+') || connection.can('LITERAL-');
  log('debug', 'imap session', { host, quirks: abilities.quirks.names.join(' ') });
  const turn = <T>(task: () => Promise<T>): Promise<T> => connection.turn(task);
  const close = async (): Promise<void> => {
    idle.stop();
    const late = Promise.withResolvers<void>();
    const stop = clock.after(PATIENCE, late.resolve);
    const logout = turn(() => control.logout()).catch(() => undefined);
    await Promise.race([logout, late.promise]);
    stop();
    line.cut();
  };

  return {
    capabilities: abilities.capabilities,
    quirks: abilities.quirks,
    serverId: control.serverId,
    namespaces: control.namespaces,
    condstore: abilities.condstore,
    qresync: abilities.qresync,
    get selected() {
      return connection.selected;
    },
    get ended() {
      return line.ended;
    },
    onChange: (listener) => connection.onChange(listener),
    onEnd: (listener) => line.onEnd(listener),
    list: () => turn(() => list(connection)),
    status: (pathRaw) => turn(() => status(connection, pathRaw)),
    quota: () => turn(() => quota(connection)),
    select: (pathRaw, how = {}) => turn(() => select(connection, pathRaw, how)),
    unselect: () => turn(() => unselect(connection)),
    fetchRows: (wish, items, onRows) => turn(() => fetchRows(connection, wish, items, onRows)),
    fetchPieces: (wish, items, onPiece) => turn(() => fetchPieces(connection, wish, items, onPiece)),
    fetchFlags: (wish, changedSince) => turn(() => fetchFlags(connection, wish, changedSince)),
    rescueRows: (uids, items) => turn(() => rescueRows(connection, uids, items)),
    uidSearchAll: () => turn(() => uidSearchAll(connection)),
    search: (criteria) => turn(() => search(connection, criteria)),
    fetchSections: (uid, sections) => turn(() => fetchSections(connection, uid, sections)),
    streamSection: (uid, section, how) => streamSection(connection, uid, section, how?.signal),
    store: (uids, add, remove) => turn(() => store(connection, uids, add, remove)),
    move: (uids, pathRaw) => turn(() => move(connection, uids, pathRaw)),
    copy: (uids, pathRaw) => turn(() => copy(connection, uids, pathRaw)),
    append: (pathRaw, message, flags, date) => turn(() => append(connection, pathRaw, message, flags, date)),
    expunge: (uids) => turn(() => expunge(connection, uids)),
    create: (pathRaw, use) => turn(() => create(connection, pathRaw, use)),
    rename: (pathRaw, toRaw) => turn(() => rename(connection, pathRaw, toRaw)),
    delete: (pathRaw) => turn(() => remove(connection, pathRaw)),
    subscribe: (pathRaw, subscribed) => turn(() => subscribe(connection, pathRaw, subscribed)),
    idle: async () => {
      idle.start(mannerOf(abilities));
      await turn(() => Promise.resolve());
      await idle.begun();
    },
    notify: () => turn(() => notify(connection)),
    noop: () => turn(async () => void (await control.exec('NOOP', []))),
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** How long closing waits for the command that runs, and for the answer to LOGOUT. */
const PATIENCE = 2000;

/** Whether IDLE can be trusted. */
const mannerOf = ({ capabilities, quirks }: Abilities): Manner => {
  const idle = capabilities.has('IDLE');
  return { idle, poll: !idle || quirks.mustPoll ? (quirks.mustPoll ? 60_000 : POLL) : null };
};

/** Reads the quirk table, introduces us where that is due, and enables QRESYNC or CONDSTORE (RFC 5161, 7162). */
const findAbilities = async (
  control: Control,
  greeting: string,
  { host, quirksOff }: ImapOptions,
): Promise<Abilities> => {
  const quirks = quirksFor({ host, greeting, capabilities: control.capabilities, id: control.serverId }, quirksOff);
  const capabilities = new Set([...control.capabilities].filter((word) => !quirks.broken.includes(word)));
  if (quirks.sendId && !capabilities.has('ID')) await ask(control, 'ID', [['name', 'Postern']]);
  const enabled = new Set<string>();
  const wanted = ['CONDSTORE', 'QRESYNC'].filter((word) => capabilities.has(word));
  if (capabilities.has('ENABLE') && wanted.length > 0) {
    const untagged = on('ENABLED', (decoder) => {
      for (const word of decoder.text().split(' ')) enabled.add(word.toUpperCase());
    });
    await ask(
      control,
      'ENABLE',
      wanted.map((atom) => ({ atom })),
      untagged,
    );
  }
  const qresync = enabled.has('QRESYNC');
  return {
    capabilities,
    quirks,
    qresync,
    condstore: qresync || capabilities.has('CONDSTORE') || capabilities.has('QRESYNC'),
  };
};

/** A command that may be refused without harm. */
const ask = async (control: Control, name: string, args: readonly Argument[], untagged?: Untagged): Promise<void> => {
  try {
    await control.exec(name, args, untagged === undefined ? {} : { untagged });
  } catch (error) {
    if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
  }
};
