import type { Database, Value } from './database.ts';

/** Rows of one statement: as many as can be, and the rest by smaller ones. More than 16 make a row no cheaper. */
const together = [16, 4, 1];

/**
 * Inserts rows many at a time: a call of SQLite costs as much as several rows. What was added is not in the table before
 * {@link flush}.
 */
export class BulkInsert {
  readonly #db: Database;
  readonly #statements: { text: string; step: number }[];
  #values: Value[] = [];

  /** `insert`: `INSERT INTO table(columns)`; `then`: what follows the values, `ON CONFLICT …`. */
  constructor(db: Database, insert: string, columns: number, then = '') {
    const row = `(${Array<string>(columns).fill('?').join(', ')})`;
    this.#db = db;
    this.#statements = together.map((rows) => ({
      text: `${insert} VALUES ${Array<string>(rows).fill(row).join(', ')} ${then}`,
      step: rows * columns,
    }));
  }

  add(...row: Value[]): void {
    this.#values.push(...row);
  }

  flush(): void {
    const values = this.#values;
    if (values.length === 0) return;
    this.#values = [];
    let at = 0;
    for (const { text, step } of this.#statements)
      for (; at + step <= values.length; at += step) this.#db.run(text, ...values.slice(at, at + step));
  }

  /** After a rollback. */
  forget(): void {
    this.#values = [];
  }
}
