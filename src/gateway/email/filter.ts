import type { Filter } from '#index/types.ts';
import { secondsOf } from '#jmap/ids.ts';
import { parseKeyword } from '#jmap/keywords.ts';
import type { EmailFilter } from '#jmap/mail.ts';
import { bool, type Check, id, list, maybe, shape, text, Unfit, unsigned, utc } from '../check.ts';
import { type FilterTree, filterOf } from '../filter.ts';
import { mailboxNumber } from '../ids.ts';

const keyword: Check<string> = (value, at) => {
  const word = parseKeyword(text(value, at));
  if (word === undefined) throw new Unfit(at, 'a keyword');
  return word;
};

const header: Check<[string, string | null]> = (value, at) => {
  const [name, wanted, ...rest] = list(text)(value, at);
  if (name === undefined || name === '' || rest.length > 0) throw new Unfit(at, 'one or two strings');
  return [name, wanted ?? null];
};

const members = {
  inMailbox: maybe(id),
  inMailboxOtherThan: maybe(list(id)),
  before: maybe(utc),
  after: maybe(utc),
  minSize: maybe(unsigned),
  maxSize: maybe(unsigned),
  allInThreadHaveKeyword: maybe(keyword),
  someInThreadHaveKeyword: maybe(keyword),
  noneInThreadHaveKeyword: maybe(keyword),
  hasKeyword: maybe(keyword),
  notKeyword: maybe(keyword),
  hasAttachment: maybe(bool),
  text: maybe(text),
  from: maybe(text),
  to: maybe(text),
  cc: maybe(text),
  bcc: maybe(text),
  subject: maybe(text),
  body: maybe(text),
  header: maybe(header),
} satisfies Record<keyof EmailFilter, Check<unknown>>;

const condition = shape(members);
type Condition = ReturnType<typeof condition>;

/** FilterCondition of Email/query – RFC 8621 §4.4.1 */
export const emailFilter: Check<FilterTree<Condition>> = filterOf(Object.keys(members), condition);

/** A mailbox that does not exist holds nothing. */
const nowhere = -1;

const isOf = (given: Condition): Filter => {
  const { inMailbox, inMailboxOtherThan, before, after, ...rest } = given;
  const is: Record<string, unknown> = { op: 'is' };
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) is[name] = value;
  if (inMailbox !== undefined) is['inMailbox'] = mailboxNumber(inMailbox) ?? nowhere;
  if (inMailboxOtherThan !== undefined)
    is['inMailboxOtherThan'] = inMailboxOtherThan.map((box) => mailboxNumber(box) ?? nowhere);
  if (before !== undefined) is['before'] = secondsOf(before);
  if (after !== undefined) is['after'] = secondsOf(after);
  return is as unknown as Filter;
};

/** The filter as the index wants it; a condition without members holds for every Email. */
export const indexFilter = (filter: FilterTree<Condition> | null): Filter | null => {
  if (filter === null) return null;
  return filter.op === 'is'
    ? isOf(filter.is)
    : { op: filter.op, of: filter.of.map((one) => indexFilter(one) ?? { op: 'AND', of: [] }) };
};

/** Mailboxes a filter asks to look into. */
export const mailboxesOf = (filter: Filter | null): number[] => {
  if (filter === null) return [];
  if (filter.op !== 'is') return filter.op === 'NOT' ? [] : filter.of.flatMap(mailboxesOf);
  return filter.inMailbox === undefined || filter.inMailbox === (nowhere as never) ? [] : [filter.inMailbox];
};
