import type { Email, Mailbox, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Mirror } from './mirror.ts';

/** The newest message of the selected mailbox with this Message-ID that is not another Email's. */
export const findMessage = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  email: Email,
  except: Uid | null = null,
): Promise<Uid | null> => {
  if (email.messageId === null) return null;
  const hits = (await session.search({ header: ['Message-ID', `<${email.messageId}>`] })) as Uid[];
  const free = hits.filter((uid) => {
    const place = mirror.index.read((reader) => reader.placement(box.id, uid));
    return uid !== except && (place === undefined || place.email === email.row);
  });
  return free.at(-1) ?? null;
};
