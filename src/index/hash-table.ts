import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { KeyMap } from './key-map.ts';

/** Fewer keys than this at once go straight to their place. */
const few = 40;
/** Keys kept aside before they are put in order: less than a megabyte while a mailbox is being read for the first time. */
const many = 10_000;
/** Keys that are held in memory, 16 MB; a table that grows beyond is looked into like any other. */
const mostHeld = 600_000;
/** Keys that are read into memory at once: about 10 ms. */
const mostRead = 20_000;

/**
 * A table from hashes ({@link hash48}) to numbers. Hashes are random, and a batch of them would touch every page of the
 * table: large batches are first written one behind the other (`NAME_late`) and put in order when there are many.
 */
export class HashTable {
  readonly #db: Database;
  readonly #everything: string;
  readonly #select: string;
  readonly #inOrder: BulkInsert;
  readonly #name: string;
  /** What is in `NAME_late`, or was set and is not written. */
  #late: Map<number, number> | undefined;
  /** What was set since the last {@link flush}; the values are in {@link #late}. */
  #fresh: number[] = [];
  /** What was loaded from the table. */
  #known = new Map<number, number>();
  /** All that the table holds, while it grows from little. */
  #all: KeyMap | null = null;

  /** Of the table `name`(key, `column`). */
  constructor(db: Database, name: 'ref' | 'strong', column: 'thread' | 'email') {
    this.#db = db;
    this.#name = name;
    this.#everything = `SELECT key, ${column} FROM ${name}`;
    this.#select = `${this.#everything} WHERE key IN (SELECT value FROM json_each(?))`;
    this.#inOrder = new BulkInsert(db, `INSERT OR REPLACE INTO ${name}(key, ${column})`, 2);
  }

  /** A table that is small and grows much is held in memory meanwhile. */
  hasten(isHasty: boolean): void {
    this.#all = isHasty ? (this.#all ?? this.#whole()) : null;
  }

  /** Before {@link at} is asked about these keys. */
  load(keys: Iterable<number>): void {
    this.#known = new Map();
    if (this.#all !== null) return;
    const asked = [...keys];
    if (asked.length > 0) this.#known = new Map(this.#db.rows<[number, number]>(this.#select, JSON.stringify(asked)));
  }

  /** Of a key that was loaded, or set since. */
  at(key: number): number | undefined {
    return this.#all === null ? (this.#lateOnes().get(key) ?? this.#known.get(key)) : this.#all.get(key);
  }

  /** In the file after {@link flush}. */
  set(key: number, value: number): void {
    this.#lateOnes().set(key, value);
    this.#fresh.push(key);
    this.#all?.set(key, value);
  }

  flush(): void {
    this.#known = new Map();
    if (this.#fresh.length === 0) return;
    const late = this.#lateOnes();
    if (late.size > many || late.size < few) this.order();
    else {
      const pairs = new Float64Array(2 * this.#fresh.length);
      for (const [i, key] of this.#fresh.entries()) {
        pairs[2 * i] = key;
        pairs[2 * i + 1] = late.get(key) ?? 0;
      }
      this.#db.run(`INSERT INTO ${this.#name}_late(pairs) VALUES(?)`, Buffer.from(pairs.buffer));
      this.#fresh = [];
    }
    if (this.#all !== null && this.#all.size > mostHeld) this.#all = null;
  }

  /** Puts in order what was kept aside. */
  order(): void {
    const late = this.#lateOnes();
    this.#fresh = [];
    if (late.size === 0) return;
    for (const key of Float64Array.from(late.keys()).sort()) this.#inOrder.add(key, late.get(key) ?? 0);
    this.#inOrder.flush();
    this.#db.run(`DELETE FROM ${this.#name}_late`);
    late.clear();
  }

  /** After a rollback. */
  forget(): void {
    this.#inOrder.forget();
    this.#late = undefined;
    this.#fresh = [];
    this.#known = new Map();
    this.#all = null;
  }

  /** null: too large. */
  #whole(): KeyMap | null {
    const rows = this.#db.rows<[number, number]>(`${this.#everything} LIMIT ?`, mostRead + 1);
    if (rows.length > mostRead) return null;
    const all = new KeyMap();
    for (const [key, value] of rows) all.set(key, value);
    for (const [key, value] of this.#lateOnes()) all.set(key, value);
    return all;
  }

  #lateOnes(): Map<number, number> {
    if (this.#late) return this.#late;
    const late = new Map<number, number>();
    for (const bytes of this.#db.values<Buffer>(`SELECT pairs FROM ${this.#name}_late ORDER BY id`)) {
      const pairs = new Float64Array(Uint8Array.from(bytes).buffer);
      for (let i = 0; i < pairs.length; i += 2) late.set(pairs[i] ?? 0, pairs[i + 1] ?? 0);
    }
    this.#late = late;
    return late;
  }
}
