import { capabilities } from '#jmap/core.ts';
import { secondsOf } from '#jmap/ids.ts';
import type { EmailSubmission, EmailSubmissionFilter } from '#jmap/mail.ts';
import type { SubmissionSpan } from '#store/types.ts';
import { statesOf } from '#upstream/submission.ts';
import { type Check, id, list, maybe, oneOf, orNull, shape, utc } from '../check.ts';
import { filterOf, passes } from '../filter.ts';
import { method } from '../method.ts';
import { sorted, sortOf } from '../sort.ts';
import { windowFields, windowOf } from '../window.ts';
import { rowsOf, submissionView } from './ledger.ts';

const members = {
  identityIds: maybe(list(id)),
  emailIds: maybe(list(id)),
  threadIds: maybe(list(id)),
  undoStatus: maybe(oneOf('pending', 'final', 'canceled')),
  before: maybe(utc),
  after: maybe(utc),
} satisfies Record<keyof EmailSubmissionFilter, Check<unknown>>;

const condition = shape(members);
type Condition = ReturnType<typeof condition>;

const among = (ids: readonly string[] | undefined, one: string): boolean => ids === undefined || ids.includes(one);

const holds = (value: EmailSubmission, is: Condition): boolean =>
  among(is.identityIds, value.identityId) &&
  among(is.emailIds, value.emailId) &&
  among(is.threadIds, value.threadId) &&
  (is.undoStatus === undefined || value.undoStatus === is.undoStatus) &&
  (is.before === undefined || secondsOf(value.sendAt) < secondsOf(is.before)) &&
  (is.after === undefined || secondsOf(value.sendAt) >= secondsOf(is.after));

/** As far as it can be told without what is sealed: a try that failed moves `sendAt` of a row ahead, never back. */
const spanOf = (is: Condition): SubmissionSpan => ({
  ...(is.undoStatus === undefined ? {} : { states: statesOf(is.undoStatus) }),
  ...(is.after === undefined ? {} : { sendSince: secondsOf(is.after) * 1000 }),
});

const valueOf = (value: EmailSubmission, property: string): string =>
  property === 'emailId' ? value.emailId : property === 'threadId' ? value.threadId : value.sendAt;

/** EmailSubmission/query – RFC 8621 §7.3 */
export const submissionQuery = method(
  'EmailSubmission/query',
  capabilities.submission,
  {},
  {
    ...windowFields,
    filter: orNull(filterOf(Object.keys(members), condition)),
    sort: orNull(sortOf(['emailId', 'threadId', 'sentAt'])),
  },
  async ({ open, caller }, args) => {
    const queryState = open.index.read((reader) => reader.state('EmailSubmission'));
    const { filter } = args;
    const span = filter?.op === 'is' ? spanOf(filter.is) : {};
    const all = (await rowsOf(caller.host, open, span)).map(submissionView);
    const matching = filter === null ? all : all.filter((value) => passes(filter, (is) => holds(value, is)));
    const ids = sorted(matching, args.sort ?? [], valueOf).map((value) => value.id);
    return {
      json: JSON.stringify({ accountId: open.jmapId, queryState, canCalculateChanges: false, ...windowOf(ids, args) }),
    };
  },
);
