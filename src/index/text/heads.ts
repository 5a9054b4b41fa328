import type { Database } from '../database.ts';
import type { EmailRow } from '../types.ts';
import { headColumns, headersUnless, wordsOf } from './words.ts';

/** So many wait at the most while more come in: writing them takes about 5 ms. */
const most = 400;

/** Of Emails in ascending order: the rows of those that are odd, and of all. */
const writeMany = `
  INSERT INTO fts_head(${headColumns})
  SELECT v.email, ${headersUnless('j.odd')}, iif(j.odd, folded(v.preview), v.preview)
  FROM (
    SELECT a.value AS email, a.value IN (SELECT value FROM json_each(?)) AS odd FROM json_each(?) a
  ) j
  CROSS JOIN envelope v ON v.email = j.email`;

/**
 * Who wrote, to whom, about what, and how it begins: the part of the full text that is there as soon as the Email is. What
 * is added is put together over a transaction: FTS5 writes a piece of its own for each such statement, and for rows that
 * do not ascend.
 */
export class Heads {
  readonly #db: Database;
  #waiting: EmailRow[] = [];
  #odd: EmailRow[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Of a new Email; its words are taken from the tables by {@link flush}, and can be found after that. `isOrdinary`: they
   * stand there as they are to be found.
   */
  add(row: EmailRow, isOrdinary: boolean): void {
    this.#waiting.push(row);
    if (!isOrdinary) this.#odd.push(row);
  }

  /** Once the rows are in the tables, in the midst of a transaction: nobody shall be held up by all of it at its end. */
  relieve(): void {
    if (this.#waiting.length >= most) this.flush();
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const [rows, odd] = [this.#waiting.sort((a, b) => a - b), this.#odd];
    this.forget();
    this.#db.run(writeMany, JSON.stringify(odd), JSON.stringify(rows));
  }

  /** Something was added and is not written. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** Of an Email that is there already. */
  rewrite(row: EmailRow, preview: string): void {
    this.flush();
    const words = wordsOf(this.#db, row, preview);
    if (words === undefined) return;
    this.#db.run(`INSERT OR REPLACE INTO fts_head(${headColumns}) VALUES(?, ?, ?, ?, ?, ?, ?)`, ...words);
  }

  remove(row: EmailRow): void {
    this.flush();
    this.#db.run('DELETE FROM fts_head WHERE rowid = CAST(? AS INTEGER)', row);
  }

  /** After a rollback. */
  forget(): void {
    this.#waiting = [];
    this.#odd = [];
  }
}
