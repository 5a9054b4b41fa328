import Sqlite from 'better-sqlite3-multiple-ciphers';
import { baseSubject } from './conversation/subject.ts';
import { IndexError } from './errors.ts';
import { foldForIndex } from './text/fold.ts';
import { foldPeople } from './text/people.ts';

export type Value = string | number | bigint | Buffer | null;

/**
 * SQLite with each statement prepared once, found again by its text. Numbers are bound as reals; columns of STRICT tables
 * turn them back into integers, virtual tables need `CAST(? AS INTEGER)`.
 */
export class Database {
  readonly #connection: Sqlite.Database;
  readonly #objects = new Map<string, Sqlite.Statement>();
  readonly #arrays = new Map<string, Sqlite.Statement>();
  readonly #values = new Map<string, Sqlite.Statement>();
  #closed = false;

  constructor(connection: Sqlite.Database) {
    this.#connection = connection;
  }

  get inTransaction(): boolean {
    return this.#connection.inTransaction;
  }

  /** Runs SQL text of ours without parameters. */
  exec(text: string): void {
    this.#beOpen();
    this.#connection.exec(text);
  }

  /** Rows changed. */
  run(text: string, ...values: Value[]): number {
    return this.#object(text).run(...values).changes;
  }

  /** As {@link run}, and gives the new rowid. */
  insert(text: string, ...values: Value[]): number {
    return Number(this.#object(text).run(...values).lastInsertRowid);
  }

  get<T>(text: string, ...values: Value[]): T | undefined {
    return this.#object(text).get(...values) as T | undefined;
  }

  all<T>(text: string, ...values: Value[]): T[] {
    return this.#object(text).all(...values) as T[];
  }

  /** One row as an array. */
  row<T extends unknown[]>(text: string, ...values: Value[]): T | undefined {
    return this.#array(text).get(...values) as T | undefined;
  }

  /** Rows as arrays. */
  rows<T extends unknown[]>(text: string, ...values: Value[]): T[] {
    return this.#array(text).all(...values) as T[];
  }

  /** Rows as arrays, one at a time; nothing else may use the same text until it ends. */
  each<T extends unknown[]>(text: string, ...values: Value[]): IterableIterator<T> {
    return this.#array(text).iterate(...values) as IterableIterator<T>;
  }

  /** First column of the first row. */
  value<T>(text: string, ...values: Value[]): T | undefined {
    return this.#value(text).get(...values) as T | undefined;
  }

  /** First column of every row. */
  values<T>(text: string, ...values: Value[]): T[] {
    return this.#value(text).all(...values) as T[];
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
  }

  /** Whoever comes late is told so by a code. */
  #beOpen(): void {
    if (this.#closed) throw new IndexError('index/closed', 'the index was closed');
  }

  #object(text: string): Sqlite.Statement {
    this.#beOpen();
    const known = this.#objects.get(text);
    if (known) return known;
    const made = this.#connection.prepare(text);
    this.#objects.set(text, made);
    return made;
  }

  #array(text: string): Sqlite.Statement {
    this.#beOpen();
    const known = this.#arrays.get(text);
    if (known) return known;
    const made = this.#connection.prepare(text).raw();
    this.#arrays.set(text, made);
    return made;
  }

  #value(text: string): Sqlite.Statement {
    this.#beOpen();
    const known = this.#values.get(text);
    if (known) return known;
    const made = this.#connection.prepare(text).pluck();
    this.#values.set(text, made);
    return made;
  }
}

const hex = Buffer.from('0123456789abcdef', 'latin1');

/** The raw key as SQLite3 Multiple Ciphers wants it, `raw:` and hex, made without a string. */
const rawKey = (key: Buffer): Buffer => {
  const text = Buffer.alloc(4 + key.length * 2);
  text.write('raw:', 'latin1');
  for (const [i, byte] of key.entries()) {
    text[4 + i * 2] = hex[byte >> 4] ?? 0;
    text[5 + i * 2] = hex[byte & 15] ?? 0;
  }
  return text;
};

/** Of pages of an index that is open, kibibytes below zero as SQLite counts them. */
export const cacheSize = -2000;

/** Opens or makes an encrypted file. The key is read, not kept: our copy of it is wiped; the caller's stays his. */
export const openDatabase = (file: string, key: Buffer): Database => {
  const connection = new Sqlite(file);
  const raw = rawKey(key);
  try {
    connection.exec("PRAGMA cipher = 'aegis'");
    connection.key(raw);
    connection.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = ${cacheSize}; PRAGMA wal_autocheckpoint = 2000; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 8388608`,
    );
    connection.function('base_subject', { deterministic: true }, (subject) => baseSubject(String(subject)));
    // SQLite's own lower() knows A to Z only.
    connection.function('low', { deterministic: true }, (text) =>
      typeof text === 'string' ? text.toLowerCase() : null,
    );
    connection.function('folded', { deterministic: true }, (text) =>
      typeof text === 'string' ? foldForIndex(text) : null,
    );
    connection.function('people', { deterministic: true }, (list) =>
      typeof list === 'string' ? foldPeople(list) : null,
    );
    return new Database(connection);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    raw.fill(0);
  }
};
