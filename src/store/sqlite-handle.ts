import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3-multiple-ciphers';

export interface Outcome {
  rows: unknown[];
  /** Rows changed; null for a query. */
  changes: number | null;
}

/** One SQLite connection. */
export interface SqliteHandle {
  run(sql: string, parameters: readonly unknown[]): Outcome;
  close(): void;
}

const mostPrepared = 200;

const pragmas = [
  'journal_mode = WAL',
  'synchronous = FULL',
  'foreign_keys = ON',
  'secure_delete = ON',
  'trusted_schema = OFF',
];

/**
 * Opens the file with the synchronous driver, in the calling thread. WAL with a full sync at each commit: a power cut
 * loses nothing that was answered. Deleted content is overwritten.
 */
export const openSqlite = (path: string): SqliteHandle => {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  }
  const db = new Database(path, { timeout: 5000 });
  try {
    for (const pragma of pragmas) db.pragma(pragma);
  } catch (error) {
    db.close();
    throw error;
  }
  const prepared = new Map<string, Database.Statement>();
  const statement = (sql: string): Database.Statement => {
    const known = prepared.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    if (prepared.size >= mostPrepared) prepared.clear();
    prepared.set(sql, made);
    return made;
  };
  return {
    run: (sql, parameters) => {
      const made = statement(sql);
      if (made.reader) return { rows: made.all(...parameters), changes: null };
      return { rows: [], changes: made.run(...parameters).changes };
    },
    close: () => {
      db.close();
    },
  };
};
