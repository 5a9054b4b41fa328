import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { PasskeyChallenge } from '#jmap/auth/sign-in.ts';
import type { Clock } from '#base/clock.ts';
import type { UserId } from '#vault/keeper.ts';
import type { Peer } from './peer.ts';
import { DoorError } from './problems.ts';
import type { Expected } from './webauthn.ts';

/** A challenge serves once, for this long. */
const challengeMs = 5 * 60_000;
/** More are not kept: the oldest go. */
const mostChallenges = 10_000;

/** What every passkey's PRF is evaluated for. Its output differs by passkey and site all the same. */
export const prfSalt = createHash('sha256').update('postern/1/passkey').digest().toString('base64url');

/** The site a passkey belongs to: the host of our origin. @throws DoorError `no-passkeys` */
const siteOf = (peer: Peer): string => {
  const { hostname } = new URL(peer.origin);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) === 0) return hostname;
  throw new DoorError(
    'no-passkeys',
    'Passkeys need a name.',
    `${hostname} is an address by number. Open Postern by its name, or use a password.`,
  );
};

interface Kept extends Expected {
  /** Null: to get in; else the user whose passkey is being made. */
  user: UserId | null;
  until: number;
}

/** Challenges that were given out. */
export class Challenges {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws DoorError `no-passkeys` */
  give(peer: Peer, user: UserId | null): PasskeyChallenge {
    const now = this.#clock.now();
    const rpId = siteOf(peer);
    for (const [id, { until }] of this.#kept)
      if (until <= now || this.#kept.size >= mostChallenges) this.#kept.delete(id);
      else break;
    const [id, challenge] = [randomUUID(), randomBytes(32)];
    this.#kept.set(id, { challenge, origin: peer.origin, rpId, user, until: now + challengeMs });
    return { id, challenge: challenge.toString('base64url'), rpId, salt: prfSalt };
  }

  /** What was asked, once; null: never, by another origin, for something else, or too long ago. */
  take(id: string, peer: Peer, user: UserId | null): Expected | null {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    const fits = kept?.user === user && kept.origin === peer.origin && kept.until > this.#clock.now();
    return fits ? kept : null;
  }
}
