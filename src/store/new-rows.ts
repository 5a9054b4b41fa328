import type { SlotRow, UserId, UserKeys } from '#vault/keeper.ts';
import type { MailAccount, Slot, User } from './types.ts';

/** Rows as they are when they are made. */

export const newUser = (id: UserId, createdAt: number, keys: UserKeys): User => ({
  id,
  createdAt,
  keys,
  siteName: null,
  lockedAt: null,
  totpStep: null,
});

export const newSlot = (
  slot: SlotRow,
  createdAt: number,
  more: Partial<Pick<Slot, 'name' | 'facts' | 'lastUsedAt'>> = {},
): Slot => ({ ...slot, name: null, createdAt, lastUsedAt: null, facts: null, ...more });

/** What is the same of every account just made, its password kept since `at`. */
export const usualAccount = (
  at: number,
): Pick<
  MailAccount,
  | 'away'
  | 'awayUntil'
  | 'auth'
  | 'authId'
  | 'authSince'
  | 'checkedAt'
  | 'connections'
  | 'certificates'
  | 'identity'
  | 'inAllInboxes'
  | 'refused'
  | 'ownSmtp'
  | 'smtpHold'
  | 'state'
  | 'stateAt'
> => ({
  state: 'ok',
  stateAt: at,
  refused: null,
  ownSmtp: false,
  smtpHold: null,
  away: 'sealed',
  awayUntil: null,
  auth: 'password',
  authId: null,
  authSince: at,
  checkedAt: null,
  connections: null,
  certificates: { imap: null, smtp: null },
  identity: null,
  inAllInboxes: true,
});
