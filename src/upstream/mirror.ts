import { setImmediate as pause } from 'node:timers/promises';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { IndexError } from '#index/errors.ts';
import type { EmailRow, Index, Mailbox, MailboxId, Uid } from '#index/types.ts';
import { ImapError, isThrottle } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import type { FetchReport, FetchRow, FlagRow, Piece, PieceReport, Range, Wish } from '#imap/types.ts';
import { UpstreamError } from './errors.ts';
import { keywordsOf } from './flags.ts';
import { bulkItems, foundOf } from './found.ts';
import { Patience } from './patience.ts';
import type { Reading } from './reading/reading.ts';

/** The highest UID there can be, as a number: `n:*` would name the last message even when there is none from n on. */
export const lastUid = 0xff_ff_ff_ff;

/** Synchronous work takes about this long at most before others get their turn, milliseconds (rule S7). */
const slice = 9;
/** Messages of a slice at least: fewer cost several times as much each, and on a busy machine no slice is short. */
const fewest = 40;
/** Ranges of UIDs that went while a FETCH was under way; what a server says beyond, the next comparison finds. */
const mostGone = 1_000;
/** So many rows are worth the way to another thread. */
const worthReading = 200;

/** After so many messages of which nothing came, and none of which anything did, it is asked whether the server gives any. */
const enoughStubs = 3;
/** A mailbox whose UIDVALIDITY changes no oftener is made anew by somebody, milliseconds. */
const renewedSeldom = 3_600_000;
/** So often a mailbox of which nothing is known is asked in vain before its messages are stubs. */
const mostVain = 10;

/** UIDs as {@link Range}s would name them, one by one, but for those that are not in `known`: a hostile range costs nothing. */
const withinRanges = (ranges: readonly Range[], known: readonly Uid[]): Uid[] => {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const hits: Uid[] = [];
  let at = 0;
  for (const uid of known) {
    while (at < sorted.length && (sorted[at]?.[1] ?? 0) < uid) at += 1;
    if ((sorted[at]?.[0] ?? Infinity) <= uid) hits.push(uid);
  }
  return hits;
};

const isWithin = (ranges: readonly Range[], uid: number): boolean =>
  ranges.some(([first, last]) => first <= uid && uid <= last);

/** NO or BAD to this FETCH, and not a request to come back later. */
export const isRefusal = (error: unknown): error is ImapError =>
  error instanceof ImapError && error.code === 'imap/refused' && !isThrottle(error);

/** Nothing came of this message, not even its flags. */
const isStub = ({ flags, internalDate, size, header }: FetchRow): boolean =>
  flags === null && internalDate === null && size === null && header === null;

const uidsOf = async (session: ImapSession, wish: Wish): Promise<readonly number[]> => {
  if ('uids' in wish) return wish.uids;
  if ('range' in wish) return session.search({ uids: [wish.range] });
  const all = await session.uidSearchAll();
  return 'newest' in wish ? all.slice(-wish.newest) : all.slice(wish.sequence[0] - 1, wish.sequence[1]);
};

const isMany = (wish: Wish): boolean =>
  ('uids' in wish && wish.uids.length >= worthReading) || ('newest' in wish && wish.newest >= worthReading);

/** What was brought in by one FETCH. */
export interface Brought {
  count: number;
  lowest: Uid | null;
  highest: Uid | null;
  /** Oldest INTERNALDATE, Unix seconds. */
  oldest: number | null;
}

/** A FETCH under way. */
interface Bringing {
  readonly mailbox: MailboxId;
  readonly brought: Brought;
  /** What the server said meanwhile to be there no longer: rows of it may still be on their way. */
  readonly gone: Range[];
  /** Messages of which nothing came. */
  readonly stubs: FetchRow[];
  /** The server gives messages of this mailbox. */
  serves: boolean;
}

interface Dated {
  uid: Uid;
  receivedAt: number;
}

/** The index as the sync writes it: rows of the server in, in slices short enough for the thread. */
export class Mirror {
  readonly index: Index;
  readonly clock: Clock;
  readonly log: Log;
  readonly #reading: Reading | null;
  readonly #bringing = new Set<Bringing>();
  /** How often in a row nothing came of a mailbox of which nothing is known. */
  readonly #vain = new Map<MailboxId, number>();
  /** Mailboxes whose UIDVALIDITY changed while we looked. */
  readonly #renewals = new Map<MailboxId, { at: number; patience: Patience }>();
  #unsteady: () => void = () => undefined;
  #rowsPerSlice = 60;

  /** `reading`: where many rows are read; without it all are read here. */
  constructor(parts: { index: Index; clock: Clock; log: Log; reading?: Reading }) {
    this.index = parts.index;
    this.clock = parts.clock;
    this.log = parts.log;
    this.#reading = parts.reading ?? null;
  }

