import type { Mail } from './mail.ts';

/** Whether the inbox of an account is part of All inboxes; while its account is not known yet, it is. */
export const takesPart = (mail: Mail): boolean => mail.status.value?.inAllInboxes ?? true;

/** The accounts that All inboxes gathers; none where there is nothing to gather. */
export const gathered = (mails: readonly Mail[]): readonly Mail[] => {
  const all = mails.filter(takesPart);
  return all.length > 1 ? all : [];
};

/** Unread conversations of their inboxes. */
export const unreadInboxes = (mails: readonly Mail[]): number =>
  mails.reduce((sum, mail) => sum + (mail.mailboxes.byRole('inbox')?.unreadThreads ?? 0), 0);

export const draftsOf = (mails: readonly Mail[]): number =>
  mails.reduce((sum, mail) => sum + (mail.mailboxes.byRole('drafts')?.totalEmails ?? 0), 0);
