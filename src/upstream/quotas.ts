import { createHash } from 'node:crypto';
import { logError } from '#base/log.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import type { QuotaLimit } from '#imap/types.ts';
import type { Index, IndexReader } from '#index/types.ts';
import { UpstreamError } from './errors.ts';
import { isPassing } from './response-codes.ts';
import { type Urgency, urgency } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mirror } from './mirror.ts';

/** How full the mailboxes are is asked this often, milliseconds. */
const quotaEvery = 15 * 60_000;
/** After changes of our own it is asked this soon, and never more often than this. */
const settled = 2_000;
const apart = 5_000;
/** A server that hangs up at the question, or says nothing until the line is cut, is left alone for this long. */
const leftAlone = 60 * 60_000;

/** A limit of the mail server as the index has it; the id is the same wherever it is made. */
export interface KnownQuota extends QuotaLimit {
  id: string;
}

interface Reading {
  /** Unix ms. */
  at: number;
  quotas: KnownQuota[];
}

/** Value of the index. */
const key = 'quota';

const readingOf = (reader: IndexReader): Reading | null => {
  const text = reader.value(key);
  return text === undefined ? null : (JSON.parse(text) as Reading);
};

/** As last read, in the server's order; empty when the server tells of none. */
export const quotasOf = (reader: IndexReader): readonly KnownQuota[] => readingOf(reader)?.quotas ?? [];

const idOf = ({ resource, root }: QuotaLimit): string =>
  `Q${createHash('sha256').update(`quota ${resource} ${root}`).digest('hex').slice(0, 24)}`;

/** Writes a reading, and notes what of it is new; whether there is more room than before. */
export const keepQuotas = (index: Index, limits: readonly QuotaLimit[], now: number): boolean =>
  index.write((t) => {
    const before = new Map(quotasOf(t).map((quota) => [quota.id, quota]));
    const quotas = limits.map((limit) => ({ id: idOf(limit), ...limit }));
    let roomier = false;
    for (const { id, limit, used } of quotas) {
      const old = before.get(id);
      if (old === undefined) t.note('Quota', id, 'created');
      else if (old.limit !== limit) t.note('Quota', id, 'updated');
      else if (old.used !== used) t.note('Quota', id, 'counts');
      if (old !== undefined && limit - used > old.limit - old.used) roomier = true;
      before.delete(id);
    }
    for (const id of before.keys()) t.note('Quota', id, 'destroyed');
    t.setValue(key, JSON.stringify({ at: now, quotas } satisfies Reading));
    return roomier || before.size > 0;
  });

/** Asks the mail server how full it is (rules S50 to S53), always on the watch connection and never for its sake. */
export class Quotas {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #roomier: () => void;
  /** When the next reading is due, and what keeps it from coming. */
  #due = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | null = null;
  /** Not before this time, unless the user asks. */
  #notBefore = 0;
  #closed = false;

  /** `roomier`: there is more room than at the reading before. */
  constructor(parts: { mirror: Mirror; lines: Lines; roomier: () => void }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#roomier = parts.roomier;
  }

  /** A connection stands: read unless that was done a short while ago. */
  begin(): void {
    this.#at(this.#readAt() + quotaEvery);
  }

  /** Something was put in, taken out, or not taken for want of room. */
  soon(): void {
    this.#at(Math.max(this.#mirror.clock.now() + settled, this.#readAt() + apart));
  }

  /** The user asks. Resolves when it was tried; without a connection nothing is. */
  async now(): Promise<void> {
    await this.#read(urgency.user);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #readAt(): number {
    const reading = this.#mirror.index.read(readingOf);
    // A clock that was set back does not keep it from being read.
    return Math.min(reading?.at ?? 0, this.#mirror.clock.now());
  }

  /** Sets the next reading to this time, unless an earlier one is set. */
  #at(wished: number): void {
    const due = Math.max(wished, this.#notBefore);
    if (this.#closed || (this.#cancel !== null && this.#due <= due)) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#mirror.clock.after(Math.max(0, due - this.#mirror.clock.now()), () => {
      this.#cancel = null;
      void this.#read(urgency.folders);
    });
  }

  async #read(level: Urgency): Promise<void> {
    // The next connection begins anew.
    if (this.#closed || this.#lines.watch.session === null) return;
    try {
      await this.#lines.watch.run((session) => this.#ask(session), { urgency: level, again: false });
    } catch (error) {
      if (error instanceof UpstreamError && error.code === 'engine/closed') return;
      logError(this.#mirror.log, 'upstream.quota', error);
      this.#notBefore = this.#mirror.clock.now() + leftAlone;
    }
    this.#at(this.#mirror.clock.now() + quotaEvery);
  }

  async #ask(session: ImapSession): Promise<void> {
    let limits: readonly QuotaLimit[] = [];
    try {
      limits = (await session.quota()) ?? [];
    } catch (error) {
      if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
      // What was known stands when the server cannot just now; a server that will not tell tells of no quota.
      if (isPassing(error)) return;
    }
    if (!this.#closed && keepQuotas(this.#mirror.index, limits, this.#mirror.clock.now())) this.#roomier();
  }
}
