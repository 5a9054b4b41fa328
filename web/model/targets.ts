import type { EmailId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import { counted } from './format.ts';
import type { List, Part, RowId } from './list.ts';
import type { EmailHead, ListQuery } from './types.ts';

/** What an action acts on: rows of a list, or all of it. */
export interface Target {
  list: List;
  rows: readonly RowId[] | 'all';
  /** Rows of `all` that are not meant. */
  except: readonly RowId[];
  /** The same by account; never empty, and every part has rows or is all. */
  parts: readonly TargetPart[];
}

export interface TargetPart extends Part {
  list: List;
  rows: readonly EmailId[] | 'all';
  /** The rows as the list names them. */
  named: readonly RowId[];
  /** Messages of `all` whose conversations are not meant. */
  except: readonly EmailId[];
}

/** Emails asked for and changed at once when all of a list is meant. */
export const pageOfAll = 500;

/** Null when nothing is meant. */
export const targetIn = (list: List, rows: readonly RowId[] | 'all', except: readonly RowId[] = []): Target | null => {
  const parts = list.parts.flatMap((part): TargetPart[] => {
    const own = (some: readonly RowId[]): RowId[] => some.filter((row) => list.seatOf(row)?.mail === part.mail);
    const ids = (some: readonly RowId[]): EmailId[] =>
      own(some)
        .map((row) => list.seatOf(row)?.id)
        .filter((id) => id !== undefined);
    if (rows === 'all') return [{ ...part, list, rows, named: [], except: ids(except) }];
    const named = own(rows);
    return named.length > 0 ? [{ ...part, list, rows: ids(rows), named, except: [] }] : [];
  });
  return parts.length > 0 ? { list, rows, except, parts } : null;
};

/** Ids of all messages that a filter lets through, however many. Rejects as the connection does. */
export const allIds = async (
  connection: Connection,
  { accountId, filter }: Pick<ListQuery, 'accountId' | 'filter'>,
): Promise<EmailId[]> => {
  const ids: EmailId[] = [];
  for (;;) {
    const answer = await connection.call('Email/query', {
      accountId,
      filter,
      position: ids.length,
      limit: pageOfAll,
      calculateTotal: true,
    }).answer;
    ids.push(...answer.ids);
    if (answer.ids.length === 0 || ids.length >= (answer.total ?? 0)) return ids;
  }
};

/** The messages meant, oldest first within a conversation; fetched where they are not known. Rejects as the connection does. */
export const headsOf = async (connection: Connection, part: TargetPart): Promise<EmailHead[]> => {
  const { mail, query, rows, except } = part;
  const peek = (id: string): EmailHead | undefined => mail.emails.peek(id);
  if (rows === 'all') {
    const ids = await allIds(connection, query);
    for (let from = 0; from < ids.length; from += pageOfAll) await mail.needHeads(ids.slice(from, from + pageOfAll));
    const spared = new Set(except.map((id) => peek(id)?.threadId));
    return ids.map(peek).filter((head) => head !== undefined && !spared.has(head.threadId)) as EmailHead[];
  }
  await mail.needHeads(rows);
  const heads = rows.map(peek).filter((head) => head !== undefined);
  if (!query.collapse) return heads;
  const threads = mail.threads.missing(heads.map((head) => head.threadId));
  if (threads.length > 0) await mail.loadThreads(threads as EmailHead['threadId'][]);
  const ids = heads.flatMap((head) => mail.threads.peek(head.threadId)?.emailIds ?? [head.id]);
  await mail.needHeads(ids);
  return ids.map(peek).filter((head) => head !== undefined);
};

/** Mailboxes that mail is taken out of: the list's own, else wherever the rows' messages lie (Sent and Drafts keep theirs). */
export const sourcesOf = ({ mail, query, rows }: TargetPart, heads: readonly EmailHead[]): string[] => {
  if (query.mailboxId !== null) return [query.mailboxId];
  const named = new Set<string>(rows === 'all' ? [] : rows);
  const own = rows === 'all' ? heads : heads.filter((head) => named.has(head.id));
  const stays = (['sent', 'drafts'] as const).map((role) => mail.mailboxes.byRole(role)?.id as string | undefined);
  const all = [...new Set(own.flatMap((head) => Object.keys(head.mailboxIds)))];
  const movable = all.filter((id) => !stays.includes(id));
  return movable.length > 0 ? movable : all;
};

/** Rows meant, as they are counted to the reader. */
export const rowCount = ({ rows, list, except }: Target): number =>
  rows === 'all' ? Math.max(0, (list.total.peek() ?? 0) - except.length) : rows.length;

export interface Leaving {
  list: List;
  rows: readonly RowId[];
}

/** The rows that leave the list when their mail leaves its mailbox; mail does not leave a search. */
export const leavingRows = ({ list, mail, rows, named, except, query }: TargetPart): Leaving | null => {
  if (query.mailboxId === null) return null;
  if (rows !== 'all') return { list, rows: named };
  const all: RowId[] = [];
  list.eachKnown((row) => {
    const seat = list.seatOf(row);
    if (seat?.mail === mail && !except.includes(seat.id)) all.push(row);
  });
  return { list, rows: all };
};

/** `“Board dinner”`, `3 conversations` */
export const title = (heads: readonly EmailHead[], rows: number): string => {
  const subject = heads.at(-1)?.subject?.trim();
  return rows === 1 ? `“${subject || '(no subject)'}”` : counted(rows, 'conversation');
};

/** The subject of a sentence and its verb: `“Board dinner” is`, `3 conversations are`. */
export const being = (heads: readonly EmailHead[], rows: number): string =>
  `${title(heads, rows)} ${rows === 1 ? 'is' : 'are'}`;
