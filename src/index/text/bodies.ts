import type { Core } from '../core.ts';
import type { EmailRow } from '../types.ts';
import { foldForIndex } from './fold.ts';
import { headColumns, wordsOf } from './words.ts';

/** Body text beyond this many characters is not searched. */
const mostBodyText = 200_000;

const blanks = /\s+/gu;

/** A preview of so many characters was cut, in the middle of a word it may be. */
const cutAt = 200;

/** Whether all of a preview stands at the beginning of the text, as it mostly does. */
const isIn = (preview: string, text: string): boolean => {
  const beginning = text
    .slice(0, cutAt * 3)
    .replaceAll(blanks, ' ')
    .trimStart();
  const next = beginning.charAt(preview.length);
  return beginning.startsWith(preview) && (preview.length >= cutAt || next === '' || next === ' ');
};

/** The text of an Email was read: from now on its words are found. `preview` is its own or what was made of the text. */
export const writeBody = ({ db, results }: Core, row: EmailRow, all: string, preview: string): void => {
  const text = all.slice(0, mostBodyText);
  // What stands in the text as well is no word more.
  const words = wordsOf(db, row, isIn(preview, text) ? '' : preview);
  if (words === undefined) return;
  db.run(
    `INSERT OR REPLACE INTO fts_whole(${headColumns}, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?)`,
    ...words,
    foldForIndex(text),
  );
  // What a preview shows as it stands needs no second place for snippets.
  if (!preview.includes(text.trim())) db.run('INSERT OR REPLACE INTO body_text(email, text) VALUES(?, ?)', row, text);
  else db.run('DELETE FROM body_text WHERE email = ?', row);
  db.run('DELETE FROM todo_preview WHERE email = ?', row);
  db.run('DELETE FROM todo_body WHERE email = ?', row);
  // Results of a search made before these words were known.
  results.forget();
};

/** A preview came after the text: `before` is the one that it had until now. */
export const rewriteBody = (core: Core, row: EmailRow, before: string, preview: string): void => {
  if (core.db.value('SELECT 1 FROM todo_body WHERE email = ?', row) !== undefined) return;
  const text = core.db.value<string>('SELECT text FROM body_text WHERE email = ?', row) ?? before;
  writeBody(core, row, text, preview);
};

export const removeBody = ({ db }: Core, row: EmailRow): void => {
  db.run('DELETE FROM fts_whole WHERE rowid = CAST(? AS INTEGER)', row);
};
