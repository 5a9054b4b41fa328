import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { KeyFilter } from './key-filter.ts';

/** Fewer keys than this at once go straight to their place. */
const few = 40;
/** Keys kept aside before they are put in order: a quarter of a megabyte while a mailbox is being read for the first time. */
const many = 4000;

/**
 * A table from hashes ({@link hash48}) to numbers. Hashes are random, and a batch of them would touch every page of the
 * table: large batches are first written one behind the other (`NAME_late`) and put in order when there are many.
 */
export class HashTable {
  readonly #db: Database;
  readonly #select: string;
  readonly #inOrder: BulkInsert;
  readonly #name: string;
  #late: Map<number, number> | undefined;
  #filter: KeyFilter | null = null;

  /** Of the table `name`(key, `column`). */
  constructor(db: Database, name: 'ref' | 'strong', column: 'thread' | 'email') {
    this.#db = db;
    this.#name = name;
    this.#select = `SELECT key, ${column} FROM ${name} WHERE key IN (SELECT value FROM json_each(?))`;
    this.#inOrder = new BulkInsert(db, `INSERT OR REPLACE INTO ${name}(key, ${column})`, 2);
  }

  /** While a table grows from nothing, keys that are not in it are known without looking. */
  hasten(isHasty: boolean): void {
    const isEmpty = (): boolean =>
      this.#lateOnes().size === 0 && this.#db.value(`SELECT 1 FROM ${this.#name} LIMIT 1`) === undefined;
    if (!isHasty) this.#filter = null;
    else if (isEmpty()) this.#filter ??= new KeyFilter();
  }

  get(keys: readonly number[]): Map<number, number> {
    const filter = this.#filter;
    const asked = filter === null ? keys : keys.filter((key) => filter.mayHave(key));
    if (asked.length === 0) return new Map();
    const found = new Map(this.#db.rows<[number, number]>(this.#select, JSON.stringify(asked)));
    const late = this.#lateOnes();
    if (late.size === 0) return found;
    for (const key of asked) {
      const value = late.get(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  set(entries: ReadonlyMap<number, number>): void {
    if (entries.size === 0) return;
    const late = this.#lateOnes();
    const isFew = entries.size < few && late.size === 0;
    const pairs = new Float64Array(2 * entries.size);
    let at = 0;
    for (const [key, value] of entries) {
      late.set(key, value);
      this.#filter?.add(key);
      pairs[at] = key;
      pairs[at + 1] = value;
      at += 2;
    }
    if (isFew || late.size > many) this.order();
    else this.#db.run(`INSERT INTO ${this.#name}_late(pairs) VALUES(?)`, Buffer.from(pairs.buffer));
  }

  /** Puts in order what was kept aside. */
  order(): void {
    const late = this.#lateOnes();
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