  mailbox(id: MailboxId): Mailbox {
    const box = this.index.read((reader) => reader.mailbox(id));
    if (box === undefined) throw new UpstreamError('mailbox/not-found', 'the mailbox is no longer known');
    return box;
  }

  uids(id: MailboxId): Uid[] {
    return this.index.read((reader) => reader.uids(id));
  }

  /** How many messages of the mailbox are held whose UID is `from` or higher. */
  held(id: MailboxId, from = 1): number {
    return this.index.read((reader) => reader.uidCount(id, from));
  }

  /**
   * Fetches and adds messages of the selected mailbox; each of them is accounted for (rule S9).
   * Safe to repeat: what is known already is updated. `later`: what comes next is stored together with it.
   * @throws IndexError when some of it was lost with what others gathered
   */
  async bring(session: ImapSession, mailbox: MailboxId, wish: Wish, later = false): Promise<Brought> {
    const brought: Brought = { count: 0, lowest: null, highest: null, oldest: null };
    const bringing: Bringing = { mailbox, brought, gone: [], stubs: [], serves: false };
    const { losses } = this.index;
    this.#bringing.add(bringing);
    try {
      await this.#fetchOrBisect(session, wish, bringing);
      if (bringing.stubs.length > 0) await this.#addStubs(session, bringing);
    } finally {
      this.#bringing.delete(bringing);
    }
    if (!later) this.index.settle();
    if (this.index.losses !== losses) throw new IndexError('index/io', 'what was brought was not stored');
    return brought;
  }

  async #fetch(session: ImapSession, wish: Wish, bringing: Bringing): Promise<void> {
    const reading = this.#reading;
    const report =
      reading?.isReady === true && isMany(wish)
        ? await this.#fetchPieces(reading, session, wish, bringing)
        : await session.fetchRows(wish, bulkItems, (rows) => this.#addRows(rows, bringing));
    if (report.missing.length > 0) await this.#rescue(session, report.missing, bringing);
  }

