import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { KeyMap } from './key-map.ts';

/** Fewer keys than this at once go straight to their place. */
const few = 40;
/** Keys kept aside before they are put in order: half a megabyte. */
const many = 10_000;
/** The same while a table is held in memory as a whole: 32 MB. */
const mostHeld = 1_000_000;
/** Keys that are read into memory at once: about 10 ms. */
const mostRead = 20_000;
/** Keys put in order by one step: about 5 ms. */
const step = 4_000;

/** Keys are hashes of 48 bits. */
const keySpace = 2 ** 48;

/** What is being put in order: all that lay aside when it began. */
interface Pass {
  /** Keys that are left, in parts of their space, the first one last. */
  parts: number[][];
  /** The last row of `NAME_late` that is done when all parts are. */
  last: number;
}

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
  /** What is in `NAME_late`, or was set and is not written; with {@link #isWhole} what is in the table as well. */
  #late: KeyMap | undefined;
  #isWhole = false;
  /** What was set since the last {@link flush}; the values are in {@link #late}. */
  #fresh: number[] = [];
  /** What was loaded from the table. */
  #known = new Map<number, number>();
  #pass: Pass | null = null;

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
    if (!isHasty) this.#isWhole = false;
    else if (!this.#isWhole) this.#hold();
  }

  /** Before {@link at} is asked about these keys. */
  load(keys: Iterable<number>): void {
    this.#known = new Map();
    if (this.#isWhole) return;
    const asked = [...keys];
    if (asked.length > 0) this.#known = new Map(this.#db.rows<[number, number]>(this.#select, JSON.stringify(asked)));
  }

  /** Of a key that was loaded, or set since. */
  at(key: number): number | undefined {
    return this.#lateOnes().get(key) ?? this.#known.get(key);
  }

  /** In the file after {@link flush}. */
  set(key: number, value: number): void {
    this.#lateOnes().set(key, value);
    this.#fresh.push(key);
  }

  flush(): void {
    this.#known = new Map();
    if (this.#fresh.length === 0) return;
    const late = this.#lateOnes();
    if (!this.#isWhole && late.size < few) {
      this.#place(late.parts(1, keySpace).flat());
      this.#db.run(`DELETE FROM ${this.#name}_late`);
      this.#done();
      return;
    }
    const pairs = new Float64Array(2 * this.#fresh.length);
    for (const [i, key] of this.#fresh.entries()) {
      pairs[2 * i] = key;
      pairs[2 * i + 1] = late.get(key) ?? 0;
    }
    this.#db.run(`INSERT INTO ${this.#name}_late(pairs) VALUES(?)`, Buffer.from(pairs.buffer));
    this.#fresh = [];
    if (late.size > mostHeld) this.#isWhole = false;
    if (!this.#isWhole && (late.size > many || this.#pass !== null)) this.order();
  }

  /** One step of putting in order what lies aside. true: there is more. */
  order(): boolean {
    const late = this.#lateOnes();
    if (late.size === 0) return false;
    this.#pass ??= {
      parts: late.parts(Math.ceil(late.size / step), keySpace).reverse(),
      last: this.#db.value<number | null>(`SELECT max(id) FROM ${this.#name}_late`) ?? 0,
    };
    const pass = this.#pass;
    this.#place(pass.parts.pop() ?? []);
    if (pass.parts.length > 0) return true;
    this.#db.run(`DELETE FROM ${this.#name}_late WHERE id <= ?`, pass.last);
    this.#done();
    return this.#lateOnes().size > 0;
  }

  /** After a rollback. */
  forget(): void {
    this.#inOrder.forget();
    this.#done();
  }

  /** What lies aside is what the file says. */
  #done(): void {
    this.#late = undefined;
    this.#isWhole = false;
    this.#fresh = [];
    this.#known = new Map();
    this.#pass = null;
  }

  #place(keys: readonly number[]): void {
    const late = this.#lateOnes();
    for (const key of Float64Array.from(keys).sort()) this.#inOrder.add(key, late.get(key) ?? 0);
    this.#inOrder.flush();
  }

  #hold(): void {
    const rows = this.#db.rows<[number, number]>(`${this.#everything} LIMIT ?`, mostRead + 1);
    if (rows.length > mostRead) return;
    const late = this.#lateOnes();
    for (const [key, value] of rows) if (late.get(key) === undefined) late.set(key, value);
    this.#isWhole = true;
  }

  #lateOnes(): KeyMap {
    if (this.#late) return this.#late;
    const late = new KeyMap();
    for (const bytes of this.#db.values<Buffer>(`SELECT pairs FROM ${this.#name}_late ORDER BY id`)) {
      const pairs = new Float64Array(Uint8Array.from(bytes).buffer);
      for (let i = 0; i < pairs.length; i += 2) late.set(pairs[i] ?? 0, pairs[i + 1] ?? 0);
    }
    this.#late = late;
    return late;
  }
}
