import type { Mailbox, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Mirror } from './mirror.ts';

/**
 * Where mailboxes are labels (Gmail), every message lies in this one too: moved there it only loses the label. What
 * EXPUNGE would do is a setting of the user's.
 */
const allMail = (mirror: Mirror): Mailbox | undefined =>
  mirror.index.read((reader) =>
    reader.mailboxes().find(({ role, state, noselect }) => role === 'all' && state !== 'gone' && !noselect),
  );

/**
 * Takes messages out of the selected mailbox that lie in another too (rule S55). false: nothing was done, since it is the
 * mailbox of all mail, and the server itself takes a message out of that when it comes to Trash or Junk.
 */
export const leaveMailbox = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  uids: readonly Uid[],
): Promise<boolean> => {
  const all = session.quirks.labels ? allMail(mirror) : undefined;
  if (all?.id === box.id) return false;
  await (all === undefined ? session.expunge(uids) : session.move(uids, all.pathRaw));
  return true;
};
