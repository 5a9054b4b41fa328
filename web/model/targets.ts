import type { EmailId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import type { List } from './list.ts';
import type { Mail } from './mail.ts';
import type { EmailHead, ListQuery } from './types.ts';

/** What an action acts on: rows of a list (by the id of their email), or all of it. */
export interface Target {
  mail: Mail;
  query: Pick<ListQuery, 'collapse' | 'mailboxId'>;
  /** The list the rows are taken out of; null for a conversation that is in no list. */
  list: List | null;
  rows: readonly EmailId[] | 'all';
}

/** Emails asked for and changed at once when all of a list is meant. */
export const pageOfAll = 500;

/** Ids of all messages of a list, whatever its length. Rejects as the connection does. */
const allIds = async (connection: Connection, list: List): Promise<EmailId[]> => {
  const { accountId, filter } = list.query;
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
export const headsOf = async (connection: Connection, { mail, query, list, rows }: Target): Promise<EmailHead[]> => {
  const peek = (id: string): EmailHead | undefined => mail.emails.peek(id);
  if (rows === 'all') {
    const ids = list ? await allIds(connection, list) : [];
    for (let from = 0; from < ids.length; from += pageOfAll) await mail.needHeads(ids.slice(from, from + pageOfAll));
    return ids.map(peek).filter((head) => head !== undefined);
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
export const sourcesOf = ({ mail, query, rows }: Target, heads: readonly EmailHead[]): string[] => {
  if (query.mailboxId !== null) return [query.mailboxId];
  const named = new Set<string>(rows === 'all' ? [] : rows);
  const own = rows === 'all' ? heads : heads.filter((head) => named.has(head.id));
  const stays = (['sent', 'drafts'] as const).map((role) => mail.mailboxes.byRole(role)?.id as string | undefined);
  const all = [...new Set(own.flatMap((head) => Object.keys(head.mailboxIds)))];
  const movable = all.filter((id) => !stays.includes(id));
  return movable.length > 0 ? movable : all;
};

/** Rows meant, as they are counted to the reader. */
export const rowCount = ({ rows, list }: Target): number => (rows === 'all' ? (list?.total.peek() ?? 0) : rows.length);

/** The rows that leave the list when their mail leaves its mailbox; mail does not leave a search. */
export const leavingRows = ({ list, rows, query }: Target): { list: List; ids: readonly EmailId[] } | null => {
  if (!list || query.mailboxId === null) return null;
  const all = rows === 'all' ? Array.from({ length: list.total.peek() ?? 0 }, (_, index) => list.idAt(index)) : rows;
  return { list, ids: all.filter((id) => id !== undefined) };
};
