import type { EmailNumber, IndexReader, ThreadNumber } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { MethodFailure } from '../errors.ts';
import { manyFields, notTooMany, wantedProperties } from '../get.ts';
import { emailId, emailIds, threadId, threadNumbers } from '../ids.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import { longestList, type WrittenThread } from '../remembered.ts';

interface Shown {
  /** Each once. */
  found: readonly ThreadNumber[];
  /** Of all of them, in turn. */
  emails: readonly EmailNumber[];
  text: string;
}

/** Conversations as they are written; from the index those that nobody has asked for lately. */
const shownOf = (
  { open, memories }: AccountContext,
  reader: IndexReader,
  asked: readonly ThreadNumber[],
  notFound: string[],
): Shown => {
  const { threads, threadLists } = memories(open.index);
  const list = threadLists.find(asked);
  if (list) return list;
  const once = [...new Set(asked)];
  const known = once.map((number) => threads.get(number));
  const unknown = known.includes(undefined) ? once.filter((_, at) => known[at] === undefined) : [];
  const fresh = new Map<ThreadNumber, WrittenThread>();
  for (const [number, emails] of unknown.length === 0 ? [] : reader.threads(unknown)) {
    const ids = emails.map((email) => `"${emailId(email)}"`).join(',');
    const thread = { emails, text: `{"id":"${threadId(number)}","emailIds":[${ids}]}` };
    threads.put(number, thread);
    fresh.set(number, thread);
  }
  const found: ThreadNumber[] = [];
  const emails: EmailNumber[] = [];
  const texts: string[] = [];
  for (const [at, number] of once.entries()) {
    const thread = known[at] ?? fresh.get(number);
    if (!thread) {
      notFound.push(threadId(number));
      continue;
    }
    found.push(number);
    for (const email of thread.emails) emails.push(email);
    texts.push(thread.text);
  }
  const shown = { found, emails, text: texts.join(',') };
  if (unknown.length === 0 && shown.text.length <= longestList) threadLists.put({ ...shown, numbers: asked });
  return shown;
};

/** Thread/get – RFC 8621 §3.1 */
export const threadGet = method(
  'Thread/get',
  capabilities.mail,
  { pure: true },
  manyFields,
  (context, args): Answer => {
    const withEmails = wantedProperties(args.properties, ['id', 'emailIds']).includes('emailIds');
    if (args.ids === null) throw new MethodFailure('requestTooLarge', 'Threads are asked for by id.');
    const { numbers: asked, strangers: notFound } = threadNumbers(notTooMany(args.ids));
    const { jmapId, index } = context.open;
    const { state, found, emails, text } = index.read((reader) => ({
      ...shownOf(context, reader, asked, notFound),
      state: reader.state('Thread'),
    }));
    const list = withEmails ? text : found.map((number) => `{"id":"${threadId(number)}"}`).join(',');
    const json = `{"accountId":"${jmapId}","state":${JSON.stringify(state)},"list":[${list}],"notFound":${JSON.stringify(notFound)}}`;
    return { json, peek: (path) => (withEmails && path === '/list/*/emailIds' ? emailIds(emails) : undefined) };
  },
);
