import type { AccountId, EmailId } from '#jmap/ids.ts';
import { emptyLetter, type Letter } from './letter.ts';

/** A letter whose window is open, as it is kept on this device. */
export interface KeptLetter {
  accountId: AccountId;
  /** Null when the server has all of it: no text of a mail is kept here without need. */
  letter: Letter | null;
  emailId: EmailId | null;
  shape: 'docked' | 'minimised';
}

/** Null for what another version wrote and this one cannot read. */
export const readKept = (text: string | null): KeptLetter | null => {
  try {
    const kept = JSON.parse(text ?? '') as Partial<KeptLetter>;
    const { accountId, letter = null, emailId = null, shape = 'docked' } = kept;
    if (!accountId || (letter === null && emailId === null)) return null;
    return { accountId, letter: letter && { ...emptyLetter, ...letter }, emailId, shape };
  } catch {
    return null;
  }
};
