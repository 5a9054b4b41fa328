import type { EmailId, SubmissionId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Leaving } from '../outbox.ts';
import { destroyDrafts, type Draft } from './draft.ts';
import { recipients, type Letter } from './letter.ts';

/** Postern went away while a letter was handed in: it may have been taken. */
export class InDoubt extends ModelError {
  constructor() {
    super('net/offline', 'Postern does not answer. Send it again when it does: it goes only once.');
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof ModelError && (error.code === 'net/offline' || error.code === 'net/server');

/** The version of a letter of which nobody knows whether it was taken. */
const inDoubt = new WeakMap<Draft, EmailId>();

export interface SendParts {
  connection: Connection;
  /** The account it leaves by. */
  mail: Mail;
  draft: Draft;
  /** Seconds it is held on the server before it goes out (HOLDFOR of RFC 4865). */
  hold: number;
  now(): number;
  /** It is a draft again: its window is wanted. */
  reopen(): void;
}

/** Hands in one version, which stands on the server. */
const handIn = async (parts: SendParts, emailId: EmailId, letter: Letter): Promise<Leaving> => {
  const { connection, mail, draft, hold, now, reopen } = parts;
  const identity = draft.identity();
  if (!identity) throw new ModelError('jmap/method', 'There is no identity to send as.');
  const drafts = mail.mailboxes.byRole('drafts');
  const sent = await mail.mailboxes.need('sent');
  const to = [...recipients(letter), ...(identity.bcc ?? [])];
  const rcptTo = [...new Set(to.map((each) => each.email))].map((email) => ({ email }));
  const { subject, originalId, originalIn, forwards } = letter;
  /** The server marks what is answered in the account the letter leaves by; elsewhere nobody else does. */
  const markOriginal = (): void => {
    if (originalId === null || originalIn === null || originalIn === mail.id) return;
    const keyword = forwards === null ? 'keywords/$answered' : 'keywords/$forwarded';
    connection
      .call('Email/set', { accountId: originalIn, update: { [originalId]: { [keyword]: true } } })
      .answer.catch(() => undefined);
  };
  const ask = (seconds: number) =>
    connection.call('EmailSubmission/set', {
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
  const submit = async (seconds: number): Promise<Leaving> => {
    // It is taken once, however often it is handed in: a lost answer is asked for again.
    const answer = await ask(seconds).catch((error: unknown) => {
      if (!isAway(error)) throw error;
      return ask(seconds).catch((again: unknown) => {
        if (!isAway(again)) throw again;
        inDoubt.set(draft, emailId);
        throw new InDoubt();
      });
    });
    const made = answer.created?.['letter'] as { id: SubmissionId } | undefined;
    const error = answer.notCreated?.['letter'];
    const id =
      made?.id ?? (error?.type === 'alreadyExists' ? (error.existingId as SubmissionId | undefined) : undefined);
    if (id === undefined) throw new ModelError('jmap/method', error?.description ?? error?.type ?? 'It was not taken.');
    const sendNow = async (): Promise<Leaving> => {
      if (!(await cancel(id))) throw new ModelError('jmap/method', 'It is on its way already.');
      try {
        return await submit(0);
      } catch (failure) {
        // It was taken back and could not be handed in again: a draft, which must not be out of sight.
        if (!(failure instanceof InDoubt)) reopen();
        throw failure;
      }
    };
    return {
      mail,
      id,
      sendAt: made ? now() + seconds * 1000 : await sendAtOf(id),
      subject,
      reopen,
      now: seconds > 0 ? sendNow : null,
      sent: markOriginal,
    };
  };
  const sendAtOf = async (id: SubmissionId): Promise<number> => {
    const { answer } = connection.call('EmailSubmission/get', {
      accountId: mail.id,
      ids: [id],
      properties: ['sendAt'],
    });
    const [found] = (await answer).list;
    return found ? Date.parse(found.sendAt) : now();
  };
  const cancel = async (id: SubmissionId): Promise<boolean> => {
    const answer = await connection.call('EmailSubmission/set', {
      accountId: mail.id,
      update: { [id]: { undoStatus: 'canceled' } },
    }).answer;
    return Object.hasOwn(answer.updated ?? {}, id);
  };
  /** A version that may have been handed in does not go out any more. False when it did. */
  const takeBack = async (version: EmailId): Promise<boolean> => {
    const query = connection.call('EmailSubmission/query', { accountId: mail.id, filter: { emailIds: [version] } });
    const found = connection.call('EmailSubmission/get', { accountId: mail.id, '#ids': query.ref('/ids') });
    for (const { id, stage } of (await found.answer).list)
      if (stage !== 'canceled' && stage !== 'failed' && !(await cancel(id))) return false;
    await destroyDrafts(connection, mail, [version]);
    return true;
  };
  const before = inDoubt.get(draft) ?? emailId;
  const isFree = before === emailId || (await takeBack(before));
  inDoubt.delete(draft);
  if (!isFree) throw new ModelError('jmap/method', 'What you wrote before went out. Send again to send this, too.');
  return submit(hold);
};

/**
 * Keeps the newest version of a letter and hands it to the outbox (RFC 8621 §7). Once the mail server took it, it moves from
 * Drafts to Sent.
 * @throws ModelError with the server's words; the draft stays. {@link InDoubt} when nobody knows whether it was taken
 */
export const send = (parts: SendParts): Promise<Leaving> =>
  parts.draft.handOver((emailId, letter) => handIn(parts, emailId, letter));
