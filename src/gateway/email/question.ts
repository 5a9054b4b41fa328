import type { Filter, Query, Sort } from '#index/types.ts';
import { parseKeyword } from '#jmap/keywords.ts';
import { bool, optional, orNull } from '../check.ts';
import { MethodFailure } from '../errors.ts';
import { emailSortOptions } from '../session.ts';
import { type ReadComparator, sortOf } from '../sort.ts';
import { emailFilter, indexFilter } from './filter.ts';

/** What Email/query and Email/queryChanges are asked alike – RFC 8621 §4.4, §4.5 */
export const questionFields = {
  filter: orNull(emailFilter),
  sort: orNull(sortOf(emailSortOptions, ['keyword'])),
  collapseThreads: optional(bool, false),
};

/** The same as the index wants it. */
export type Question = Pick<Query, 'filter' | 'sort' | 'collapseThreads'>;

const ofThreads: readonly string[] = ['allInThreadHaveKeyword', 'someInThreadHaveKeyword'];
const keywordSorts: readonly string[] = ['hasKeyword', ...ofThreads];

const indexSort = (comparator: ReadComparator): Sort => {
  const { property, isAscending, more } = comparator;
  const sort: Sort = { property: property as Sort['property'], isAscending };
  const word = more['keyword'];
  if (!keywordSorts.includes(property)) {
    if (word !== undefined) throw new MethodFailure('invalidArguments', `sort: ${property} takes no keyword`);
    return sort;
  }
  const keyword = typeof word === 'string' ? parseKeyword(word) : undefined;
  if (keyword === undefined) throw new MethodFailure('invalidArguments', `sort: ${property} needs a keyword`);
  return { ...sort, keyword };
};

/** @throws MethodFailure invalidArguments */
export const questionOf = (asked: {
  filter: Parameters<typeof indexFilter>[0];
  sort: ReadComparator[] | null;
  collapseThreads: boolean;
}): Question => ({
  filter: indexFilter(asked.filter),
  sort: (asked.sort ?? []).map(indexSort),
  collapseThreads: asked.collapseThreads,
});

/** Conditions that hold or not by the Email alone, and change only with it. */
const ownConditions: readonly string[] = [
  'op',
  'inMailbox',
  'inMailboxOtherThan',
  'before',
  'after',
  'minSize',
  'maxSize',
  'hasKeyword',
  'notKeyword',
  'hasAttachment',
];

const isOwn = (filter: Filter | null): boolean => {
  if (filter === null) return true;
  return filter.op === 'is'
    ? Object.entries(filter).every(([name, value]) => value === undefined || ownConditions.includes(name))
    : filter.of.every(isOwn);
};

/**
 * Whether changes of the result follow from those of the Emails in it: a conversation's other Emails have no part in it,
 * and no text, which is read and found later than its Email.
 */
export const isFollowed = ({ filter, sort, collapseThreads }: Question): boolean =>
  !collapseThreads && isOwn(filter) && !sort.some(({ property }) => ofThreads.includes(property));
