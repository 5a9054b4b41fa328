import type { OAuthBeginRequest, OAuthBegun, OAuthFinished, OAuthFinishRequest } from '#jmap/auth/oauth.ts';
import type { Fetch } from './connection.ts';
import { type Outcome, sendJson } from './asking.ts';

/** Signing in at an OAuth2 issuer: away from here, and back to {@link returnPath}. */

const returnPath = '/connect';

/** Where the browser has to go. Never rejects. */
export const beginAtIssuer = (fetch: Fetch, wish: OAuthBeginRequest): Promise<Outcome<OAuthBegun>> =>
  sendJson<OAuthBegun>(fetch, '/auth/oauth/begin', wish);

/** What the issuer sent back, from the URL of the page; null: nobody comes back. */
export const returned = (url: string): OAuthFinishRequest | null => {
  const { pathname, hash } = new URL(url, 'http://postern.invalid');
  const said = new URLSearchParams(hash.slice(1));
  const state = said.get('state');
  if (pathname !== returnPath || state === null) return null;
  const of = (name: 'code' | 'iss' | 'error') => {
    const value = said.get(name);
    return value === null ? {} : { [name]: value };
  };
  return { state, ...of('code'), ...of('iss'), ...of('error') };
};

export const finishAtIssuer = (fetch: Fetch, answer: OAuthFinishRequest): Promise<Outcome<OAuthFinished>> =>
  sendJson<OAuthFinished>(fetch, '/auth/oauth/finish', answer);
