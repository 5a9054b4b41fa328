import { capabilities } from '#jmap/core.ts';
import { type Check, optional, text, Unfit, unsigned } from '../check.ts';
import { method } from '../method.ts';

const mostAnswered = 100;

const count: Check<number> = (value, at) => {
  const number = unsigned(value, at);
  if (number < 1 || number > mostAnswered) throw new Unfit(at, `1 to ${mostAnswered}`);
  return number;
};

/** Correspondent/query: whom one writes to, for the address fields of the composer. */
export const correspondentQuery = method(
  'Correspondent/query',
  capabilities.keep,
  {},
  { prefix: text, limit: optional(count, 10) },
  ({ open }, args) => {
    const found = open.index.read((reader) => reader.correspondents(args.prefix, args.limit));
    return {
      json: JSON.stringify({ accountId: open.jmapId, list: found.map(({ name, email }) => ({ name, email })) }),
    };
  },
);
