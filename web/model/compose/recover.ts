import type { AccountId, EmailId, MailboxId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Keep } from './composers.ts';
import { emptyLetter, isBlank, type Letter } from './letter.ts';

/** A letter whose window is open, as it is kept on this device. */
export interface KeptLetter {
  accountId: AccountId;
  /** Null when the server has all of it: no text of a mail is kept here without need. */
  letter: Letter | null;
  emailId: EmailId | null;
}

export interface RecoverParts {
  connection: Connection;
  keep: Keep;
  /** Opens a letter whose last version only this device has. */
  begin(letter: Letter, emailId: EmailId | null): void;
  /** Opens a draft that the server has. */
  open(emailId: EmailId): Promise<void>;
}

/** Null for what another version wrote and this one cannot read. */
const readKept = (text: string | null): KeptLetter | null => {
  try {
    const kept = JSON.parse(text ?? '') as Partial<KeptLetter>;
    const { accountId, letter = null, emailId = null } = kept;
    if (!accountId || (letter === null && emailId === null)) return null;
    return { accountId, letter: letter && { ...emptyLetter, ...letter }, emailId };
  } catch {
    return null;
  }
};

/** A letter that is in Drafts; unless it was sent or deleted meanwhile. False when the server could not be asked. */
const openAgain = async ({ connection, open }: RecoverParts, mail: Mail, emailId: EmailId): Promise<boolean> => {
  const { answer: asked } = connection.call('Email/get', {
    accountId: mail.id,
    ids: [emailId],
    properties: ['keywords', 'mailboxIds'],
  });
  try {
    const [found] = (await asked).list;
    const where = Object.keys(found?.mailboxIds ?? {}) as MailboxId[];
    const isDraft = found !== undefined && Object.hasOwn(found.keywords, '$draft');
    if (isDraft && !where.every((each) => mail.mailboxes.within(each, 'trash'))) await open(emailId);
    return true;
  } catch (error) {
    return modelError(error).code === 'jmap/method';
  }
};

/** Opens the letters of an account whose windows were open when their tab ended. Never rejects. */
export const recover = async (parts: RecoverParts, mail: Mail): Promise<void> => {
  const { keep, begin } = parts;
  for (const key of keep.keys().filter((each) => each.startsWith('postern.letter.'))) {
    const kept = readKept(keep.get(key));
    if (kept === null) keep.remove(key);
    if (kept?.accountId !== mail.id || !(await keep.claim(key))) continue;
    const { letter, emailId } = kept;
    const ready = letter?.attachments.filter((each) => each.upload.at === 'ready') ?? [];
    let isDone = true;
    if (letter === null) isDone = emailId === null || (await openAgain(parts, mail, emailId));
    else if (!isBlank(letter)) begin({ ...letter, attachments: ready }, emailId);
    if (isDone) keep.remove(key);
    keep.release(key);
  }
};
