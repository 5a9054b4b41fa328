import { must } from '#base/must.ts';
import type { Database } from './database.ts';
import { lowerBound } from './sorted.ts';
import { firstDerivedNumber, numberOfRow, rowOfNumber } from './rows.ts';
import type { EmailNumber, EmailRow } from './types.ts';

/** Of so many Emails the own number is held in memory; it is one Email in a hundred that has one. */
const mostHeld = 2000;

const isAscending = (rows: readonly EmailRow[]): boolean => {
  for (let at = 1; at < rows.length; at += 1) if ((rows[at] ?? 0) < (rows[at - 1] ?? 0)) return false;
  return true;
};

/** The numbers of Emails: −row, but for those that got one of their own. */
export class Numbers {
  readonly #db: Database;
  readonly #most: number;
  /** All numbers that are not −row; null: too many to be held, undefined: not read yet. */
  #own: Map<EmailRow, EmailNumber> | null | undefined;
  /** The rows of them, ascending; undefined after a change. */
  #rows: Float64Array | undefined;

  constructor(db: Database, most = mostHeld) {
    this.#db = db;
    this.#most = most;
  }

  /** Whether any Email has a number that is not −row. */
  get hasOwn(): boolean {
    return this.#held()?.size !== 0;
  }

  /** The numbers of rows that exist, in their order. */
  of(rows: readonly EmailRow[]): EmailNumber[] {
    const held = this.#held();
    const own = held ?? this.#read(rows);
    if (own.size === 0) return rows.map(numberOfRow);
    if (!held || !isAscending(rows)) return rows.map((row) => own.get(row) ?? numberOfRow(row));
    // Lists ascend, and hardly one of their rows is among them: both are read side by side.
    const sorted = (this.#rows ??= Float64Array.from(held.keys()).sort());
    let at = lowerBound(sorted, rows[0] ?? 0);
    return rows.map((row) => {
      while ((sorted[at] ?? Infinity) < row) at += 1;
      return sorted[at] === row ? must(held.get(row), 'a number of its own') : numberOfRow(row);
    });
  }

  /** The row behind a number; whether it still bears that number must be looked at. */
  rowOf(number: EmailNumber): EmailRow | undefined {
    return number >= firstDerivedNumber
      ? rowOfNumber(number)
      : this.#db.value<EmailRow>('SELECT id FROM email WHERE number = ?', number);
  }

  /** After a row was written with this number. */
  set(row: EmailRow, number: EmailNumber): void {
    if (!this.#own) return;
    if (number === numberOfRow(row)) this.#own.delete(row);
    else this.#own.set(row, number);
    this.#rows = undefined;
    if (this.#own.size > this.#most) this.#own = null;
  }

  /** After a row was deleted. */
  delete(row: EmailRow): void {
    this.#own?.delete(row);
    this.#rows = undefined;
  }

  /** After a rollback. */
  forget(): void {
    this.#own = undefined;
    this.#rows = undefined;
  }

  #held(): Map<EmailRow, EmailNumber> | null {
    if (this.#own === undefined) {
      const pairs = this.#db.rows<[EmailRow, EmailNumber]>(
        'SELECT id, number FROM email WHERE number IS NOT NULL LIMIT ?',
        this.#most + 1,
      );
      this.#own = pairs.length > this.#most ? null : new Map(pairs);
    }
    return this.#own;
  }

  #read(rows: readonly EmailRow[]): Map<EmailRow, EmailNumber> {
    return new Map(
      this.#db.rows<[EmailRow, EmailNumber]>(
        'SELECT e.id, e.number FROM json_each(?) j CROSS JOIN email e ON e.id = j.value WHERE e.number IS NOT NULL',
        JSON.stringify(rows),
      ),
    );
  }
}
