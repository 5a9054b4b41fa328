import type { Mail } from '../mail.ts';
import { isDraft, type Draft } from './draft.ts';

/** Says in words that what is kept of a letter was changed, deleted or sent by another window or device. Returns what stops it. */
export const followDraft = (mail: Mail, draft: Draft, say: (words: string) => void): (() => void) =>
  mail.onEmails(({ updated, destroyed }) => {
    const id = draft.emailId.peek();
    if (id === null) return;
    const isGone = destroyed.includes(id);
    if (isGone) draft.lost();
    const head = updated.includes(id) ? mail.emails.peek(id) : undefined;
    if (isGone || (head && !isDraft(mail, head)))
      say(`This letter was ${isGone ? 'changed or deleted' : 'sent'} elsewhere. What you write here is another.`);
  });
