import type { EmailId } from '#jmap/ids.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { quoteTime } from '../format.ts';
import type { Mail } from '../mail.ts';
import { answer } from './answer.ts';
import type { Letter } from './letter.ts';
import { fetchOriginal } from './original.ts';
import { reopened } from './reopen.ts';

/** An answer, or a draft, as its writer finds it, and how its window begins. */
interface FirstVersion {
  letter: Letter;
  begins: 'to' | 'body';
  emailId?: EmailId;
  inThread?: string | null;
  shape?: 'docked' | 'inline';
  rawQuote: string | null;
  isMade?: boolean;
}

/** @throws ModelError when what is answered, forwarded or written on cannot be had */
export const firstVersion = async (
  connection: Connection,
  mail: Mail,
  kind: Exclude<ComposeRequest['kind'], 'new'>,
  emailId: EmailId,
  { inThread, apart }: ComposeRequest,
): Promise<FirstVersion> => {
  const identities = mail.identities.peek();
  const original = await fetchOriginal(connection, mail, emailId);
  if (kind === 'draft') {
    const { letter, raw } = reopened(original, identities);
    return { letter, emailId, begins: 'body', rawQuote: raw };
  }
  const letter = answer(original, kind, identities, quoteTime(original.sentAt ?? original.receivedAt));
  return {
    // The original's HTML goes into the letter only after the editor's frame has cleaned it.
    letter: { ...letter, originalIn: mail.id, quote: letter.quote && { ...letter.quote, html: null } },
    begins: kind === 'forward' ? 'to' : 'body',
    inThread: inThread ?? null,
    shape: inThread !== undefined && apart !== true ? 'inline' : 'docked',
    rawQuote: letter.quote?.html ?? null,
    isMade: true,
  };
};
