import type { AppPasswords } from '#app-passwords/manager.ts';
import { type ManagedParts, managedUser } from '#app-passwords/managed.ts';
import type { AppPasswordsConfig } from '#config/app-passwords.ts';
import { MethodFailure } from '../errors.ts';
import type { OpenAccount } from '../types.ts';

/** What the gateway knows of app passwords: the operator's wishes, and the manager where there is one. */
export interface Desk extends ManagedParts {
  config: AppPasswordsConfig;
  /** Null: this Postern manages none. */
  app: AppPasswords | null;
}

/** An account whose app passwords are managed here. */
export interface Managed {
  app: AppPasswords;
  /** As Dovecot names him. */
  user: string;
}

export const managedAccount = (desk: Desk, { account }: Pick<OpenAccount, 'account'>): Managed | null => {
  const user = desk.app && managedUser(desk, account.imap);
  return desk.app && user !== null ? { app: desk.app, user } : null;
};

/** @throws MethodFailure accountNotSupportedByMethod */
export const mustManage = (desk: Desk, open: OpenAccount): Managed => {
  const managed = managedAccount(desk, open);
  if (!managed)
    throw new MethodFailure('accountNotSupportedByMethod', 'App passwords of this account are not managed here.');
  return managed;
};

/** Of a Postern that manages none. */
export const emptyDesk: Desk = {
  app: null,
  domains: new Map(),
  config: {
    scheme: 'SSHA512',
    most: 0,
    longestMs: 0,
    protocols: [],
    domains: [],
    servers: [],
    setup: { imap: null, submission: null, pop3: null, sieve: null },
    required: false,
    onMainChange: 'keep',
    swap: 'off',
    swapNetworks: [],
    swapEnds: false,
    doveadm: 'none',
    classic: null,
  },
};
