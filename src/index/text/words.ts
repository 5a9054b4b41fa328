import type { Database, Value } from '../database.ts';
import type { EmailRow } from '../types.ts';
import { foldForIndex } from './fold.ts';
import { barePeople } from './people.ts';

/** Of both tables of the full text. */
export const headColumns = 'rowid, subject, from_, to_, cc, bcc, preview';

const lists = ['v.from_', 'v.to_', 'v.cc', 'v.bcc'];
const folded = ['folded(v.subject)', ...lists.map((list) => `people(${list})`)];
const standing = ['v.subject', ...lists.map(barePeople)];

/**
 * The words of the headers of an Email, as SQL that reads them from its row `v` of `envelope`: as they stand, unless the
 * SQL `isOdd` says no. Functions of ours take as long as all the rest of a row.
 */
export const headersUnless = (isOdd: string): string =>
  standing.map((text, at) => `iif(${isOdd}, ${folded[at]}, ${text})`).join(', ');

/**
 * {@link headColumns} of one Email for a statement with `VALUES(?, …)`; undefined when there is no such Email. FTS5 writes
 * a piece for each statement that reads what it inserts, and there may be 2,000 of them: that is for many Emails at once.
 */
export const wordsOf = (db: Database, row: EmailRow, preview: string): Value[] | undefined => {
  const headers = db.row<string[]>(`SELECT ${folded.join(', ')} FROM envelope v WHERE v.email = ?`, row);
  // A virtual table takes no real for a rowid.
  return headers && [BigInt(row), ...headers, foldForIndex(preview)];
};
