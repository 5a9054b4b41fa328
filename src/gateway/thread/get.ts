import type { ThreadNumber } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { MethodFailure } from '../errors.ts';
import { manyFields, notTooMany, wantedProperties } from '../get.ts';
import { emailId, emailIds, threadId, threadNumbers } from '../ids.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import type { WrittenThread } from '../remembered.ts';

/** Conversations that exist, by number; from the index those that nobody has asked for lately. */
const written = ({ open, memories }: AccountContext, numbers: readonly ThreadNumber[]) => {
  const { threads } = memories(open.index);
  const found = new Map<ThreadNumber, WrittenThread>();
  const unknown: ThreadNumber[] = [];
  for (const number of numbers) {
    const known = threads.get(number);
    if (known) found.set(number, known);
    else unknown.push(number);
  }
  const state = open.index.read((reader) => {
    if (unknown.length > 0) {
      for (const [number, emails] of reader.threads(unknown)) {
        const ids = emails.map((email) => `"${emailId(email)}"`).join(',');
        const thread = { emails, text: `{"id":"${threadId(number)}","emailIds":[${ids}]}` };
        threads.put(number, thread);
        found.set(number, thread);
      }
    }
    return reader.state('Thread');
  });
  return { found, state };
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
    const { numbers, strangers: notFound } = threadNumbers(notTooMany(args.ids));
    const { found, state } = written(context, numbers);
    let list = '';
    for (const number of numbers) {
      const thread = found.get(number);
      if (!thread) notFound.push(threadId(number));
      else list += `${list === '' ? '' : ','}${withEmails ? thread.text : `{"id":"${threadId(number)}"}`}`;
    }
    const peek = (path: string): unknown =>
      withEmails && path === '/list/*/emailIds'
        ? emailIds(numbers.flatMap((number) => found.get(number)?.emails ?? []))
        : undefined;
    const head = `{"accountId":"${context.open.jmapId}","state":${JSON.stringify(state)},"list":[`;
    return { json: `${head}${list}],"notFound":${JSON.stringify(notFound)}}`, peek };
  },
);
