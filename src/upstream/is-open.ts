import type { Mailbox } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';

/** Whether the mailbox is the selected one; another that has its name since a RENAME or DELETE has another UIDVALIDITY. */
export const isOpen = ({ selected }: ImapSession, { pathRaw, uidvalidity }: Mailbox): boolean =>
  selected?.pathRaw === pathRaw && selected.uidvalidity === uidvalidity;
