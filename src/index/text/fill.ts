import type { Core } from '../core.ts';
import type { Address, EmailRow } from '../types.ts';
import { foldForIndex } from './fold.ts';

type Row = [EmailRow, string, string | null, string | null, string | null, string | null, string | null, string | null];

const people = (json: string | null): string =>
  json === null
    ? ''
    : (JSON.parse(json) as Address[]).map(({ name, email }) => (name === null ? email : `${name} ${email}`)).join(', ');

/** Writes queued Emails into the full text, newest first; how many. */
export const fillText = (core: Core, limit: number): number => {
  const { db } = core;
  const rows = db.rows<Row>(
    `SELECT t.email, v.subject, v.from_, v.to_, v.cc, v.bcc, p.text, b.text FROM
      (SELECT email FROM todo_text ORDER BY email LIMIT ?) t
      CROSS JOIN envelope v ON v.email = t.email
      LEFT JOIN preview p ON p.email = t.email LEFT JOIN body_text b ON b.email = t.email ORDER BY t.email`,
    limit,
  );
  for (const [row, subject, from, to, cc, bcc, preview, body] of rows) {
    db.run(
      `INSERT OR REPLACE INTO fts(rowid, subject, from_, to_, cc, bcc, preview, body)
        VALUES(CAST(? AS INTEGER), ?, ?, ?, ?, ?, ?, ?)`,
      row,
      foldForIndex(subject),
      foldForIndex(people(from)),
      foldForIndex(people(to)),
      foldForIndex(people(cc)),
      foldForIndex(people(bcc)),
      foldForIndex(preview ?? ''),
      foldForIndex(body ?? ''),
    );
  }
  const last = rows.at(-1)?.[0];
  if (last !== undefined) db.run('DELETE FROM todo_text WHERE email <= ?', last);
  return rows.length;
};

/** Pages written by one step of joining: about 5 ms. */
const mergeStep = 60;

/**
 * FTS5 writes a piece for each transaction and could join them by itself, in the middle of a COMMIT and for as long as it
 * takes; so it does not (`automerge` 0), and this does a step of it.
 */
export const mergeText = ({ db }: Core): boolean => {
  const before = db.value<number>('SELECT total_changes()') ?? 0;
  db.run("INSERT INTO fts(fts, rank) VALUES('merge', ?)", mergeStep);
  // A difference below 2 says that there was nothing to do (https://sqlite.org/fts5.html#the_merge_command).
  return (db.value<number>('SELECT total_changes()') ?? 0) - before >= 2;
};
