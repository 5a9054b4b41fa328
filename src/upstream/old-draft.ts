import { logError } from '#base/log.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import type { MailboxId, Uid } from '#index/types.ts';
import { catchUp } from './catch-up.ts';
import type { Mirror } from './mirror.ts';

/** Takes away the version of a draft before, now that the new one stands. A refusal leaves an old draft, never none. */
export const removeOldDraft = async (
  session: ImapSession,
  mirror: Mirror,
  old: { mailbox: MailboxId; uid: Uid },
): Promise<void> => {
  const box = mirror.index.read((reader) => reader.mailbox(old.mailbox));
  if (box === undefined) return;
  try {
    const selected = await session.select(box.pathRaw);
    if (selected.uidvalidity === box.uidvalidity) await session.expunge([old.uid]);
    else await catchUp(session, mirror, box.id);
  } catch (error) {
    if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
    logError(mirror.log, 'upstream.old-draft-stays', error);
  }
};
