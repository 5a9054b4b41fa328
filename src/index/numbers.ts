import type { Database } from './database.ts';
import { firstDerivedNumber, numberOfRow, rowOfNumber } from './rows.ts';
import type { EmailNumber, EmailRow } from './types.ts';

/** Of so many Emails the own number is held in memory; it is one Email in a hundred that has one. */
const mostHeld = 2000;

/** The numbers of Emails: −row, but for those that got one of their own. */
export class Numbers {
  readonly #db: Database;
  readonly #most: number;
  /** All numbers that are not −row; null: too many to be held, undefined: not read yet. */
  #own: Map<EmailRow, EmailNumber> | null | undefined;

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
    const own = this.#held() ?? this.#read(rows);
    return own.size === 0 ? rows.map(numberOfRow) : rows.map((row) => own.get(row) ?? numberOfRow(row));
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
    if (this.#own.size > this.#most) this.#own = null;
  }

  /** After a row was deleted. */
  delete(row: EmailRow): void {
    this.#own?.delete(row);
  }

  /** After a rollback. */
  forget(): void {
    this.#own = undefined;
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
