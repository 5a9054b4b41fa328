import type { IndexReader, Mailbox, MailboxId } from '#index/types.ts';
import { parseKeyword } from '#jmap/keywords.ts';
import { isObject } from '../check.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { mailboxNumber } from '../ids.ts';
import { limits } from '../limits.ts';
import { type Context, resolveId } from '../method.ts';

/** Keywords every server can keep: they are IMAP's own flags – RFC 8621 §4.1.1 */
const systemFlags: ReadonlySet<string> = new Set(['$seen', '$flagged', '$answered', '$draft']);

const trueKeys = (value: unknown, property: string): string[] => {
  if (!isObject(value)) throw invalidProperties([property]);
  const keys = Object.keys(value);
  if (keys.some((key) => value[key] !== true)) throw invalidProperties([property]);
  return keys;
};

/** The keywords of a set, each in its one spelling. @throws SetFailure invalidProperties, tooManyKeywords */
export const keywordsOf = (value: unknown): string[] => {
  const words = trueKeys(value, 'keywords').map((key) => {
    const word = parseKeyword(key);
    if (word === undefined || word === '$deleted') throw invalidProperties(['keywords'], 'This is no keyword.');
    return word;
  });
  const once = [...new Set<string>(words)];
  if (once.length > limits.maxKeywordsPerEmail) throw new SetFailure({ type: 'tooManyKeywords' });
  return once;
};

/** @throws SetFailure when the mailbox cannot keep one of these keywords */
export const admitKeywords = (box: Mailbox | undefined, added: readonly string[]): void => {
  if (box && !box.keywordsAllowed && added.some((word) => !systemFlags.has(word))) {
    throw invalidProperties(['keywords'], 'The mail server keeps no keywords in this mailbox.');
  }
};

/** The mailboxes of a set, creation ids resolved. @throws SetFailure invalidProperties, tooManyMailboxes */
export const mailboxesOf = (context: Context, value: unknown): MailboxId[] => {
  const ids = trueKeys(value, 'mailboxIds').map((key) => {
    const box = mailboxNumber(resolveId(context, key) ?? '');
    if (box === undefined) throw invalidProperties(['mailboxIds'], 'There is no such mailbox.');
    return box;
  });
  if (ids.length === 0) throw invalidProperties(['mailboxIds'], 'An Email is in at least one mailbox.');
  return ids;
};

/** The one mailbox a new Email goes into. @throws SetFailure */
export const mailboxForNew = (context: Context, reader: IndexReader, value: unknown): Mailbox => {
  const [id, ...more] = mailboxesOf(context, value);
  if (more.length > 0) throw new SetFailure({ type: 'tooManyMailboxes' });
  return admitMailbox(id === undefined ? undefined : reader.mailbox(id));
};

/** A mailbox that takes mail. @throws SetFailure invalidProperties, forbidden */
export const admitMailbox = (box: Mailbox | undefined): Mailbox => {
  if (!box || box.state === 'gone') throw invalidProperties(['mailboxIds'], 'There is no such mailbox.');
  if (box.noselect || box.readOnly)
    throw new SetFailure({ type: 'forbidden', description: 'This mailbox takes no mail.' });
  return box;
};
