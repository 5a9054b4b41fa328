import type { Core } from '../core.ts';
import type { EmailRow } from '../types.ts';
import { foldForIndex } from './fold.ts';

/** Body text beyond this many characters is not searched. */
const mostBodyText = 200_000;

/** The text of an Email was read: from now on its words are found. `preview` is its own or what was made of the text. */
export const writeBody = ({ db, results }: Core, row: EmailRow, whole: string, preview: string): void => {
  const text = whole.slice(0, mostBodyText);
  // A newsletter that is one picture has no text but what the picture is called.
  const words = text.trim() === '' ? preview : text;
  if (words === '') removeBody({ db }, row);
  else {
    db.run('INSERT OR REPLACE INTO fts_body(rowid, body) VALUES(CAST(? AS INTEGER), ?)', row, foldForIndex(words));
  }
  // What a preview shows as it stands needs no second place for snippets.
  if (!preview.includes(text.trim())) db.run('INSERT OR REPLACE INTO body_text(email, text) VALUES(?, ?)', row, text);
  else db.run('DELETE FROM body_text WHERE email = ?', row);
  db.run('DELETE FROM todo_preview WHERE email = ?', row);
  db.run('DELETE FROM todo_body WHERE email = ?', row);
  // Results of a search made before these words were known.
  results.forget();
};

export const removeBody = ({ db }: Pick<Core, 'db'>, row: EmailRow): void => {
  db.run('DELETE FROM fts_body WHERE rowid = CAST(? AS INTEGER)', row);
};
