import { undoStatus } from '#upstream/submission.ts';
import type { SubmissionEnvelope, SubmissionRecord } from '#upstream/submission.ts';
import { SetFailure } from '../errors.ts';
import type { OpenAccount } from '../types.ts';
import type { Row } from './ledger.ts';

const turns = new WeakMap<OpenAccount, Promise<unknown>>();

/** One after another for each account: what is looked at before a row is made must still be so when it is. */
export const inTurn = <T>(open: OpenAccount, work: () => Promise<T>): Promise<T> => {
  const before = turns.get(open) ?? Promise.resolve();
  const mine = before.then(work, work);
  turns.set(open, mine);
  return mine;
};

/** It went, or will go by itself. What failed was not sent, and of what is `unknown` the user decides (O8). */
const isOnItsWay = ({ submission }: Row): boolean =>
  submission.state === 'sent' ||
  submission.state === 'filed' ||
  submission.state === 'sending' ||
  undoStatus(submission.state) === 'pending';

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
