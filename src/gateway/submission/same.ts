import type { Email } from '#index/types.ts';
import type { SubmissionSpan } from '#store/types.ts';
import { undoStatus } from '#upstream/submission.ts';
import type { SubmissionEnvelope, SubmissionRecord } from '#upstream/submission.ts';
import { SetFailure } from '../errors.ts';
import type { Row } from './ledger.ts';

/** It went, or will go by itself. What failed was not sent, and of what is `unknown` the user decides (O8). */
const isOnItsWay = ({ submission }: Row): boolean =>
  submission.state === 'sent' ||
  submission.state === 'filed' ||
  submission.state === 'sending' ||
  undoStatus(submission.state) === 'pending';

/** Clocks of mail servers and ours are no further apart, milliseconds. */
const apart = 24 * 3_600_000;

/**
 * A row that was written for the last time before the Email was there is another Email's. An Email from the future says
 * nothing of that time.
 */
export const mayBeOf = ({ receivedAt }: Pick<Email, 'receivedAt'>, now: number): SubmissionSpan =>
  receivedAt * 1000 > now + apart ? {} : { updatedSince: Math.min(receivedAt * 1000, now) - apart };

const addressees = ({ rcptTo }: SubmissionEnvelope): string[] => rcptTo.map(({ email }) => email.toLowerCase());

/**
 * A letter goes once (O34): the same Email to nobody new is the submission that is there. An Email never changes, so that
 * equal ids are equal letters.
 * @throws SetFailure `alreadyExists` with its id
 */
export const admitOnce = (
  rows: readonly Row[],
  { emailId, envelope }: Pick<SubmissionRecord, 'emailId' | 'envelope'>,
) => {
  const same = rows.find((row) => {
    if (row.ids.emailId !== emailId || !isOnItsWay(row)) return false;
    const known = addressees(row.record.envelope);
    return addressees(envelope).every((email) => known.includes(email));
  });
  if (same)
    throw new SetFailure({
      type: 'alreadyExists',
      existingId: same.submission.id,
      description: 'This message was handed in already.',
    });
};
