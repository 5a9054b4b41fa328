import { capabilities } from '#jmap/core.ts';
import type { QuotaId } from '#jmap/ids.ts';
import type { Quota } from '#jmap/quota.ts';
import { quotasOf, type KnownQuota } from '#upstream/quotas.ts';
import type { AccountContext } from '../method.ts';

export const quotaProperties: readonly (keyof Quota)[] = [
  'id',
  'resourceType',
  'used',
  'hardLimit',
  'scope',
  'name',
  'types',
  'warnLimit',
  'softLimit',
  'description',
];

/** No server says when to warn: at nine tenths. */
export const warnAt = (limit: number): number => Math.floor(limit * 0.9);

/** Roots are often without a name. */
const nameless = 'Mailbox';

const view = ({ id, root, resource, used, limit }: KnownQuota): Quota => ({
  id: id as QuotaId,
  resourceType: resource === 'STORAGE' ? 'octets' : 'count',
  used,
  hardLimit: limit,
  scope: 'account',
  name: root === '' ? nameless : root,
  types: ['Email'],
  warnLimit: warnAt(limit),
  softLimit: null,
  description: null,
});

/** A client that does not know Email knows no type that is counted, and is told of no quota – RFC 9425 §4.1 */
export const mayKnow = ({ using }: Pick<AccountContext, 'using'>): boolean => using.has(capabilities.mail);

/** The quotas of an account with the state they are in. */
export const quotaViews = (context: AccountContext): { state: string; all: Quota[] } =>
  context.open.index.read((reader) => ({
    state: reader.state('Quota'),
    all: mayKnow(context) ? quotasOf(reader).map(view) : [],
  }));
