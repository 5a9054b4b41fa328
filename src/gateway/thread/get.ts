import { capabilities } from '#jmap/core.ts';
import { MethodFailure } from '../errors.ts';
import { getFields, wantedIds, wantedProperties } from '../get.ts';
import { emailId, threadNumber } from '../ids.ts';
import { method } from '../method.ts';

/** Thread/get – RFC 8621 §3.1 */
export const threadGet = method('Thread/get', capabilities.mail, { pure: true }, getFields, ({ open }, args) => {
  const withEmails = wantedProperties(args.properties, ['id', 'emailIds']).includes('emailIds');
  if (args.ids === null) throw new MethodFailure('requestTooLarge', 'Threads are asked for by id.');
  const wanted = wantedIds(args.ids);
  return open.index.read((reader) => {
    const list: string[] = [];
    const notFound: string[] = [];
    const numbers = wanted.map((id) => threadNumber(id));
    const threads = reader.threads(numbers.filter((number) => number !== undefined));
    for (const [at, id] of wanted.entries()) {
      const number = numbers[at];
      const emails = number === undefined ? undefined : threads.get(number);
      if (!emails) notFound.push(id);
      else if (withEmails)
        list.push(`{"id":"${id}","emailIds":[${emails.map((email) => `"${emailId(email)}"`).join(',')}]}`);
      else list.push(`{"id":"${id}"}`);
    }
    const state = JSON.stringify(reader.state('Thread'));
    return {
      json: `{"accountId":"${open.jmapId}","state":${state},"list":[${list.join(',')}],"notFound":${JSON.stringify(notFound)}}`,
    };
  });
});
