import type { Core } from '../core.ts';

/** Pages written by one step of joining: about 3 ms. */
const mergeStep = 40;

const step = ({ db }: Core, table: 'fts_head' | 'fts_whole'): boolean => {
  const before = db.value<number>('SELECT total_changes()') ?? 0;
  db.run(`INSERT INTO ${table}(${table}, rank) VALUES('merge', ?)`, mergeStep);
  // A difference below 2 says that there was nothing to do (https://sqlite.org/fts5.html#the_merge_command).
  return (db.value<number>('SELECT total_changes()') ?? 0) - before >= 2;
};

/** Looking into so many pieces takes a search some milliseconds. */
const fewPieces = 600;

/**
 * FTS5 writes a piece for each transaction and could join them by itself, in the middle of a COMMIT and for as long as it
 * takes; so it does not (`automerge` 0), and this does a step of it. false: all is joined.
 */
export const mergeText = (core: Core): boolean => {
  if (step(core, 'fts_head')) return true;
  core.heads.joined();
  return step(core, 'fts_whole');
};

/** The same while much comes in: headers only, and only when there are many pieces. */
export const mergeHeads = (core: Core): boolean => {
  if (core.heads.pieces < fewPieces) return false;
  if (step(core, 'fts_head')) return true;
  core.heads.joined();
  return false;
};
