import { effect, untracked } from '@preact/signals-core';
import type { Connection } from './connection.ts';
import { clockTime, fullTime } from './format.ts';
import type { Mail } from './mail.ts';
import type { Model } from './model.ts';
import { fateOf, isFinal, said, type Waiting } from './outbox.ts';
import { listed, nameOf } from './people.ts';

/** How a letter that waits stands, in words. */
export const waitingWords = ({ fate, sendAt }: Pick<Waiting, 'fate' | 'sendAt'>, now: number): string => {
  if (fate.at === 'later') return `${said(fate.words)}Trying again at ${clockTime(fate.when)}.`;
  if (fate.at === 'sending') return 'It is being sent.';
  if (sendAt <= now) return 'It leaves as soon as it can be sent.';
  // Within a day the clock is enough.
  const isNear = sendAt - now < 86_400_000;
  return `It leaves ${isNear ? `at ${clockTime(sendAt)}` : `on ${fullTime(new Date(sendAt).toISOString())}`}.`;
};

/** Rejects as the connection does. */
const waitingOf = async (connection: Connection, mail: Mail): Promise<Waiting[]> => {
  const accountId = mail.id;
  const query = connection.call('EmailSubmission/query', {
    accountId,
    filter: { undoStatus: 'pending' },
    limit: 100,
  });
  const get = connection.call('EmailSubmission/get', { accountId, '#ids': query.ref('/ids') });
  const pending = (await get.answer).list
    .map((submission) => ({ submission, fate: fateOf(submission) }))
    .filter(({ fate }) => !isFinal(fate));
  await mail.needHeads(pending.map(({ submission }) => submission.emailId));
  return pending.map(({ submission: { id, emailId, sendAt }, fate }) => {
    const head = mail.emails.peek(emailId);
    return {
      mail,
      id,
      emailId,
      sendAt: Date.parse(sendAt),
      subject: head?.subject?.trim() ?? '',
      to: listed((head?.to ?? []).map(nameOf)),
      fate,
    };
  });
};

/** Keeps `outbox.waiting` true, of every account; returns what stops it. */
export const watchWaiting = ({
  connection,
  mails,
  outbox,
}: Pick<Model, 'connection' | 'mails' | 'outbox'>): (() => void) => {
  const found = new Map<Mail, readonly Waiting[]>();
  const show = (): void => {
    outbox.waiting.value = [...found.values()].flat().toSorted((a, b) => a.sendAt - b.sendAt);
  };
  const look = async (mail: Mail): Promise<void> => {
    try {
      const now = await waitingOf(connection, mail);
      if (!mails.peek().includes(mail)) return;
      found.set(mail, now);
      show();
    } catch {
      // Without an answer what was known stands; the next push asks again.
    }
  };
  const stop = effect(() => {
    const now = mails.value;
    return untracked(() => {
      for (const mail of found.keys()) if (!now.includes(mail)) found.delete(mail);
      show();
      const stops = now.map((mail) => mail.onSubmissions(() => void look(mail)));
      for (const mail of now) void look(mail);
      return () => stops.forEach((unlisten) => unlisten());
    });
  });
  return () => {
    stop();
    found.clear();
    show();
  };
};
