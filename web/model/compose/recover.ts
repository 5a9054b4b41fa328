import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import { type Keep, type KeptLetter, readKept } from './kept.ts';
import { isBlank, type Letter } from './letter.ts';

interface Parts {
  connection: Connection;
  keep: Keep;
  start(request: ComposeRequest, shape: KeptLetter['shape']): Promise<void>;
  /** Opens a letter that the server has not all of. */
  begin(letter: Letter, emailId: EmailId | null, shape: KeptLetter['shape']): void;
}

/** A letter that is in Drafts; unless it was sent or deleted meanwhile. False when the server could not be asked. */
const openAgain = async (
  { connection, start }: Parts,
  mail: Mail,
  emailId: EmailId,
  shape: KeptLetter['shape'],
): Promise<boolean> => {
  const { answer: asked } = connection.call('Email/get', {
    accountId: mail.id,
    ids: [emailId],
    properties: ['keywords', 'mailboxIds'],
  });
  try {
    const [found] = (await asked).list;
    const where = Object.keys(found?.mailboxIds ?? {}) as MailboxId[];
    const isDraft = found !== undefined && Object.hasOwn(found.keywords, '$draft');
    if (isDraft && !where.every((each) => mail.mailboxes.within(each, 'trash')))
      await start({ kind: 'draft', accountId: mail.id, emailId }, shape);
    return true;
  } catch (error) {
    return modelError(error).code === 'jmap/method';
  }
};

/** Opens the letters of this account that are kept under these keys and that no tab has in hand. Never rejects. */
export const recover = async (mail: Mail, keys: readonly string[], parts: Parts): Promise<void> => {
  const { keep, begin } = parts;
  for (const key of keys) {
    const kept = readKept(keep.get(key));
    if (kept === null) keep.remove(key);
    if (kept?.accountId !== mail.id || !(await keep.claim(key))) continue;
    const { letter, emailId, shape } = kept;
    const attachments = letter?.attachments.filter((each) => each.upload.at === 'ready') ?? [];
    let isDone = true;
    if (letter === null) isDone = emailId === null || (await openAgain(parts, mail, emailId, shape));
    else if (!isBlank(letter)) begin({ ...letter, attachments }, emailId, shape);
    if (isDone) keep.remove(key);
    keep.release(key);
  }
};
