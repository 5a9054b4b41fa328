import type { EmailNumber, IndexTransactor, MailboxId } from '#index/types.ts';
import type { EmailPatch, SubmissionRecord } from './submission.ts';

/** Number behind a JMAP id: a letter and base 36. */
const numberOf = (id: string, letter: string): number | null => {
  const value = id.startsWith(letter) ? Number.parseInt(id.slice(1), 36) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
};

export const emailNumberOf = (id: string): EmailNumber | null => numberOf(id, 'M') as EmailNumber | null;
export const mailboxOf = (id: string): MailboxId | null => numberOf(id, 'B') as MailboxId | null;

export const emailIdOf = (number: EmailNumber): string => `M${number.toString(36)}`;
export const mailboxIdOf = (id: MailboxId): string => `B${id.toString(36)}`;

/** Names under `property` that are switched on and off; `whole` when the property itself is given. */
const changes = (patch: EmailPatch, property: string): { on: string[]; off: string[]; whole: boolean } => {
  const all = patch[property];
  if (typeof all === 'object' && all !== null) return { on: Object.keys(all), off: [], whole: true };
  const entries = Object.entries(patch).filter(([key]) => key.startsWith(`${property}/`));
  const name = (key: string): string =>
    key
      .slice(property.length + 1)
      .replaceAll('~1', '/')
      .replaceAll('~0', '~');
  return {
    on: entries.filter(([, value]) => value === true).map(([key]) => name(key)),
    off: entries.filter(([, value]) => value !== true).map(([key]) => name(key)),
    whole: false,
  };
};

/**
 * Applies a stored PatchObject (RFC 8620 §5.3) to an Email: keywords and the mailbox it lies in. What is so already stays,
 * so that it may be applied twice. An Email that is gone is left alone.
 */
export const applyEmailPatch = (t: IndexTransactor, number: EmailNumber, patch: EmailPatch, dueAt: number): void => {
  const email = t.email(number);
  if (email === undefined) return;
  const keywords = changes(patch, 'keywords');
  const on = keywords.on.map((word) => word.toLowerCase());
  const off = keywords.whole
    ? email.keywords.filter((word) => !on.includes(word))
    : keywords.off.map((word) => word.toLowerCase());
  const boxes = changes(patch, 'mailboxIds');
  const to =
    boxes.on.map(mailboxOf).find((id) => id !== null && !email.mailboxes.includes(id) && t.mailbox(id) !== undefined) ??
    null;
  const leaves = boxes.whole
    ? email.mailboxes.filter((id) => !boxes.on.map(mailboxOf).includes(id))
    : boxes.off.map(mailboxOf);
  const from = leaves.find((id) => id !== null && email.mailboxes.includes(id)) ?? null;
  const add = on.filter((word) => !email.keywords.includes(word));
  const remove = off.filter((word) => email.keywords.includes(word));
  if (add.length + remove.length > 0) t.setKeywords(number, add, remove, dueAt);
  if (to !== null && from !== null) t.move(number, from, to, dueAt);
  // It has left the mailbox it was to leave: somebody put it elsewhere, and there it stays.
  else if (to !== null && boxes.off.length === 0) t.copy(number, to, dueAt);
  else if (to === null && from !== null && email.mailboxes.length > 1) t.leave(number, from, dueAt);
};

/**
 * The patch was put into the model when the message was handed in, with intents that wait for the submission; now the
 * server may follow. Taking it back and applying it again ends the waiting and leaves the model as it is.
 */
export const releaseEmailPatch = (
  t: IndexTransactor,
  number: EmailNumber,
  { onSuccessUpdateEmail, onCancelUpdateEmail }: Pick<SubmissionRecord, 'onSuccessUpdateEmail' | 'onCancelUpdateEmail'>,
  dueAt: number,
): void => {
  if (onCancelUpdateEmail !== null) applyEmailPatch(t, number, onCancelUpdateEmail, dueAt);
  if (onSuccessUpdateEmail !== null) applyEmailPatch(t, number, onSuccessUpdateEmail, dueAt);
};

/** Whether the patch puts the Email into this mailbox. */
export const movesTo = (patch: EmailPatch, mailbox: MailboxId | undefined): boolean =>
  mailbox !== undefined && changes(patch, 'mailboxIds').on.some((id) => mailboxOf(id) === mailbox);

/** The ids of mailboxes that a patch names; `on`: into which it puts the Email. */
export const mailboxesIn = (patch: EmailPatch, on = false): string[] => {
  const named = changes(patch, 'mailboxIds');
  return on ? named.on : [...named.on, ...named.off];
};
