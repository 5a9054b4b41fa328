import type { Database } from '../database.ts';
import type { ThreadNumber } from '../types.ts';

/** Fewer keys than this at once go straight to their place. */
const few = 200;
/** Keys kept aside before they are put in order: a quarter of a megabyte while a mailbox is being read for the first time. */
const many = 4000;

/**
 * Which conversation an id leads to. Keys are random, and a batch of them would touch every page of the table: large
 * batches are first written one behind the other (`ref_late`) and put in order when there are many.
 */
export class Refs {
  readonly #db: Database;
  #late: Map<number, ThreadNumber> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  get(keys: readonly number[]): Map<number, ThreadNumber> {
    const found = new Map(
      this.#db.rows<[number, ThreadNumber]>(
        'SELECT key, thread FROM ref WHERE key IN (SELECT value FROM json_each(?))',
        JSON.stringify(keys),
      ),
    );
    const late = this.#lateOnes();
    if (late.size === 0) return found;
    for (const key of keys) {
      const thread = late.get(key);
      if (thread !== undefined) found.set(key, thread);
    }
    return found;
  }

  set(refs: ReadonlyMap<number, ThreadNumber>): void {
    if (refs.size === 0) return;
    const late = this.#lateOnes();
    for (const [key, thread] of refs) late.set(key, thread);
    if (refs.size < few || late.size > many) {
      this.#order(late);
      return;
    }
    this.#db.run('INSERT INTO ref_late(pairs) VALUES(?)', JSON.stringify([...refs].flat()));
  }

  /** After a rollback. */
  forget(): void {
    this.#late = undefined;
  }

  #order(late: Map<number, ThreadNumber>): void {
    for (const key of Float64Array.from(late.keys()).sort()) {
      this.#db.run('INSERT OR REPLACE INTO ref(key, thread) VALUES(?, ?)', key, late.get(key) ?? 0);
    }
    this.#db.run('DELETE FROM ref_late');
    late.clear();
  }

  #lateOnes(): Map<number, ThreadNumber> {
    if (this.#late) return this.#late;
    const late = new Map<number, ThreadNumber>();
    for (const pairs of this.#db.values<string>('SELECT pairs FROM ref_late ORDER BY id')) {
      const flat = JSON.parse(pairs) as number[];
      for (let i = 0; i < flat.length; i += 2) late.set(flat[i] ?? 0, flat[i + 1] as ThreadNumber);
    }
    this.#late = late;
    return late;
  }
}
