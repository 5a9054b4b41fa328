import { ConfigError } from './errors.ts';
import type { Cidr } from './networks.ts';
import type { ServerAddress, ServerPattern } from './servers.ts';

export type AppPasswordProtocol = 'imap' | 'pop3' | 'submission' | 'sieve';

/** What mail programs are told to type in; null: as the account has it, or nothing. */
export type SetupServers = Readonly<Record<AppPasswordProtocol, ServerAddress | null>>;

/** How app passwords are made and revoked. Where they are kept is a secret: it holds a password. */
export interface AppPasswordsConfig {
  scheme: 'SSHA512' | 'SSHA256' | 'SHA512-CRYPT' | 'ARGON2ID';
  /** 0: any number. */
  most: number;
  /** 0: for ever. */
  longestMs: number;
  protocols: readonly AppPasswordProtocol[];
  domains: readonly string[];
  /** The IMAP servers whose Dovecot checks them; empty: those of `Config.domains`. */
  servers: readonly ServerPattern[];
  setup: SetupServers;
  /** The main password opens nothing but the web. */
  required: boolean;
  onMainChange: 'keep' | 'ask' | 'drop';
  /** Whether Postern makes one for itself at the sign-in and forgets the main password. */
  swap: 'off' | 'on' | 'required';
  /** From where Postern's own may be used; empty: from anywhere. */
  swapNetworks: readonly Cidr[];
  /** Postern's own ends with the user's last session. */
  swapEnds: boolean;
  /** A command, a URL, or `none`. */
  doveadm: string;
  /** Absolute path of a JSON file, or null. */
  classic: string | null;
}

/**
 * Whether what is said of app passwords fits together.
 * @returns a sentence for the operator's log, or null
 * @throws ConfigError
 */
export const checkAppPasswords = (
  { swap, servers }: AppPasswordsConfig,
  isManaged: boolean,
  domains: ReadonlyMap<string, unknown>,
): string | null => {
  const isNamed = servers.length > 0 || domains.size > 0;
  if (swap !== 'off' && !(isManaged && isNamed))
    throw new ConfigError('config/invalid', [
      `POSTERN_APP_PASSWORDS_SWAP is ${swap}: it needs POSTERN_APP_PASSWORDS_URL, and POSTERN_APP_PASSWORDS_SERVERS or POSTERN_DOMAINS.`,
    ]);
  return isManaged && !isNamed
    ? 'Nobody can make app passwords on the web: neither POSTERN_APP_PASSWORDS_SERVERS nor POSTERN_DOMAINS is set.'
    : null;
};
