import type { SubmissionId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Leaving } from '../outbox.ts';
import type { Draft } from './draft.ts';
import { recipients } from './letter.ts';

/**
 * Hands a letter to the outbox, held for `hold` seconds on the server (RFC 8621 §7, HOLDFOR of RFC 4865). Once the mail
 * server took it, it moves from Drafts to Sent.
 * @throws ModelError with the server's words; the draft stays
 */
export const send = async (
  connection: Connection,
  mail: Mail,
  draft: Draft,
  hold: number,
  now: () => number,
  reopen: () => void,
): Promise<Leaving> => {
  const identity = draft.identity();
  if (!identity) throw new ModelError('jmap/method', 'There is no identity to send as.');
  const to = recipients(draft.letter.peek());
  const bcc = identity.bcc ?? [];
  const emailId = await draft.save();
  if (!emailId) throw new ModelError('jmap/method', 'There is nothing to send.');
  const drafts = mail.mailboxes.byRole('drafts');
  const sent = await mail.mailboxes.need('sent');
  const rcptTo = [...new Set([...to, ...bcc].map((each) => each.email))].map((email) => ({ email }));
  const { subject } = draft.letter.peek();
  const { originalId, originalIn, forwards } = draft.letter.peek();
  /** The server marks what is answered in the account the letter leaves by; elsewhere nobody else does. */
  const markOriginal = (): void => {
    if (originalId === null || originalIn === null || originalIn === mail.id) return;
    const keyword = forwards === null ? 'keywords/$answered' : 'keywords/$forwarded';
    connection
      .call('Email/set', { accountId: originalIn, update: { [originalId]: { [keyword]: true } } })
      .answer.catch(() => undefined);
  };
  const submit = async (seconds: number): Promise<Leaving> => {
    const answer = await connection.call('EmailSubmission/set', {
      accountId: mail.id,
      create: {
        letter: {
          identityId: identity.id,
          emailId,
          envelope: {
            mailFrom: { email: identity.email, ...(seconds > 0 ? { parameters: { HOLDFOR: String(seconds) } } : {}) },
            rcptTo,
          },
        },
      },
      onSuccessUpdateEmail: {
        '#letter': {
          'keywords/$draft': null,
          ...(drafts && sent ? { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true } : {}),
        },
      },
    }).answer;
    const made = answer.created?.['letter'] as { id: SubmissionId } | undefined;
    if (!made) {
      const error = answer.notCreated?.['letter'];
      throw new ModelError('jmap/method', error?.description ?? error?.type ?? 'The letter was not taken.');
    }
    const sendNow = async (): Promise<Leaving> => {
      if (!(await cancel(made.id))) throw new ModelError('jmap/method', 'It is on its way already.');
      try {
        return await submit(0);
      } catch (error) {
        // It was taken back and could not be handed in again: a draft, which must not be out of sight.
        reopen();
        throw error;
      }
    };
    return {
      mail,
      id: made.id,
      sendAt: now() + seconds * 1000,
      subject,
      reopen,
      now: seconds > 0 ? sendNow : null,
      sent: markOriginal,
    };
  };
  const cancel = async (id: SubmissionId): Promise<boolean> => {
    const answer = await connection.call('EmailSubmission/set', {
      accountId: mail.id,
      update: { [id]: { undoStatus: 'canceled' } },
    }).answer;
    return Object.hasOwn(answer.updated ?? {}, id);
  };
  return submit(hold);
};
