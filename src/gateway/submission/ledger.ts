import { logError } from '#base/log.ts';
import type { ChangeKind, Index } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { utcDate } from '#jmap/ids.ts';
import type { EmailId, IdentityId, SubmissionId, ThreadId } from '#jmap/ids.ts';
import type { OutboxProperties } from '#jmap/keep.ts';
import type { EmailSubmission } from '#jmap/mail.ts';
import type { Submission, SubmissionSpan } from '#store/types.ts';
import { asNumbered, emailIn } from '#upstream/places.ts';
import { decodeSubmission, type SubmissionRecord, undoStatus } from '#upstream/submission.ts';
import { emailId, threadId } from '../ids.ts';
import type { AccountContext, Context } from '../method.ts';
import { readRecord } from '../records.ts';
import type { Host, OpenAccount } from '../types.ts';

/** A row of the outbox with what its seal holds. */
export interface Row {
  submission: Submission;
  record: SubmissionRecord;
  /** What its Email is called now: an index that was made anew has other ids (O33). */
  ids: Pick<SubmissionRecord, 'emailId' | 'threadId'>;
}

const submissionProperties: readonly (keyof EmailSubmission)[] = [
  'id',
  'identityId',
  'emailId',
  'threadId',
  'envelope',
  'sendAt',
  'undoStatus',
  'deliveryStatus',
  'dsnBlobIds',
  'mdnBlobIds',
];
const outboxProperties: readonly (keyof OutboxProperties)[] = ['stage', 'nextTryAt', 'tries', 'words'];

/** The properties a request may see. */
export const knownProperties = ({ using }: Context): readonly string[] =>
  using.has(capabilities.keep) ? [...submissionProperties, ...outboxProperties] : submissionProperties;

/** What was done to a row is done, also where an index cannot be written (O15). */
export const noteRow = ({ open, log }: AccountContext, id: string, kind: ChangeKind): void => {
  try {
    open.index.write((transactor) => transactor.note('EmailSubmission', id, kind));
  } catch (error) {
    logError(log, 'outbox.not-noted', error);
  }
};

/** Payloads opened before, by record and generation; the oldest go first. */
const opened = new WeakMap<Host, Map<string, SubmissionRecord>>();
const mostOpened = 500;

const unsealed = async (host: Host, submission: Submission): Promise<SubmissionRecord> => {
  const known = opened.get(host) ?? new Map<string, SubmissionRecord>();
  opened.set(host, known);
  const key = `${submission.record.id} ${submission.record.generation}`;
  const before = known.get(key);
  if (before) return before;
  const record = decodeSubmission(await readRecord(host, submission.record));
  known.set(key, record);
  for (const [oldest] of known) {
    if (known.size <= mostOpened) break;
    known.delete(oldest);
  }
  return record;
};

/** Of what is done with, the ids stay what they were. */
const idsOf = (index: Index, { state }: Submission, record: SubmissionRecord): Row['ids'] => {
  const email = state === 'filed' || state === 'canceled' ? undefined : emailIn(index, record);
  return email ? { emailId: emailId(email.number), threadId: threadId(email.thread) } : record;
};

const read = async (host: Host, { index }: OpenAccount, submission: Submission): Promise<Row> => {
  const record = asNumbered(index, await unsealed(host, submission));
  return { submission, record, ids: idsOf(index, submission, record) };
};

/**
 * Submissions of an account, newest first; of a history only the span that may count, since it is long and each seal takes
 * its time. @throws VaultError, StoreError
 */
export const rowsOf = async (host: Host, open: OpenAccount, span: SubmissionSpan = {}): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const submission of await host.store.submissions(open.account.id, span))
    rows.push(await read(host, open, submission));
  return rows.sort((a, b) => b.record.createdAt - a.record.createdAt);
};

/** @throws VaultError, StoreError */
export const rowOf = async (host: Host, open: OpenAccount, id: string): Promise<Row | undefined> => {
  const submission = await host.store.submission(id);
  return submission?.account === open.account.id ? read(host, open, submission) : undefined;
};

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export const submissionView = ({ submission, record, ids }: Row): EmailSubmission & OutboxProperties => {
  const { state, sendAt, tries } = submission;
  const waits = state === 'held' || state === 'due';
  return {
    id: submission.id as SubmissionId,
    identityId: record.identityId as IdentityId,
    emailId: ids.emailId as EmailId,
    threadId: ids.threadId as ThreadId,
    envelope: record.envelope,
    sendAt: utcDate(seconds(record.sendAt)),
    undoStatus: undoStatus(state),
    deliveryStatus: record.deliveryStatus,
    dsnBlobIds: [],
    mdnBlobIds: [],
    stage: state,
    nextTryAt: waits ? utcDate(seconds(sendAt)) : null,
    tries,
    words: record.failure?.words ?? null,
  };
};
