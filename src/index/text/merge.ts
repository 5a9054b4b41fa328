import type { Database } from '../database.ts';

/** Pages written by one step of joining: about 3 ms. */
const mergeStep = 40;

/**
 * Looking into so many pieces takes a search some milliseconds. At 1,990 FTS5 would join them all in the midst of a
 * COMMIT, for seconds, and more than 2,000 it does not take.
 */
const many = 600;

type Table = 'fts_head' | 'fts_whole';

/** The record of a full text that says what it consists of (fts5_index.c, "Structure records"). */
const structure = 10;
/** What comes after the first four bytes of it in a table with `contentless_delete`. */
const mark = 0xff_00_00_01;

/** Pieces that lie side by side in the file. */
export const piecesOf = (db: Database, table: Table): number => {
  const record = db.value<Buffer>(`SELECT block FROM ${table}_data WHERE id = ?`, structure);
  if (record === undefined || record.length < 6) return 0;
  let at = record.length >= 8 && record.readUInt32BE(4) === mark ? 8 : 4;
  const varint = (): number => {
    let value = 0;
    let byte: number;
    do {
      byte = record[at] ?? 0;
      at += 1;
      value = value * 128 + (byte & 127);
    } while (byte > 127);
    return value;
  };
  // Levels come first.
  varint();
  return varint();
};

const step = (db: Database, table: Table): boolean => {
  const before = db.value<number>('SELECT total_changes()') ?? 0;
  db.run(`INSERT INTO ${table}(${table}, rank) VALUES('merge', ?)`, mergeStep);
  // A difference below 2 says that there was nothing to do (https://sqlite.org/fts5.html#the_merge_command).
  return (db.value<number>('SELECT total_changes()') ?? 0) - before >= 2;
};

/**
 * FTS5 writes a piece for each transaction and could join them by itself, in the middle of a COMMIT and for as long as it
 * takes; so it does not (`automerge` 0), and this does a step of it where there is most to do: at all, or only where there
 * are many pieces. false: there was nothing to do.
 */
export const mergeText = (db: Database, when: 'any' | 'many'): boolean => {
  const fewest = when === 'many' ? many : 0;
  const tables = (['fts_head', 'fts_whole'] as const)
    .map((table) => ({ table, pieces: piecesOf(db, table) }))
    .filter(({ pieces }) => pieces >= fewest)
    .sort((a, b) => b.pieces - a.pieces);
  return tables.some(({ table }) => step(db, table));
};