  /** One piece is read while the one before it is stored. */
  #fetchPieces(reading: Reading, session: ImapSession, wish: Wish, bringing: Bringing): Promise<FetchReport> {
    let before: Promise<unknown> = Promise.resolve();
    const onPiece = (piece: Piece): Promise<PieceReport> => {
      const reads = reading.read(piece);
      const stored = Promise.all([reads, before]).then(async ([{ messages, report }]) => {
        await this.#inSlices(messages, bringing, (part) => {
          this.index.gather((t) => t.addReady(bringing.mailbox, part));
          return part;
        });
        return report;
      });
      before = stored.catch(() => undefined);
      return stored;
    };
    // The sync that wanted the thread may end before this FETCH does.
    return session.fetchPieces(wish, bulkItems, onPiece).finally(reading.begin());
  }

  async #rescue(session: ImapSession, uids: readonly number[], bringing: Bringing): Promise<void> {
    this.log('info', 'upstream.rows-missing', { count: uids.length });
    const { rows } = await session.rescueRows(uids, bulkItems);
    bringing.stubs.push(...rows.filter(isStub));
    await this.#addRows(
      rows.filter((row) => !isStub(row)),
      bringing,
    );
  }

  /** One message that the server cannot read makes it refuse the whole set: halves, until that one is alone. */
  async #fetchOrBisect(session: ImapSession, wish: Wish, bringing: Bringing): Promise<void> {
    try {
      await this.#fetch(session, wish, bringing);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.log('info', 'upstream.fetch-refused', { responseCode: error.responseCode });
      const uids = await uidsOf(session, wish);
      if (uids.length <= 1) return this.#rescue(session, uids, bringing);
      const half = Math.ceil(uids.length / 2);
      for (const part of [uids.slice(half), uids.slice(0, half)]) {
        if (bringing.stubs.length >= enoughStubs && !(await this.#serves(session, bringing))) throw error;
        await this.#fetchOrBisect(session, { uids: part }, bringing);
      }
    }
  }

  async #addStubs(session: ImapSession, bringing: Bringing): Promise<void> {
    if (!(await this.#serves(session, bringing))) throw new ImapError('imap/refused', { command: 'FETCH' });
    await this.#addRows(bringing.stubs, bringing);
  }

  /**
   * Whether it is single messages that the server does not give, and not all of them for the time being (rule S83): others
   * came, or one that it gave before does. Where none is known, it was asked long enough.
   */
  async #serves(session: ImapSession, bringing: Bringing): Promise<boolean> {
    const { mailbox, brought } = bringing;
    bringing.serves ||= brought.count > 0 || (await this.#gives(session, mailbox));
    if (bringing.serves) this.#vain.delete(mailbox);
    return bringing.serves;
  }

  async #gives(session: ImapSession, mailbox: MailboxId): Promise<boolean> {
    const known = this.index.read((reader) => {
      const isRead = (uid: Uid): boolean =>
        (reader.byRow(reader.placement(mailbox, uid)?.email as EmailRow)?.size ?? 0) > 0;
      return reader.uids(mailbox).findLast(isRead);
    });
    if (known === undefined) {
      const times = (this.#vain.get(mailbox) ?? 0) + 1;
      this.#vain.set(mailbox, times);
      return times > mostVain;
    }
    try {
      const { missing } = await session.fetchRows({ uids: [known] }, bulkItems, () => undefined);
      return missing.length === 0;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return false;
    }
  }

  #addRows(rows: readonly FetchRow[], bringing: Bringing): Promise<void> {
    const useful = rows.filter((row) => row.uid > 0);
    return this.#inSlices(useful, bringing, (part) => {
      const found = part.map(foundOf);
      this.index.gather((t) => t.add(bringing.mailbox, found));
      return found;
    });
  }

  /** `store` says what it stored. */
  async #inSlices<T extends { uid: number }>(
    all: readonly T[],
    { brought, gone }: Bringing,
    store: (part: readonly T[]) => readonly Dated[],
  ): Promise<void> {
    for (let at = 0; at < all.length;) {
      const begun = performance.now();
      const next = all.slice(at, at + this.#rowsPerSlice);
      at += next.length;
      note(brought, store(gone.length === 0 ? next : next.filter(({ uid }) => !isWithin(gone, uid))));
      const took = performance.now() - begun;
      if (took > slice) this.#rowsPerSlice = Math.max(fewest, Math.floor(this.#rowsPerSlice / 2));
      else if (took < slice / 3 && next.length === this.#rowsPerSlice)
        this.#rowsPerSlice = Math.min(400, this.#rowsPerSlice + 20);
      await pause();
    }
  }

  /** Before more is written: joins the full text where it lies in many pieces, while `goesOn`. */
  async joinText(goesOn: () => boolean): Promise<void> {
    while (goesOn() && this.index.gather((t) => t.mergeText('many'))) await pause();
  }

  /** `listener` is told of a server whose UIDVALIDITY changes again and again: it may do so with each connection. */
  onUnsteady(listener: () => void): void {
    this.#unsteady = listener;
  }

  /** Another UIDVALIDITY: its messages are found again (rule S15). */
  renewed(mailbox: MailboxId, { uidvalidity, exists }: Pick<Mailbox, 'uidvalidity' | 'exists'>): void {
    this.log('info', 'upstream.uidvalidity', { mailbox });
    this.index.write((t) => {
      t.remap(mailbox, uidvalidity);
      t.patchMailbox(mailbox, { exists });
    });
    const at = this.clock.now();
    const before = this.#renewals.get(mailbox);
    const isUnsteady = before !== undefined && at - before.at < renewedSeldom;
    const patience = isUnsteady ? before.patience : new Patience(this.clock);
    this.#renewals.set(mailbox, { at, patience });
    if (isUnsteady) patience.refused(null);
    if (patience.times >= 2) this.#unsteady();
  }

  /** How long it is not read to its end, because its UIDVALIDITY changes again and again (rule S84), milliseconds. */
  unsteadyFor(mailbox: MailboxId): number {
    return this.#renewals.get(mailbox)?.patience.left ?? 0;
  }

  /** The mailbox cannot be opened any more: what a FETCH under way brings is not in it. */
  closed(mailbox: MailboxId): void {
    for (const { mailbox: into, gone } of this.#bringing) if (into === mailbox) gone.push([1, lastUid]);
  }

  /** The server's flags of these messages, in slices. */
  async flags(mailbox: MailboxId, rows: readonly FlagRow[]): Promise<void> {
    const useful = rows.filter((row) => row.uid > 0);
    for (let at = 0; at < useful.length; at += 500) {
      const part = useful
        .slice(at, at + 500)
        .map((row) => ({ uid: row.uid as Uid, modseq: row.modseq, ...keywordsOf(row.flags) }));
      this.index.gather((t) => t.keywords(mailbox, part));
      await pause();
    }
    this.index.settle();
  }

  /** These are no longer in the mailbox (rule S14). */
  vanished(mailbox: MailboxId, ranges: readonly Range[]): void {
    for (const { mailbox: into, gone } of this.#bringing)
      if (into === mailbox) gone.push(...ranges.slice(0, mostGone - gone.length));
    const few = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0) <= 200;
    const gone = few
      ? ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => (first + at) as Uid))
      : withinRanges(ranges, this.uids(mailbox));
    if (gone.length > 0) this.index.write((t) => t.vanished(mailbox, gone));
  }
}

const note = (brought: Brought, messages: readonly Dated[]): void => {
  for (const { uid, receivedAt } of messages) {
    brought.count += 1;
    if (brought.lowest === null || uid < brought.lowest) brought.lowest = uid;
    if (brought.highest === null || uid > brought.highest) brought.highest = uid;
    if (brought.oldest === null || receivedAt < brought.oldest) brought.oldest = receivedAt;
  }
};
