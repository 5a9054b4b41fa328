import type { MailboxId, Sort } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { parseKeyword } from '#jmap/keywords.ts';
import { bool, optional, orNull } from '../check.ts';
import { MethodFailure } from '../errors.ts';
import { emailIds, emailNumber } from '../ids.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import { emailSortOptions } from '../session.ts';
import { type ReadComparator, sortOf } from '../sort.ts';
import { pageSize, type WindowArguments, windowFields } from '../window.ts';
import { emailFilter, indexFilter, mailboxesOf } from './filter.ts';

const keywordSorts: readonly string[] = ['hasKeyword', 'allInThreadHaveKeyword', 'someInThreadHaveKeyword'];

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

/** Where a page ends when it was asked for from the end; the total is counted for it. */
const page = (
  { open }: AccountContext,
  args: WindowArguments & { collapseThreads: boolean },
  query: Omit<
    Parameters<Parameters<Parameters<typeof open.index.read>[0]>[0]['query']>[0],
    'position' | 'anchor' | 'calculateTotal'
  >,
) =>
  open.index.read((reader) => {
    const queryState = reader.state('Email');
    const anchor = args.anchor === null ? null : emailNumber(args.anchor);
    if (anchor === undefined) throw new MethodFailure('anchorNotFound');
    let position = Math.max(0, args.position);
    if (anchor === null && args.position < 0) {
      const { total } = reader.query({ ...query, position: 0, limit: 0, anchor: null, calculateTotal: true });
      position = Math.max(0, (total ?? 0) + args.position);
    }
    const result = reader.query({ ...query, position, anchor, calculateTotal: args.calculateTotal });
    return { queryState, result };
  });

/** Email/query – RFC 8621 §4.4. The total is what is indexed. */
export const emailQuery = method(
  'Email/query',
  capabilities.mail,
  { pure: true },
  {
    ...windowFields,
    filter: orNull(emailFilter),
    sort: orNull(sortOf(emailSortOptions, ['keyword'])),
    collapseThreads: optional(bool, false),
  },
  (context, args): Answer => {
    const { open } = context;
    const filter = indexFilter(args.filter);
    const sort = (args.sort ?? []).map(indexSort);
    const { size, cut } = pageSize(args.limit);
    const { collapseThreads, anchorOffset } = args;
    const { queryState, result } = page(context, args, { filter, sort, collapseThreads, anchorOffset, limit: size });
    for (const mailbox of mailboxesOf(filter)) context.whenAnswered(() => open.engine.look(mailbox as MailboxId));
    const { idLists } = context.memories(open.index);
    let ids = idLists.find(result.ids);
    if (!ids) idLists.put((ids = { numbers: result.ids, text: JSON.stringify(emailIds(result.ids)) }));
    const total = result.total === null ? '' : `,"total":${result.total}`;
    const limit = cut ? `,"limit":${size}` : '';
    const json =
      `{"accountId":"${open.jmapId}","queryState":${JSON.stringify(queryState)},"canCalculateChanges":false,"collapseThreads":${collapseThreads}` +
      `,"position":${result.position},"ids":${ids.text}${total}${limit}}`;
    return { json, peek: (path) => (path === '/ids' ? emailIds(result.ids) : undefined) };
  },
);
