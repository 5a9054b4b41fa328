import type { AccountId, EmailId } from '#jmap/ids.ts';
import { emptyLetter, type Letter } from './letter.ts';

/** A letter as it is kept on this device. */
export interface KeptLetter {
  accountId: AccountId;
  letter: Letter;
  emailId: EmailId | null;
}

/** Null for what another version wrote and this one cannot read. */
export const readKept = (text: string | null): KeptLetter | null => {
  try {
    const kept = JSON.parse(text ?? '') as Partial<KeptLetter>;
    const { accountId, letter, emailId = null } = kept;
    return accountId && letter ? { accountId, letter: { ...emptyLetter, ...letter }, emailId } : null;
  } catch {
    return null;
  }
};
