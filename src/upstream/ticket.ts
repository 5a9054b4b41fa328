import type { MailAccount, Store, Submission } from '#store/types.ts';
import type { SendOutcome } from './outbox-step.ts';
import type { SubmissionEnvelope, SubmissionRecord } from './submission.ts';

/** Takes single letters when their user leaves: each is the taker's from then on (docs/spec/vault.md, V114). */
export interface Ticket {
  /** For how many seconds ahead a letter is taken; 0: none is. */
  longest(): Promise<number>;
  /** Hands a letter over that goes out in `seconds`. */
  take(envelope: SubmissionEnvelope, message: Buffer, seconds: number): Promise<SendOutcome>;
}

/** A letter that is carried on its own, with what its row becomes when it has gone. */
export interface Letter {
  row: Submission;
  record: SubmissionRecord;
  /** Of `row.record`: what the server said is written with it. */
  recordKey: Buffer;
  message: Buffer;
}

/**
 * Sends single letters at their time while their user is away, each by a password that is good for that letter and nothing
 * else (V116). The row stays `held` until then.
 */
export interface Carrier {
  /** For how many seconds ahead a letter is taken; 0: none is. */
  longest(): Promise<number>;
  /** Takes the letter, whose key and message are its own from now on; false: it waits for the next visit. */
  carry(letter: Letter): Promise<boolean>;
}

/** The submission server holds the letter itself (RFC 4865): no credential stays behind at all. */
export const serverHold = (
  { account, store }: { account: Pick<MailAccount, 'id'>; store: Pick<Store, 'account'> },
  take: Ticket['take'],
): Ticket => ({
  longest: async () => {
    const row = await store.account(account.id);
    return row?.away === 'ticket' ? (row.smtpHold ?? 0) : 0;
  },
  take,
});
