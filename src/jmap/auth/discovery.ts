/** `/auth/discover`: from an address to its servers. docs/spec/discovery.md. */

import type { Security, ServerFacts } from './servers.ts';

/** Why a server was not taken while looking. Nothing but a greeting and STARTTLS has been said to it. */
export type Doubt =
  | 'not-found'
  | 'unreachable'
  | 'timeout'
  | 'private'
  | 'not-allowed'
  | 'no-tls'
  | 'certificate'
  | 'not-imap'
  | 'not-smtp'
  | 'plain-refused';

export interface FoundServer extends ServerFacts {
  /** TLS was seen with a valid certificate for `host`, or the operator named the server. */
  proven: boolean;
}

/**
 * Where settings come from, the most credible first: the operator; our own table; what the domain publishes (PACC,
 * Mozilla's autoconfig); Thunderbird's database of providers; SRV records; who takes in the domain's mail; the usual names.
 */
export type SettingsSource = 'operator' | 'provider' | 'pacc' | 'autoconfig' | 'ispdb' | 'srv' | 'mx' | 'guess';

export interface FoundSettings {
  source: SettingsSource;
  imap: FoundServer;
  smtp: FoundServer;
  /** What users of the provider have to know; `auth` `app-password`: the ordinary password is refused. */
  provider: {
    id: string;
    name: string;
    auth: 'password' | 'app-password' | 'oauth';
    appPasswordUrl: string | null;
    enableUrl: string | null;
    note: string | null;
    /** How an app password is made, a sentence each. */
    steps: readonly string[];
  } | null;
  /** The user can sign in at this issuer of the operator's, without a password: `POST /auth/oauth/begin`. */
  oauth: { issuer: string; name: string } | null;
  /** A server lies outside the address's own domain: shown before a password is sent. */
  foreign: boolean;
  /** The login is a guess: where the whole address is refused, the part before the @ may be tried once. */
  loginUnsure: boolean;
}

/**
 * One event of `POST /auth/discover {address}` (`event: step`, data this object; or with `Accept: application/json` an
 * object `{steps}` at the end). `ms` is the time since the start. The last is `result` or `failed`.
 */
export type DiscoveryStep =
  | {
      step: 'settings';
      state: 'looking' | 'found' | 'missing';
      source: SettingsSource | null;
      provider: string | null;
      ms: number;
    }
  /** One of the ways to find out, which are asked side by side. */
  | { step: 'via'; source: SettingsSource; state: 'looking' | 'found' | 'nothing'; ms: number }
  | {
      step: 'incoming' | 'outgoing';
      state: 'trying' | 'proven' | 'failed';
      host: string;
      port: number;
      security: Security;
      doubt: Doubt | null;
      ms: number;
    }
  | { step: 'result'; settings: FoundSettings; ms: number }
  | { step: 'failed'; doubt: Doubt | 'no-imap'; note: string | null; ms: number };
