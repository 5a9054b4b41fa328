import { effect, untracked, type ReadonlySignal } from '@preact/signals-core';
import type { MailboxId } from '#jmap/ids.ts';
import type { Refusal } from '#jmap/keep.ts';
import { counted } from './format.ts';
import type { Mail } from './mail.ts';
import { mailboxName } from './mailboxes.ts';
import type { Toasts } from './toasts.ts';

const whats: Record<Refusal['change'], string> = {
  keywords: 'the mark',
  move: 'the move',
  copy: 'the copy',
  destroy: 'the deletion',
  append: 'the message',
};

const makeRoom = 'Delete large letters and empty Trash to make room.';

const isFull = ({ responseCode }: Refusal): boolean => responseCode === 'OVERQUOTA';

/** What does not fit is tried again and refused again; that is told no more often than this, milliseconds. */
const tellFullAgain = 60 * 60_000;

/** `“Minutes” is back in Inbox. The server did not allow the move: folder Archive is read-only` */
const wordsOf = (mail: Mail, refusal: Refusal): string => {
  const { change, emailIds, words } = refusal;
  const heads = emailIds.map((id) => mail.emails.peek(id)).filter((head) => head !== undefined);
  const first = heads[0];
  const named = first?.subject?.trim() ? `“${first.subject.trim()}”` : counted(Math.max(1, emailIds.length), 'message');
  const subject = emailIds.length > 1 ? counted(emailIds.length, 'message') : named;
  const [only, ...others] = Object.keys(first?.mailboxIds ?? {});
  const mailbox = only === undefined || others.length > 0 ? undefined : mail.mailboxes.get(only as MailboxId);
  const is = emailIds.length > 1 ? 'are' : 'is';
  const where = change === 'keywords' || !mailbox ? `${is} as before` : `${is} back in ${mailboxName(mailbox)}`;
  const box = `The mailbox of ${mail.status.peek()?.name ?? mail.account.name} has no room for`;
  const it = emailIds.length > 1 ? 'them' : 'it';
  if (isFull(refusal) && change === 'append')
    return `${box} ${subject}. ${it === 'it' ? 'It is' : 'They are'} kept here and tried again every 15 minutes. ${makeRoom}`;
  if (isFull(refusal)) return `${subject} ${where}. ${box} ${it}. ${makeRoom}`;
  return `${subject} ${where}. The server did not allow ${whats[change]}: ${words}`;
};

/** Says what the mail server would not take, after it had been shown as done. What was refused before the app opened is known. */
export const watchRefusals = (mails: ReadonlySignal<readonly Mail[]>, toasts: Toasts): (() => void) => {
  const seen = new Map<Mail, string>();
  /** When it was last told that an account is full. */
  const fullAt = new Map<Mail, number>();
  const isOld = (mail: Mail, refusal: Refusal): boolean => {
    if (!isFull(refusal) || refusal.change !== 'append') return false;
    const at = Date.parse(refusal.at);
    if (at - (fullAt.get(mail) ?? -Infinity) < tellFullAgain) return true;
    fullAt.set(mail, at);
    return false;
  };
  const say = async (mail: Mail, refusal: Refusal): Promise<void> => {
    await mail.needHeads(refusal.emailIds).catch(() => undefined);
    toasts.show(wordsOf(mail, refusal), { tone: 'failed' });
  };
  return effect(() => {
    for (const mail of mails.value) {
      const status = mail.status.value;
      if (!status) continue;
      const before = seen.get(mail);
      const newest = status.refusals[0];
      seen.set(mail, newest?.at ?? '');
      if (before !== undefined && newest && newest.at > before && !isOld(mail, newest))
        untracked(() => void say(mail, newest));
    }
  });
};
