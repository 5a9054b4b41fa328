import type { EmailId } from '#jmap/ids.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { quoteTime } from '../format.ts';
import type { Mail } from '../mail.ts';
import { emptyLetter, type Letter } from './letter.ts';
import { fetchOriginal } from './original.ts';

/** A letter as its writer finds it, and how its window begins. */
export interface FirstVersion {
  letter: Letter;
  begins: 'to' | 'body';
  emailId?: EmailId;
  inThread?: string | null;
  shape?: 'docked' | 'inline';
  rawQuote?: string | null;
  isMade?: boolean;
}

/** @throws ModelError when what is answered, forwarded or written on cannot be had */
export const firstVersion = async (
  connection: Connection,
  mail: Mail,
  { kind, emailId, inThread, apart, to = [], cc = [], subject = '', text = '' }: ComposeRequest,
): Promise<FirstVersion> => {
  const identities = mail.identities.peek();
  if (kind === 'new' || emailId === undefined) {
    const identityId = identities[0]?.id ?? null;
    return {
      letter: { ...emptyLetter, identityId, to, cc, subject, text },
      begins: to.length > 0 ? 'body' : 'to',
      isMade: true,
    };
  }
  const original = await fetchOriginal(connection, mail, emailId);
  if (kind === 'draft') {
    const { reopened } = await import('./reopen.ts');
    const { letter, raw } = reopened(original, identities);
    return { letter, emailId, begins: 'body', rawQuote: raw };
  }
  const { answer } = await import('./answer.ts');
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
