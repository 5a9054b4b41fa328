import type { EmailRow } from '#index/types.ts';
import type { SubmissionState } from '#store/types.ts';
import type { Places } from './places.ts';

/**
 * What the sealed JSON of an outbox row says (`Submission.record`). The gateway writes it when a submission is created;
 * after that only the outbox changes it. Ids are JMAP ids (`M…`, `T…`, `I…`).
 */
export interface SubmissionRecord {
  version: 1;
  identityId: string;
  emailId: string;
  threadId: string;
  envelope: SubmissionEnvelope;
  /** Message-ID of the message, without brackets; one for ever, whatever happens to the row. */
  messageId: string;
  /** Unix ms. */
  createdAt: number;
  /** Unix ms: not before this time. Equal to the row's `sendAt` until a temporary refusal moves the row's. */
  sendAt: number;
  /** By recipient address as in `envelope.rcptTo` (RFC 8621 §7). */
  deliveryStatus: Record<string, DeliveryStatus>;
  /** Code and words of the last failure: what the server said, or null when it said nothing. */
  failure: { code: string; words: string | null; at: number } | null;
  /** RFC 8621 §7.5: PatchObject for the Email, applied once the server accepted the message. */
  onSuccessUpdateEmail: EmailPatch | null;
  /** Destroy the Email once the server accepted the message. */
  onSuccessDestroyEmail: boolean;
  /** What puts the Email back unless the message goes; null when nothing was done to it, or it was put back. */
  onCancelUpdateEmail: EmailPatch | null;
  /** A keyword for another Email (the one answered or forwarded), set once the server accepted the message. */
  onSuccessMark: { emailId: string; keyword: '$answered' | '$forwarded' }[];
  /** File a copy in Sent unless the provider does it itself or our Message-ID is already there. */
  wantsSentCopy: boolean;
  /** What became of the copy in Sent. */
  sentCopy: 'pending' | 'appended' | 'found' | 'provider' | 'none';
  /** The index in which what the message did to Emails is wished, and those Emails; absent: in none yet (O38). */
  wished?: { epoch: string; emails: EmailRow[] };
  /** What the ids mean, should the index be made anew; records of earlier versions have none. */
  places?: Places;
}

/** RFC 8621 §7: Address objects of the envelope; `parameters` are the ESMTP parameters, null value = without `=`. */
export interface SubmissionEnvelope {
  mailFrom: SubmissionAddress;
  rcptTo: SubmissionAddress[];
}

export interface SubmissionAddress {
  email: string;
  parameters: Record<string, string | null> | null;
}

/** RFC 8621 §7, DeliveryStatus. */
export interface DeliveryStatus {
  smtpReply: string;
  delivered: 'queued' | 'yes' | 'no' | 'unknown';
  displayed: 'unknown' | 'yes';
}

/** An Email PatchObject: only `keywords…` and `mailboxIds…` may stand in it. */
export type EmailPatch = Readonly<Record<string, unknown>>;

/** RFC 8621 §7: only a row that no worker has taken may still be canceled. */
const undoStatuses = {
  held: 'pending',
  due: 'pending',
  sending: 'final',
  sent: 'final',
  filed: 'final',
  failed: 'final',
  unknown: 'final',
  canceled: 'canceled',
} as const satisfies Record<SubmissionState, string>;

type UndoStatus = (typeof undoStatuses)[SubmissionState];

export const undoStatus = (state: SubmissionState): UndoStatus => undoStatuses[state];

export const statesOf = (status: UndoStatus): SubmissionState[] =>
  (Object.keys(undoStatuses) as SubmissionState[]).filter((state) => undoStatuses[state] === status);

/** A record as it stands before the first try. */
export const newSubmissionRecord = (
  wish: Pick<
    SubmissionRecord,
    'identityId' | 'emailId' | 'threadId' | 'envelope' | 'messageId' | 'createdAt' | 'sendAt' | 'wantsSentCopy'
  > &
    Partial<
      Pick<
        SubmissionRecord,
        'onSuccessUpdateEmail' | 'onSuccessDestroyEmail' | 'onSuccessMark' | 'onCancelUpdateEmail' | 'places'
      >
    >,
): SubmissionRecord => ({
  version: 1,
  deliveryStatus: Object.fromEntries(
    wish.envelope.rcptTo.map((to) => [
      to.email,
      { smtpReply: '250 2.1.5 Queued', delivered: 'queued', displayed: 'unknown' } satisfies DeliveryStatus,
    ]),
  ),
  failure: null,
  onSuccessUpdateEmail: null,
  onSuccessDestroyEmail: false,
  onCancelUpdateEmail: null,
  onSuccessMark: [],
  sentCopy: wish.wantsSentCopy ? 'pending' : 'none',
  ...wish,
});

/** The bytes that are sealed. */
export const encodeSubmission = (record: SubmissionRecord): Buffer => Buffer.from(JSON.stringify(record), 'utf8');

/** Reads what {@link encodeSubmission} wrote; the bytes were authenticated by their seal. */
export const decodeSubmission = (bytes: Buffer): SubmissionRecord =>
  JSON.parse(bytes.toString('utf8')) as SubmissionRecord;
