import type { Store, MailAccount } from '#store/types.ts';
import type { SendOutcome } from './outbox-step.ts';
import type { SubmissionEnvelope } from './submission.ts';

/**
 * Takes single letters when their user leaves, and sends each at its time without them: what is handed over is good for
 * that one letter and nothing else (docs/spec/vault.md, V114).
 */
export interface Ticket {
  /** For how many seconds ahead a letter is taken; 0: none is. */
  longest(): Promise<number>;
  /** Hands a letter over that goes out in `seconds`. */
  take(envelope: SubmissionEnvelope, message: Buffer, seconds: number): Promise<SendOutcome>;
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
