import type { Core } from '../core.ts';
import { receivedAtOf } from '../rows.ts';
import type { EmailRow, TextGaps, TextWish } from '../types.ts';

type Todo = 'todo_preview' | 'todo_body';

/** What was written here and is on no server yet cannot be fetched. */
const placed = (todo: Todo): string =>
  `${todo} t CROSS JOIN placement p INDEXED BY placement_email ON p.email = t.email AND p.uid > 0`;

export const textWishes = ({ db }: Core, todo: Todo, limit: number): TextWish[] =>
  db.all<TextWish>(
    `SELECT t.email AS row, p.mailbox, min(p.uid) AS uid, v.structure FROM ${placed(todo)}
      CROSS JOIN envelope v ON v.email = t.email GROUP BY t.email ORDER BY t.email LIMIT ?`,
    limit,
  );

export const textGaps = ({ db }: Core): TextGaps => {
  const count = (todo: Todo): number => db.value<number>(`SELECT count(*) FROM ${todo}`) ?? 0;
  const newest = db.value<EmailRow>(`SELECT t.email FROM ${placed('todo_body')} ORDER BY t.email LIMIT 1`);
  return {
    previews: count('todo_preview'),
    bodies: count('todo_body'),
    newest: newest === undefined ? null : receivedAtOf(newest),
  };
};
