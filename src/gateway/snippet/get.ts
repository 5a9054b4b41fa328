import { capabilities } from '#jmap/core.ts';
import type { SearchSnippet } from '#jmap/mail.ts';
import { id, list, orNull } from '../check.ts';
import { emailFilter, indexFilter } from '../email/filter.ts';
import { wantedIds } from '../get.ts';
import { emailNumber } from '../ids.ts';
import { method } from '../method.ts';

/** SearchSnippet/get – RFC 8621 §5.1 */
export const searchSnippetGet = method(
  'SearchSnippet/get',
  capabilities.mail,
  { pure: true },
  { filter: orNull(emailFilter), emailIds: list(id) },
  ({ open }, args) => {
    const filter = indexFilter(args.filter);
    const wanted = wantedIds(args.emailIds);
    const snippets: SearchSnippet[] = [];
    const notFound: string[] = [];
    open.index.read((reader) => {
      const numbers = wanted.map((one) => emailNumber(one));
      const known = new Set(
        reader.emails(numbers.filter((number) => number !== undefined)).map((email) => email.number),
      );
      for (const [at, number] of numbers.entries()) {
        const emailId = wanted[at] as SearchSnippet['emailId'];
        if (number === undefined || !known.has(number)) notFound.push(emailId);
        else snippets.push({ emailId, ...reader.snippet(number, filter) });
      }
    });
    return {
      json: JSON.stringify({
        accountId: open.jmapId,
        list: snippets,
        notFound: notFound.length === 0 ? null : notFound,
      }),
    };
  },
);
