import type { Database } from './database.ts';
import { lowerBound } from './sorted.ts';
import type { EmailRow, MailboxId } from './types.ts';

/**
 * Rows in ascending order, that is newest first; a position costs nothing at any depth. There is room at both ends, and
 * the shorter side moves, so that new mail and old mail are put in at little cost.
 */
export class RowList {
  #buffer: Float64Array;
  #start = 0;
  #length: number;

  /** `rows` ascending; the list takes them over. */
  constructor(rows: Float64Array) {
    this.#buffer = rows;
    this.#length = rows.length;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#buffer.byteLength;
  }

  slice(from: number, to: number): EmailRow[] {
    const end = this.#start + Math.min(to, this.#length);
    const rows: EmailRow[] = [];
    for (let at = this.#start + Math.max(0, from); at < end; at += 1) rows.push(this.#buffer[at] as EmailRow);
    return rows;
  }

  /** -1: not in the list. */
  indexOf(row: EmailRow): number {
    const at = this.#lowerBound(row);
    return this.#holds(at, row) ? at : -1;
  }

  add(row: EmailRow): void {
    const at = this.#lowerBound(row);
    if (this.#holds(at, row)) return;
    if (this.#length === this.#buffer.length) this.#grow();
    const end = this.#start + this.#length;
    const isFront = this.#start > 0 && (at < this.#length / 2 || end === this.#buffer.length);
    if (isFront) {
      this.#buffer.copyWithin(this.#start - 1, this.#start, this.#start + at);
      this.#start -= 1;
    } else this.#buffer.copyWithin(this.#start + at + 1, this.#start + at, end);
    this.#buffer[this.#start + at] = row;
    this.#length += 1;
  }

  remove(row: EmailRow): void {
    const at = this.indexOf(row);
    if (at < 0) return;
    if (at < this.#length / 2) {
      this.#buffer.copyWithin(this.#start + 1, this.#start, this.#start + at);
      this.#start += 1;
    } else this.#buffer.copyWithin(this.#start + at, this.#start + at + 1, this.#start + this.#length);
    this.#length -= 1;
  }

  #holds(at: number, row: EmailRow): boolean {
    return at < this.#length && this.#buffer[this.#start + at] === row;
  }

  /** First position whose row is not less than `row`. */
  #lowerBound(row: EmailRow): number {
    return lowerBound(this.#buffer, row, this.#start, this.#start + this.#length) - this.#start;
  }

  #grow(): void {
    const room = Math.max(32, this.#length >>> 3);
    const grown = new Float64Array(this.#length + 2 * room);
    grown.set(this.#buffer.subarray(this.#start, this.#start + this.#length), room);
    this.#buffer = grown;
    this.#start = room;
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

/** The first `count` rows of a list, or all of them. */
interface Head {
  count: number;
  rows: EmailRow[];
}

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
  /** First rows as the table gave them, until the list changes. */
  readonly #heads = new Map<number, Head>();

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
    const key = keyOf(mailbox, collapsed);
    if (to > shallow || this.#loaded.has(key)) return this.#list(mailbox, collapsed).slice(from, to);
    let head = this.#heads.get(key);
    if (!head || head.count < to) {
      head = { count: to, rows: this.#first(mailbox, collapsed, to) };
      this.#heads.set(key, head);
    }
    return head.rows.slice(from, to);
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
    this.#heads.clear();
  }

  #edit(key: number, add: EmailRow | null, remove: EmailRow | null): void {
    this.#heads.delete(key);
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
