import { bearerOf } from './bearer.ts';
import { readToken } from './cookies.ts';
import { foreignOrigin, type Head, type Peer } from './peer.ts';
import { DoorError, unauthenticated } from './problems.ts';
import type { Sessions, Visitor } from './sessions.ts';

export type SessionVisitor = Extract<Visitor, { kind: 'session' }>;

/** A cookie has power from our own pages only; where there is none, nobody asks. `or`: what else would do. */
const checkPage = (request: Head, peer: Peer, or?: string): void => {
  if (request.headers.get('origin') === peer.origin) return;
  throw readToken(request, peer) ? foreignOrigin(peer, or) : unauthenticated();
};

/**
 * Who changes something: by a Bearer token, or by the cookie of a session from our own pages. Another Authorization, of a
 * proxy in front of us say, is neither.
 * @throws DoorError `unauthenticated`, `locked`, `forbidden-origin`
 */
export const changer = (sessions: Sessions, request: Head, peer: Peer): Visitor | Promise<Visitor> => {
  if (bearerOf(request) === null) checkPage(request, peer, ', or a Bearer token');
  return sessions.visitor(request, peer);
};

/** As {@link changer}, where a token that may only read is of no use. @throws DoorError `read-only` */
export const writer = async (sessions: Sessions, request: Head, peer: Peer): Promise<Visitor> => {
  const visitor = await changer(sessions, request, peer);
  if (visitor.kind === 'token' && visitor.token.readOnly)
    throw new DoorError('read-only', 'This token may only read.', 'Use one that may change things.');
  return visitor;
};

export const sessionOnly = (): DoorError =>
  new DoorError('session-only', 'An API token cannot do this.', 'Do it in a browser that is signed in.');

/** The browser session that asks from our own pages. @throws DoorError `session-only`, `unauthenticated`, `forbidden-origin` */
export const cookieVisitor = async (sessions: Sessions, request: Head, peer: Peer): Promise<SessionVisitor> => {
  if (bearerOf(request) === null) checkPage(request, peer);
  const visitor = await sessions.identify(request, peer);
  if (visitor.kind !== 'session') throw sessionOnly();
  return visitor;
};
