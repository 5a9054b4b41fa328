import { DoorError } from './problems.ts';

/** Why an account is not added or removed, in words. */

export const exists = (address: string): DoorError =>
  new DoorError('account-exists', `${address} is among your accounts already.`, 'Nothing was changed.');

export const elsewhere = (address: string): DoorError =>
  new DoorError(
    'account-elsewhere',
    `Somebody signs in to this Postern with ${address}.`,
    'That sign-in has settings, drafts and unsent mail of its own, which stay apart from yours. You can add the account all the same.',
  );

export const lastAccount = (): DoorError =>
  new DoorError(
    'last-account',
    'This is your only account.',
    'Without it nothing would be left. Delete everything instead, or add another account first.',
  );

export const lastUnlocker = (address: string): DoorError =>
  new DoorError(
    'last-unlocker',
    `You sign in with the password of ${address}.`,
    'Add a site password or a passkey first. Nothing has changed.',
  );

/** As many as one person reads; each holds connections. */
export const mostAccounts = 50;

export const tooMany = (): DoorError =>
  new DoorError('malformed', `${mostAccounts} accounts are the most.`, 'Remove one first. Nothing has changed.');
