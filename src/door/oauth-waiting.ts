import { randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { MailAccount } from '#store/types.ts';
import { hashToken } from '#vault/keys.ts';
import type { UserId } from '#vault/keeper.ts';
import type { Head, Peer } from './peer.ts';
import type { Servers } from './servers.ts';

/** Somebody who is at an issuer. */
export interface Waiting {
  issuer: { id: string; name: string };
  servers: Servers;
  /** Of the keeper's code verifier. */
  handle: string;
  /** What becomes of it. */
  goal:
    | { purpose: 'sign-in'; remember: boolean }
    | { purpose: 'add'; user: UserId }
    | { purpose: 'renew'; user: UserId; account: MailAccount };
  /** Once the issuer's answer has proven itself at the mail server: another try needs no other. */
  admission: string | null;
}

const waitMs = 10 * 60_000;
const most = 10_000;
const path = '/auth/oauth/finish';

const nameOf = (peer: Peer): string => (peer.secure ? '__Secure-postern-oauth' : 'postern-oauth');

const cookie = (peer: Peer, value: string, seconds: number): string =>
  [
    `${nameOf(peer)}=${value}`,
    `Path=${path}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(peer.secure ? ['Secure'] : []),
    `Max-Age=${seconds}`,
  ].join('; ');

const readCookie = (request: Head, peer: Peer): Buffer => {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${nameOf(peer)}=`))?.slice(nameOf(peer).length + 1);
  return Buffer.from(value ?? '', 'base64url');
};

/**
 * Whoever is at an issuer, by the `state` that comes back. It is good only together with a cookie of the browser that
 * began, so that nobody is led into an account of somebody else's (RFC 9700 §4.7).
 */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, { of: Waiting; browser: Buffer; cancel: () => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  newState(): string {
    return randomBytes(32).toString('base64url');
  }

  put(state: string, of: Waiting, peer: Peer, headers: Headers): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= most && oldest !== undefined) this.drop(oldest);
    const token = randomBytes(32);
    const cancel = this.#clock.after(waitMs, () => this.#waiting.delete(state));
    this.#waiting.set(state, { of, browser: hashToken(token), cancel });
    headers.append('Set-Cookie', cookie(peer, token.toString('base64url'), waitMs / 1_000));
  }

  find(state: string, request: Head, peer: Peer): Waiting | null {
    const waiting = this.#waiting.get(state);
    return waiting && hashToken(readCookie(request, peer)).equals(waiting.browser) ? waiting.of : null;
  }

  drop(state: string): void {
    this.#waiting.get(state)?.cancel();
    this.#waiting.delete(state);
  }

  clear(peer: Peer, headers: Headers): void {
    headers.append('Set-Cookie', cookie(peer, '', 0));
  }
}
