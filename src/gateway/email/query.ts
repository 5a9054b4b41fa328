import type { MailboxId } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { MethodFailure } from '../errors.ts';
import { emailIds, emailNumber } from '../ids.ts';
import { limits } from '../limits.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import { pageSize, type WindowArguments, windowFields } from '../window.ts';
import { mailboxesOf } from './filter.ts';
import { isFollowed, questionFields, questionOf } from './question.ts';

/** Where a page ends when it was asked for from the end; the total is counted for it. */
const page = (
  { open }: AccountContext,
  args: WindowArguments,
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
  { ...windowFields, ...questionFields },
  (context, args): Answer => {
    const { open } = context;
    const question = questionOf(args);
    const { size, cut } = pageSize(args.limit);
    const { queryState, result } = page(context, args, {
      ...question,
      anchorOffset: args.anchorOffset,
      limit: size,
    });
    for (const mailbox of mailboxesOf(question.filter)) {
      context.whenAnswered(() => open.engine.look(mailbox as MailboxId));
    }
    const { idLists } = context.memories(open.index);
    let ids = idLists.find(result.ids);
    if (!ids) {
      ids = { numbers: result.ids, text: JSON.stringify(emailIds(result.ids)) };
      if (result.ids.length <= limits.maxObjectsInGet) idLists.put(ids);
    }
    const total = result.total === null ? '' : `,"total":${result.total}`;
    const limit = cut ? `,"limit":${size}` : '';
    const json =
      `{"accountId":"${open.jmapId}","queryState":${JSON.stringify(queryState)},"canCalculateChanges":${isFollowed(question)}` +
      `,"collapseThreads":${args.collapseThreads},"position":${result.position},"ids":${ids.text}${total}${limit}}`;
    return { json, peek: (path) => (path === '/ids' ? emailIds(result.ids) : undefined) };
  },
);
