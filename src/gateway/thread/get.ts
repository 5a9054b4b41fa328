import type { ThreadNumber } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { MethodFailure } from '../errors.ts';
import { getFields, wantedIds, wantedProperties } from '../get.ts';
import { emailId, threadId, threadNumber } from '../ids.ts';
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
        const thread = { emails, bytes: Buffer.from(`,{"id":"${threadId(number)}","emailIds":[${ids}]}`) };
        threads.put(number, thread);
        found.set(number, thread);
      }
    }
    return reader.state('Thread');
  });
  return { found, state };
};

/** Thread/get – RFC 8621 §3.1 */
export const threadGet = method('Thread/get', capabilities.mail, { pure: true }, getFields, (context, args): Answer => {
  const withEmails = wantedProperties(args.properties, ['id', 'emailIds']).includes('emailIds');
  if (args.ids === null) throw new MethodFailure('requestTooLarge', 'Threads are asked for by id.');
  const wanted = wantedIds(args.ids);
  const numbers = wanted.map((id) => threadNumber(id));
  const { found, state } = written(
    context,
    numbers.filter((number) => number !== undefined),
  );
  const notFound: string[] = [];
  const threads: WrittenThread[] = [];
  const pieces: (string | Buffer)[] = [
    `{"accountId":"${context.open.jmapId}","state":${JSON.stringify(state)},"list":[`,
  ];
  for (const [at, id] of wanted.entries()) {
    const number = numbers[at];
    const thread = number === undefined ? undefined : found.get(number);
    if (!thread) {
      notFound.push(id);
      continue;
    }
    const comma = threads.length === 0 ? 0 : 1;
    if (withEmails) pieces.push(comma ? thread.bytes : thread.bytes.subarray(1));
    else pieces.push(`${comma ? ',' : ''}{"id":"${id}"}`);
    threads.push(thread);
  }
  pieces.push(`],"notFound":${JSON.stringify(notFound)}}`);
  const peek = (path: string): unknown =>
    withEmails && path === '/list/*/emailIds' ? threads.flatMap(({ emails }) => emails.map(emailId)) : undefined;
  return { json: pieces, peek };
});
