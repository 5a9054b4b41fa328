import type { Database, Value } from '../database.ts';
import type { Address, EmailRow, Envelope } from '../types.ts';
import { foldForIndex } from './fold.ts';

type Names = Pick<Envelope, 'subject' | 'from' | 'to' | 'cc' | 'bcc'>;

/** A head as it goes into the full text. */
export interface HeadWords {
  subject: string;
  from: string;
  to: string;
  cc: string;
  bcc: string;
  preview: string;
}

interface Head {
  row: EmailRow;
  words: HeadWords;
}

/** So many are written together at the most: about 5 ms. */
const most = 500;

const person = ({ name, email }: Address): string => (name === null ? email : `${name} ${email}`);

const people = (list: readonly Address[]): string => {
  const [first] = list;
  if (first === undefined) return '';
  return foldForIndex(list.length === 1 ? person(first) : list.map(person).join(', '));
};

const addresses = (json: string | null): Address[] => (json === null ? [] : (JSON.parse(json) as Address[]));

export const headColumns = 'rowid, subject, from_, to_, cc, bcc, preview';

export const headWords = ({ subject, from, to, cc, bcc }: Names, preview: string): HeadWords => ({
  subject: foldForIndex(subject),
  from: people(from),
  to: people(to),
  cc: people(cc),
  bcc: people(bcc),
  preview: foldForIndex(preview),
});

/** A virtual table takes no real for a rowid. */
export const valuesOf = (row: EmailRow, { subject, from, to, cc, bcc, preview }: HeadWords): Value[] => [
  BigInt(row),
  subject,
  from,
  to,
  cc,
  bcc,
  preview,
];

/** Of an Email that is stored. */
export const storedWords = (db: Database, row: EmailRow, preview: string): HeadWords | undefined => {
  const stored = db.row<[string, string | null, string | null, string | null, string | null]>(
    'SELECT subject, from_, to_, cc, bcc FROM envelope WHERE email = ?',
    row,
  );
  if (stored === undefined) return undefined;
  const [subject, from, to, cc, bcc] = stored;
  const names = { subject, from: addresses(from), to: addresses(to), cc: addresses(cc), bcc: addresses(bcc) };
  return headWords(names, preview);
};

/**
 * Who wrote, to whom, about what, and how it begins: the part of the full text that is there as soon as the Email is. What
 * is added is put together over a transaction: FTS5 writes a piece of its own for rows that do not ascend.
 */
export class Heads {
  readonly #db: Database;
  #waiting: Head[] = [];
  /** Written side by side since this index was opened or {@link joined}. */
  #pieces = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Of a new Email; can be found after {@link flush}. */
  add(row: EmailRow, words: HeadWords): void {
    this.#waiting.push({ row, words });
    if (this.#waiting.length >= most) this.flush();
  }

  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    // A statement of many rows has a savepoint, and FTS5 writes a piece at each.
    for (const { row, words } of waiting.sort((a, b) => a.row - b.row)) this.#write('INSERT', row, words);
    this.#pieces += 1;
  }

  /** Something was added and is not written. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  get pieces(): number {
    return this.#pieces;
  }

  joined(): void {
    this.#pieces = 0;
  }

  /** Of an Email that is there already. */
  rewrite(row: EmailRow, preview: string): void {
    this.flush();
    const words = storedWords(this.#db, row, preview);
    if (words === undefined) return;
    this.#write('INSERT OR REPLACE', row, words);
  }

  remove(row: EmailRow): void {
    this.flush();
    this.#db.run('DELETE FROM fts_head WHERE rowid = CAST(? AS INTEGER)', row);
  }

  /** After a rollback. */
  forget(): void {
    this.#waiting = [];
  }

  #write(insert: 'INSERT' | 'INSERT OR REPLACE', row: EmailRow, words: HeadWords): void {
    this.#db.run(`${insert} INTO fts_head(${headColumns}) VALUES(?, ?, ?, ?, ?, ?, ?)`, ...valuesOf(row, words));
  }
}
