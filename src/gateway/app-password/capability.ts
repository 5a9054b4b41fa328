import type { AppPasswordCapability, AppPasswordPolicy, AppPasswordSetup } from '#jmap/app-password.ts';
import { type UTCDate, utcDate } from '#jmap/ids.ts';
import type { MailHost } from '#jmap/keep.ts';
import type { AppPasswordsConfig } from '#config/app-passwords.ts';
import { providerOfHost } from '#discovery/providers.ts';
import type { OpenAccount } from '../types.ts';
import { type Desk, managedAccount } from './desk.ts';
import { appPasswordId } from './view.ts';

const day = 86_400_000;

const hostOf = ({ host, port, security }: MailHost): MailHost => ({ host, port, security });
const instant = (ms: number | null): UTCDate | null => (ms === null ? null : utcDate(ms / 1000));

/** What a program is told: the operator's servers for programs where he named them, else those that Postern uses. */
export const setupOf = (desk: Desk, open: OpenAccount): AppPasswordSetup => {
  const { address, imap, smtp } = open.account;
  const { setup } = desk.config;
  const isHere = managedAccount(desk, open) !== null;
  return {
    address,
    username: imap.username,
    imap: hostOf((isHere ? setup.imap : null) ?? imap),
    smtp: hostOf((isHere ? setup.submission : null) ?? smtp),
    pop3: isHere ? setup.pop3 && hostOf(setup.pop3) : null,
    sieve: isHere ? setup.sieve && hostOf(setup.sieve) : null,
  };
};

const policyOf = ({ most, longestMs, protocols, required, onMainChange }: AppPasswordsConfig): AppPasswordPolicy => ({
  most: most === 0 ? null : most,
  longestDays: longestMs === 0 ? null : Math.floor(longestMs / day),
  protocols: [...protocols],
  required,
  onMainChange,
});

const keepsTheMain =
  'Postern could not make an app password for itself when you last signed in, so it keeps your main password, encrypted. It tries again when you sign in the next time.';

const ownOf = (desk: Desk, open: OpenAccount, isHere: boolean): AppPasswordCapability['own'] => {
  const { auth, authId, authSince, checkedAt, state } = open.account;
  const isRefused = open.engine.connection.at === 'refused' || state === 'refused';
  return {
    auth,
    id: auth === 'minted' && authId !== null ? appPasswordId(authId) : null,
    since: instant(authSince),
    checkedAt: instant(checkedAt),
    refused: isRefused,
    note: isHere && desk.config.swap !== 'off' && auth === 'password' ? keepsTheMain : null,
  };
};

/** The account's value of the capability (A63). */
export const capabilityOf = (desk: Desk, open: OpenAccount): AppPasswordCapability => {
  const isHere = managedAccount(desk, open) !== null;
  const provider = isHere ? null : providerOfHost(open.account.imap.host);
  const takesAppPasswords = provider !== null && (provider.auth === 'app-password' || provider.appPasswordUrl !== null);
  return {
    mode: isHere ? 'here' : takesAppPasswords ? 'provider' : 'one-password',
    provider:
      takesAppPasswords && provider
        ? { name: provider.name, url: provider.appPasswordUrl, steps: [...provider.steps], note: provider.note }
        : null,
    policy: isHere ? policyOf(desk.config) : null,
    setup: setupOf(desk, open),
    own: ownOf(desk, open, isHere),
  };
};
