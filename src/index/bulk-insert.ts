import type { Database, Value } from './database.ts';

/** Rows of one statement; more make it no cheaper. */
const together = 16;

/**
 * Inserts rows many at a time: a call of SQLite costs as much as several rows. What was added is not in the table before
 * {@link flush}.
 */
export class BulkInsert {
  readonly #db: Database;
  readonly #many: string;
  readonly #one: string;
  readonly #columns: number;
  #values: Value[] = [];

  /** `insert`: `INSERT INTO table(columns)`; `then`: what follows the values, `ON CONFLICT …`. */
  constructor(db: Database, insert: string, columns: number, then = '') {
    const row = `(${Array<string>(columns).fill('?').join(', ')})`;
    this.#db = db;
    this.#columns = columns;
    this.#one = `${insert} VALUES ${row} ${then}`;
    this.#many = `${insert} VALUES ${Array<string>(together).fill(row).join(', ')} ${then}`;
  }

  add(...row: Value[]): void {
    this.#values.push(...row);
  }

  flush(): void {
    const values = this.#values;
    if (values.length === 0) return;
    this.#values = [];
    const step = this.#columns * together;
    let at = 0;
    for (; at + step <= values.length; at += step) this.#db.run(this.#many, ...values.slice(at, at + step));
    for (; at < values.length; at += this.#columns) this.#db.run(this.#one, ...values.slice(at, at + this.#columns));
  }

  /** After a rollback. */
  forget(): void {
    this.#values = [];
  }
}
