import type { Mail } from '../mail.ts';
import { isDraft, type Draft } from './draft.ts';

/** Says in words that what is kept of a letter was changed, deleted or sent by another window or device. Returns what stops it. */
export const followDraft = (mail: Mail, draft: Draft, say: (words: string) => void): (() => void) =>
  mail.onEmails(({ updated, destroyed }) => {
    const id = draft.emailId.peek();
    if (id === null) return;
    if (destroyed.includes(id)) {
      draft.lost();
      say('This draft was changed or deleted elsewhere. What you write here is kept as another.');
    }
    const head = updated.includes(id) ? mail.emails.peek(id) : undefined;
    if (head && !isDraft(mail, head)) say('This letter was sent elsewhere. What you write here is another.');
  });
