import type { Database } from './database.ts';
import type { EmailRow, MailboxId } from './types.ts';

/** First position whose row is not less than `row`. */
export const lowerBound = (rows: Float64Array, length: number, row: number): number => {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Rows in ascending order, that is newest first; a position costs nothing at any depth. */
export class RowList {
  #rows: Float64Array;
  #length: number;

  constructor(rows: Float64Array, length = rows.length) {
    this.#rows = rows;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#rows.byteLength;
  }

  slice(from: number, to: number): EmailRow[] {
    return Array.from(this.#rows.subarray(Math.max(0, from), Math.min(to, this.#length))) as EmailRow[];
  }

  /** -1: not in the list. */
  indexOf(row: EmailRow): number {
    const at = lowerBound(this.#rows, this.#length, row);
    return at < this.#length && this.#rows[at] === row ? at : -1;
  }

  add(row: EmailRow): void {
    const at = lowerBound(this.#rows, this.#length, row);
    if (at < this.#length && this.#rows[at] === row) return;
    if (this.#length === this.#rows.length) {
      const grown = new Float64Array(Math.max(64, this.#length + (this.#length >>> 1)));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows.copyWithin(at + 1, at, this.#length);
    this.#rows[at] = row;
    this.#length += 1;
  }

  remove(row: EmailRow): void {
    const at = this.indexOf(row);
    if (at < 0) return;
    this.#rows.copyWithin(at, at + 1, this.#length);
    this.#length -= 1;
  }
}

/** The Emails of a mailbox newest first, each conversation once. */
const collapse = (pairs: Iterable<[EmailRow, number]>): EmailRow[] => {
  const threads = new Set<number>();
  const rows: EmailRow[] = [];
  for (const [row, thread] of pairs) {
    if (threads.has(thread)) continue;
    threads.add(thread);
    rows.push(row);
  }
  return rows;
};

const keyOf = (mailbox: MailboxId, collapsed: boolean): number => mailbox * 2 + Number(collapsed);

/** Most rows of a page that is read straight from the table; deeper ones load the whole list once. */
const shallow = 400;

/**
 * The lists of mailboxes: the first rows come from the table, deep pages from lists in memory, which follow every write
 * and are dropped least recently used first when they take more than `limit` bytes.
 */
export class Lists {
  readonly #db: Database;
  readonly #limit: number;
  readonly #loaded = new Map<number, RowList>();

  constructor(db: Database, limit: number) {
    this.#db = db;
    this.#limit = limit;
  }

  /** Bytes held now. */
  get bytes(): number {
    let sum = 0;
    for (const list of this.#loaded.values()) sum += list.bytes;
    return sum;
  }

  page(mailbox: MailboxId, collapsed: boolean, from: number, to: number): EmailRow[] {
    const known = this.#loaded.get(keyOf(mailbox, collapsed));
    if (!known && to <= shallow) return this.#first(mailbox, collapsed, to).slice(from);
    return this.#list(mailbox, collapsed).slice(from, to);
  }

  length(mailbox: MailboxId, collapsed: boolean): number {
    return this.#list(mailbox, collapsed).length;
  }

  indexOf(mailbox: MailboxId, collapsed: boolean, row: EmailRow): number {
    return this.#list(mailbox, collapsed).indexOf(row);
  }

  plain(mailbox: MailboxId, add: EmailRow | null, remove: EmailRow | null): void {
    this.#edit(keyOf(mailbox, false), add, remove);
  }

  collapsed(mailbox: MailboxId, add: EmailRow | null, remove: EmailRow | null): void {
    this.#edit(keyOf(mailbox, true), add, remove);
  }

  forget(): void {
    this.#loaded.clear();
  }

  #edit(key: number, add: EmailRow | null, remove: EmailRow | null): void {
    const list = this.#loaded.get(key);
    if (!list) return;
    if (remove !== null) list.remove(remove);
    if (add !== null) list.add(add);
  }

  #list(mailbox: MailboxId, collapsed: boolean): RowList {
    const key = keyOf(mailbox, collapsed);
    const list = this.#loaded.get(key) ?? this.#load(mailbox, collapsed);
    this.#loaded.delete(key);
    this.#loaded.set(key, list);
    for (const [oldest] of this.#loaded) {
      if (oldest === key || this.bytes <= this.#limit) break;
      this.#loaded.delete(oldest);
    }
    return list;
  }

  #load(mailbox: MailboxId, collapsed: boolean): RowList {
    const rows = collapsed
      ? collapse(this.#db.rows('SELECT email, thread FROM member WHERE mailbox = ? ORDER BY email', mailbox))
      : this.#db.values<EmailRow>('SELECT email FROM member WHERE mailbox = ? ORDER BY email', mailbox);
    return new RowList(Float64Array.from(rows));
  }

  #first(mailbox: MailboxId, collapsed: boolean, count: number): EmailRow[] {
    if (!collapsed) {
      return this.#db.values<EmailRow>(
        'SELECT email FROM member WHERE mailbox = ? ORDER BY email LIMIT ?',
        mailbox,
        count,
      );
    }
    let pairs: [EmailRow, number][] = [];
    let span = count * 2;
    for (;;) {
      pairs = this.#db.rows('SELECT email, thread FROM member WHERE mailbox = ? ORDER BY email LIMIT ?', mailbox, span);
      const rows = collapse(pairs);
      if (rows.length >= count || pairs.length < span) return rows.slice(0, count);
      span *= 4;
    }
  }
}
