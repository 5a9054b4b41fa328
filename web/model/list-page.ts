import type { EmailId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import { MethodFailed } from './errors.ts';
import type { Mail } from './mail.ts';
import { headProperties, type ListQuery } from './types.ts';

/** A piece of a list as the server sees it. */
export interface Window {
  position: number;
  ids: readonly EmailId[];
  total: number;
}

export type Where = { position: number } | { anchor: EmailId; anchorOffset: number };

const unlessTooLarge = <T>(answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (error instanceof MethodFailed && error.type === 'requestTooLarge') return null;
    throw error;
  });

/**
 * Asks for a piece of a list; with it come what its rows show: in one request the ids, their conversations, and the heads
 * of all messages of these. Conversations too long for that are fetched apart. Rejects as the connection does.
 */
export const askPage =
  (connection: Connection, mail: Mail, { accountId, filter, sort, collapse }: ListQuery) =>
  async (where: Where, limit: number): Promise<Window> => {
    const properties = [...headProperties];
    const found = connection.call('Email/query', {
      accountId,
      filter,
      sort: [...sort],
      collapseThreads: collapse,
      limit,
      calculateTotal: true,
      ...where,
    });
    if (!collapse) {
      const heads = connection.call('Email/get', { accountId, '#ids': found.ref('/ids'), properties });
      const [answer, got] = await Promise.all([found.answer, heads.answer]);
      mail.emails.put(got.list);
      return { position: answer.position, ids: answer.ids, total: answer.total ?? answer.ids.length };
    }
    const owners = connection.call('Email/get', { accountId, '#ids': found.ref('/ids'), properties: ['threadId'] });
    const threads = connection.call('Thread/get', { accountId, '#ids': owners.ref('/list/*/threadId') });
    const members = connection.call('Email/get', { accountId, '#ids': threads.ref('/list/*/emailIds'), properties });
    const [answer, conversations, got] = await Promise.all([
      found.answer,
      threads.answer,
      unlessTooLarge(members.answer),
      owners.answer,
    ]);
    if (got) mail.emails.put(got.list);
    else await mail.needHeads(answer.ids);
    mail.threads.put(conversations.list);
    if (!got) mail.needHeads(conversations.list.flatMap((thread) => thread.emailIds)).catch(() => undefined);
    return { position: answer.position, ids: answer.ids, total: answer.total ?? answer.ids.length };
  };
