/** `/auth/oauth`: signing in at the provider of a mail account. */

import type { AccountFacts } from './accounts.ts';
import type { ServerWish } from './servers.ts';
import type { SignedIn } from './sign-in.ts';

/**
 * `POST /auth/oauth/begin`: somebody goes to an issuer of the operator's (`FoundSettings.oauth`). Answers
 * {@link OAuthBegun}; the browser goes to its `url`, and comes back by `GET /auth/oauth/callback` to
 * `/connect#state=…&code=…`, from where the app posts {@link OAuthFinishRequest}.
 */
export interface OAuthBeginRequest {
  /** Its id; with `renew`, without it, the one the account is connected by. */
  issuer?: string;
  address: string;
  /** `add`: a further account of the user who is here; `renew`: `account` is connected again. */
  purpose: 'sign-in' | 'add' | 'renew';
  /** JMAP accountId, with `renew`. */
  account?: string;
  /** With `sign-in`, as there. */
  remember?: boolean;
  /** Both or neither; without them the servers are looked for. */
  imap?: ServerWish;
  smtp?: ServerWish;
}

export interface OAuthBegun {
  url: string;
}

/** `POST /auth/oauth/finish`, by the browser that began, within ten minutes. Answers {@link OAuthFinished}. */
export interface OAuthFinishRequest {
  state: string;
  code?: string;
  iss?: string;
  /** Instead of a code – RFC 6749 §4.1.2.1. */
  error?: string;
  /** After `slot-does-not-open`: beside what other unlockers open. */
  startAfresh?: boolean;
}

export type OAuthFinished =
  | { purpose: 'sign-in'; signedIn: SignedIn }
  | { purpose: 'add' | 'renew'; account: AccountFacts };
