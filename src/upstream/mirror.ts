import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Found, Index, Mailbox, MailboxId, Uid } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import type { FetchRow, FlagRow, Range, Wish } from '#imap/types.ts';
import { UpstreamError } from './errors.ts';
import { keywordsOf } from './flags.ts';
import { bulkItems, foundOf } from './found.ts';

/** The highest UID there can be, as a number: `n:*` would name the last message even when there is none from n on. */
export const lastUid = 0xff_ff_ff_ff;

/** Synchronous work takes about this long at most before others get their turn, milliseconds (rule S7). */
const slice = 9;
/** Messages of a slice at least: fewer cost several times as much each, and on a busy machine no slice is short. */
const fewest = 40;

/** Lets everything else that waits in this thread run. */
export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** UIDs as {@link Range}s would name them, one by one, but for those that are not in `known`: a hostile range costs nothing. */
export const withinRanges = (ranges: readonly Range[], known: readonly Uid[]): Uid[] => {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const hits: Uid[] = [];
  let at = 0;
  for (const uid of known) {
    while (at < sorted.length && (sorted[at]?.[1] ?? 0) < uid) at += 1;
    if ((sorted[at]?.[0] ?? Infinity) <= uid) hits.push(uid);
  }
  return hits;
};

/** NO or BAD to this FETCH, and not a request to come back later. */
export const isRefusal = (error: unknown): error is ImapError =>
  error instanceof ImapError && error.code === 'imap/refused' && error.retryAfter === null;

const uidsOf = async (session: ImapSession, wish: Wish): Promise<readonly number[]> => {
  if ('uids' in wish) return wish.uids;
  if ('range' in wish) return session.search({ uids: [wish.range] });
  const all = await session.uidSearchAll();
  return 'newest' in wish ? all.slice(-wish.newest) : all.slice(wish.sequence[0] - 1, wish.sequence[1]);
};

/** What was brought in by one FETCH. */
export interface Brought {
  count: number;
  lowest: Uid | null;
  highest: Uid | null;
  /** Oldest INTERNALDATE, Unix seconds. */
  oldest: number | null;
}

/** The index as the sync writes it: rows of the server in, in slices short enough for the thread. */
export class Mirror {
  readonly index: Index;
  readonly clock: Clock;
  readonly log: Log;
  #rowsPerSlice = 60;

  constructor(parts: { index: Index; clock: Clock; log: Log }) {
    this.index = parts.index;
    this.clock = parts.clock;
    this.log = parts.log;
  }

  mailbox(id: MailboxId): Mailbox {
    const box = this.index.read((reader) => reader.mailbox(id));
    if (box === undefined) throw new UpstreamError('mailbox/not-found', 'the mailbox is no longer known');
    return box;
  }

  uids(id: MailboxId): Uid[] {
    return this.index.read((reader) => reader.uids(id));
  }

  /**
   * Fetches and adds messages of the selected mailbox; each of them is accounted for (rule S9).
   * Safe to repeat: what is known already is updated.
   */
  async bring(session: ImapSession, mailbox: MailboxId, wish: Wish): Promise<Brought> {
    const brought: Brought = { count: 0, lowest: null, highest: null, oldest: null };
    try {
      await this.#fetch(session, mailbox, wish, brought);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.log('info', 'upstream.fetch-refused', { responseCode: error.responseCode });
      await this.#bisect(session, mailbox, await uidsOf(session, wish), brought);
    }
    this.index.settle();
    return brought;
  }

  async #fetch(session: ImapSession, mailbox: MailboxId, wish: Wish, brought: Brought): Promise<void> {
    const report = await session.fetchRows(wish, bulkItems, (rows) => this.#addRows(mailbox, rows, brought));
    if (report.missing.length > 0) await this.#rescue(session, mailbox, report.missing, brought);
  }

  async #rescue(session: ImapSession, mailbox: MailboxId, uids: readonly number[], brought: Brought): Promise<void> {
    this.log('info', 'upstream.rows-missing', { count: uids.length });
    const { rows } = await session.rescueRows(uids, bulkItems);
    await this.#addRows(mailbox, rows, brought);
  }

  /** One message that the server cannot read makes it refuse the whole set: halves, until that one is alone. */
  async #bisect(session: ImapSession, mailbox: MailboxId, uids: readonly number[], brought: Brought): Promise<void> {
    if (uids.length <= 1) return uids.length === 0 ? undefined : this.#rescue(session, mailbox, uids, brought);
    const half = Math.ceil(uids.length / 2);
    for (const part of [uids.slice(half), uids.slice(0, half)]) {
      try {
        await this.#fetch(session, mailbox, { uids: part }, brought);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        await this.#bisect(session, mailbox, part, brought);
      }
    }
  }

  async #addRows(mailbox: MailboxId, rows: readonly FetchRow[], brought: Brought): Promise<void> {
    const useful = rows.filter((row) => row.uid > 0);
    for (let at = 0; at < useful.length;) {
      const begun = performance.now();
      const found = useful.slice(at, at + this.#rowsPerSlice).map(foundOf);
      at += found.length;
      this.index.gather((t) => t.add(mailbox, found));
      note(brought, found);
      const took = performance.now() - begun;
      if (took > slice) this.#rowsPerSlice = Math.max(fewest, Math.floor(this.#rowsPerSlice / 2));
      else if (took < slice / 3 && found.length === this.#rowsPerSlice)
        this.#rowsPerSlice = Math.min(400, this.#rowsPerSlice + 20);
      await pause();
    }
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
    const few = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0) <= 200;
    const gone = few
      ? ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => (first + at) as Uid))
      : withinRanges(ranges, this.uids(mailbox));
    if (gone.length > 0) this.index.write((t) => t.vanished(mailbox, gone));
  }
}

const note = (brought: Brought, found: readonly Found[]): void => {
  for (const { uid, receivedAt } of found) {
    brought.count += 1;
    if (brought.lowest === null || uid < brought.lowest) brought.lowest = uid;
    if (brought.highest === null || uid > brought.highest) brought.highest = uid;
    if (brought.oldest === null || receivedAt < brought.oldest) brought.oldest = receivedAt;
  }
};
