import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { EmailFilter } from '#jmap/mail.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import { intoTrash } from './discard.ts';
import { isDraft } from './draft.ts';
import { type Keep, type KeptLetter, readKept } from './kept.ts';
import { isBlank, type Letter } from './letter.ts';

interface Parts {
  connection: Connection;
  keep: Keep;
  start(request: ComposeRequest, shape: KeptLetter['shape']): Promise<void>;
  /** Opens a letter that the server has not all of. */
  begin(letter: Letter, emailId: EmailId | null, shape: KeptLetter['shape']): void;
}

/** A letter that is in Drafts; unless it was sent or deleted meanwhile. @throws ModelError */
const openAgain = async (
  { connection, start }: Parts,
  mail: Mail,
  emailId: EmailId,
  shape: KeptLetter['shape'],
): Promise<void> => {
  const { answer: asked } = connection.call('Email/get', {
    accountId: mail.id,
    ids: [emailId],
    properties: ['keywords', 'mailboxIds'],
  });
  const [found] = (await asked).list;
  const where = Object.keys(found?.mailboxIds ?? {}) as MailboxId[];
  const isDraft = found !== undefined && Object.hasOwn(found.keywords, '$draft');
  if (isDraft && !where.every((each) => mail.mailboxes.within(each, 'trash')))
    await start({ kind: 'draft', accountId: mail.id, emailId }, shape);
};

/** A letter whose page went before the server had thrown it away: its newest version goes into Trash. @throws ModelError */
const throwAway = async ({ connection }: Parts, mail: Mail, { letter, emailId }: KeptLetter): Promise<void> => {
  const accountId = mail.id;
  const ids = emailId === null ? [] : [emailId];
  for (const unheard of letter?.unheard ?? []) {
    const filter: EmailFilter = { header: ['Message-ID', unheard.messageId] };
    if (unheard.accountId === accountId)
      ids.push(...(await connection.call('Email/query', { accountId, filter }).answer).ids);
  }
  const trash = await mail.mailboxes.need('trash');
  const asked = connection.call('Email/get', { accountId, ids, properties: ['keywords', 'mailboxIds'] });
  const found = (await asked.answer).list.filter((each) => isDraft(mail, each));
  const drafts = ids.flatMap((id) => found.filter((each) => each.id === id));
  const newest = drafts.at(-1);
  if (!newest) return;
  const update = trash ? { [newest.id]: intoTrash(newest, trash.id) } : {};
  const destroy = drafts.map(({ id }) => id).filter((id) => !Object.hasOwn(update, id));
  await connection.call('Email/set', { accountId, update, destroy }).answer;
};

/** Opens the letters of this account that are kept under these keys and that no tab has in hand. Never rejects. */
export const recover = async (mail: Mail, keys: readonly string[], parts: Parts): Promise<void> => {
  const { keep, begin } = parts;
  for (const key of keys) {
    const kept = readKept(keep.get(key));
    if (kept === null) keep.remove(key);
    if (kept?.accountId !== mail.id || !(await keep.claim(key))) continue;
    const { letter, emailId, shape, isDiscarded } = kept;
    const attachments = letter?.attachments.filter((each) => each.upload.at === 'ready') ?? [];
    try {
      if (isDiscarded) await throwAway(parts, mail, kept);
      else if (letter !== null) {
        if (!isBlank(letter)) begin({ ...letter, attachments }, emailId, shape);
      } else if (emailId !== null) await openAgain(parts, mail, emailId, shape);
      keep.remove(key);
    } catch (error) {
      if (modelError(error).code === 'jmap/method') keep.remove(key);
    }
    keep.release(key);
  }
};
