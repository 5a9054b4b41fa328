import { capabilities } from '#jmap/core.ts';
import type { Quota, QuotaFilter } from '#jmap/quota.ts';
import { type Check, maybe, orNull, shape, text } from '../check.ts';
import { filterOf, passes } from '../filter.ts';
import { method } from '../method.ts';
import { sorted, sortOf } from '../sort.ts';
import { windowFields, windowOf } from '../window.ts';
import { quotaViews } from './view.ts';

const members = {
  name: maybe(text),
  scope: maybe(text),
  resourceType: maybe(text),
  type: maybe(text),
} satisfies Record<keyof QuotaFilter, Check<unknown>>;

const condition = shape(members);
type Condition = ReturnType<typeof condition>;

const holds = (quota: Quota, is: Condition): boolean =>
  (is.name === undefined || quota.name.includes(is.name)) &&
  (is.scope === undefined || quota.scope === is.scope) &&
  (is.resourceType === undefined || quota.resourceType === is.resourceType) &&
  (is.type === undefined || quota.types.some((type) => type === is.type));

/** Quota/query – RFC 9425 §4.4 */
export const quotaQuery = method(
  'Quota/query',
  capabilities.quota,
  {},
  {
    ...windowFields,
    filter: orNull(filterOf(Object.keys(members), condition)),
    sort: orNull(sortOf(['name', 'used'])),
  },
  (context, args) => {
    const { state, all } = quotaViews(context);
    const { filter } = args;
    const matching = filter === null ? all : all.filter((quota) => passes(filter, (is) => holds(quota, is)));
    const ids = sorted(matching, args.sort ?? [], (quota, by) => (by === 'used' ? quota.used : quota.name)).map(
      ({ id }) => id,
    );
    const answer = { accountId: context.open.jmapId, queryState: state, canCalculateChanges: false };
    return { json: JSON.stringify({ ...answer, ...windowOf(ids, args) }) };
  },
);
