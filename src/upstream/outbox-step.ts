import type { SubmissionState } from '#store/types.ts';
import { backoff, submissionBackoff } from './backoff.ts';
import type { DeliveryStatus, SubmissionRecord } from './submission.ts';

/** How a try to hand a message to the submission server ended. */
export type SendOutcome =
  /** The server took it for at least one recipient. `refused` holds the others. */
  | { at: 'accepted'; reply: string; refused: { email: string; reply: string }[] }
  /** The server said no before it took the message. `permanent`: a 5xx; else worth another try. */
  | {
      at: 'refused';
      permanent: boolean;
      code: string;
      words: string | null;
      refused: { email: string; reply: string }[];
    }
  /** Nothing reached the server: no connection, no key. Costs no try when `ours` (locked, closed). */
  | { at: 'not-sent'; code: string; words?: string | null; ours: boolean }
  /** The line broke while the server had the message in hand: nobody knows. */
  | { at: 'unknown'; code: string };

/** What the row becomes. */
export interface Step {
  to: SubmissionState;
  /** Unix ms: the next try; null when there is none. */
  retryAt: number | null;
  tries: number;
  record: SubmissionRecord;
}

/** O6a, O32: the Email of such a submission is where it was before. */
export const isBack = (state: SubmissionState): boolean =>
  state === 'failed' || state === 'unknown' || state === 'canceled';

/** A message is given up five days after it should have gone (RFC 5321 §4.5.4.1). */
const giveUpAfter = 5 * 24 * 3_600_000;

const statuses = (
  record: SubmissionRecord,
  of: (email: string) => Pick<DeliveryStatus, 'delivered' | 'smtpReply'>,
): SubmissionRecord['deliveryStatus'] =>
  Object.fromEntries(
    record.envelope.rcptTo.map(({ email }) => [email, { displayed: 'unknown', ...of(email) } satisfies DeliveryStatus]),
  );

const oneLine = (reply: string): string => reply.replaceAll(/[\r\n]+/g, ' ').trim();

/** The transition of a row in `sending` (docs/spec/outbox.md O4 to O10). `random` in [0, 1). */
export const afterTry = (
  row: { tries: number; record: SubmissionRecord },
  outcome: SendOutcome,
  now: number,
  random: number,
): Step => {
  const { record } = row;
  const tries = row.tries + 1;
  switch (outcome.at) {
    case 'accepted': {
      const refused = new Map(outcome.refused.map((one) => [one.email, oneLine(one.reply)]));
      const reply = oneLine(outcome.reply) || '250 2.0.0 Accepted';
      const deliveryStatus = statuses(record, (email) => {
        const no = refused.get(email);
        return no === undefined ? { delivered: 'unknown', smtpReply: reply } : { delivered: 'no', smtpReply: no };
      });
      return { to: 'sent', retryAt: null, tries, record: { ...record, deliveryStatus, failure: null } };
    }
    case 'refused': {
      const failure = { code: outcome.code, words: outcome.words, at: now };
      const late = now - record.sendAt >= giveUpAfter;
      if (!outcome.permanent && !late) {
        return {
          to: 'due',
          retryAt: now + backoff(submissionBackoff, tries, random),
          tries,
          record: { ...record, failure },
        };
      }
      const refused = new Map(outcome.refused.map((one) => [one.email, oneLine(one.reply)]));
      const deliveryStatus = statuses(record, (email) => ({
        delivered: 'no',
        smtpReply: refused.get(email) ?? oneLine(outcome.words ?? '554 5.0.0 Refused'),
      }));
      return { to: 'failed', retryAt: null, tries, record: { ...record, deliveryStatus, failure } };
    }
    case 'not-sent': {
      const failure = { code: outcome.code, words: outcome.words ?? null, at: now };
      if (outcome.ours) {
        const told = outcome.code === 'auth/refused' ? { ...record, failure } : record;
        return { to: 'due', retryAt: null, tries: row.tries, record: told };
      }
      if (now - record.sendAt >= giveUpAfter)
        return { to: 'failed', retryAt: null, tries, record: { ...record, failure } };
      return {
        to: 'due',
        retryAt: now + backoff(submissionBackoff, tries, random),
        tries,
        record: { ...record, failure },
      };
    }
    case 'unknown':
      return {
        to: 'unknown',
        retryAt: null,
        tries,
        record: { ...record, failure: { code: outcome.code, words: null, at: now } },
      };
  }
};

/** Submission servers that file what they send themselves; an APPEND of ours would be a second copy. */
const filesItself: readonly RegExp[] = [
  /(^|\.)gmail\.com$/,
  /(^|\.)googlemail\.com$/,
  /(^|\.)office365\.com$/,
  /(^|\.)outlook\.com$/,
  /(^|\.)hotmail\.com$/,
  /(^|\.)zoho\.(com|eu|in|com\.au|jp)$/,
  /(^|\.)zohomail\.(com|eu)$/,
];

/** Whether the provider behind this submission host keeps a copy in Sent without being asked. */
export const providerFilesSent = (smtpHost: string): boolean =>
  filesItself.some((host) => host.test(smtpHost.toLowerCase()));
