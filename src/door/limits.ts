import { isIPv6 } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { rateLimited } from './words.ts';

interface Bucket {
  left: number;
  at: number;
}

/** So many attempts at once, and one more after each `everyMs`. */
class Buckets {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#everyMs = everyMs;
  }

  #now(key: string): Bucket {
    const now = this.#clock.now();
    const known = this.#buckets.get(key) ?? { left: this.#burst, at: now };
    // A clock that was set back takes nothing away.
    const left = Math.min(this.#burst, known.left + Math.max(0, now - known.at) / this.#everyMs);
    return { left, at: now };
  }

  /** Seconds until an attempt is free; 0 now. */
  wait(key: string): number {
    const { left } = this.#now(key);
    return left >= 1 ? 0 : Math.ceil(((1 - left) * this.#everyMs) / 1_000);
  }

  take(key: string): void {
    const bucket = this.#now(key);
    this.#buckets.set(key, { ...bucket, left: bucket.left - 1 });
    if (this.#buckets.size > 50_000) this.#sweep();
  }

  giveBack(key: string): void {
    const bucket = this.#now(key);
    this.#buckets.set(key, { ...bucket, left: Math.min(this.#burst, bucket.left + 1) });
  }

  #sweep(): void {
    for (const key of this.#buckets.keys()) if (this.#now(key).left >= this.#burst) this.#buckets.delete(key);
  }
}

/** The network an attempt comes from: an IPv6 customer has at least a /64. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace(/^::ffff:/, '');
  const short = new URL(`http://[${address.split('%')[0] ?? address}]`).hostname.slice(1, -1);
  const [front = [], back = []] = short.split('::').map((half) => half.split(':'));
  const zeros = Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
};

/** A login or a name as it is counted, however it was written: what servers take for the same counts as the same. */
export const spelled = (login: string): string =>
  login
    .normalize('NFKC')
    .replace(/[\s\p{Cf}]/gu, '')
    .toLowerCase();

const seconds = 1_000;
const minutes = 60_000;

/**
 * Limits on signing in. Failures count, successes are given back. Per network; per network and account; and per account
 * from everywhere, which is slow but never closed, and does not bind a browser that has signed in to the account before
 * (`known`): a stranger cannot keep the owner out.
 */
export class SignInLimits {
  readonly #network: Buckets;
  readonly #pair: Buckets;
  readonly #account: Buckets;
  readonly #code: Buckets;

  constructor(clock: Clock) {
    this.#network = new Buckets(clock, 30, 20 * seconds);
    this.#pair = new Buckets(clock, 8, 30 * seconds);
    this.#account = new Buckets(clock, 30, 10 * seconds);
    this.#code = new Buckets(clock, 5, 5 * minutes);
  }

  /**
   * Counts an attempt with a one-time code, of which there are but a million: the password was right already.
   * @throws DoorError `rate-limited`
   */
  attemptCode(address: string, account: string, known: boolean): () => void {
    const key = known ? `known ${networkOf(address)} ${account}` : account;
    const wait = this.#code.wait(key);
    if (wait > 0) throw rateLimited(wait);
    this.#code.take(key);
    return () => this.#code.giveBack(key);
  }

  /**
   * Counts an attempt; the returned function takes it back when it was right.
   * @throws DoorError `rate-limited`
   */
  attempt(address: string, accounts: readonly string[], known: boolean): () => void {
    const network = networkOf(address);
    const counted: [Buckets, string][] = [[this.#network, network]];
    for (const account of new Set(accounts)) {
      const pair = `${network} ${account}`;
      counted.push([this.#pair, known ? `known ${pair}` : pair]);
      if (!known) counted.push([this.#account, account]);
    }
    const wait = Math.max(...counted.map(([buckets, key]) => buckets.wait(key)));
    if (wait > 0) throw rateLimited(wait);
    for (const [buckets, key] of counted) buckets.take(key);
    return () => {
      for (const [buckets, key] of counted) buckets.giveBack(key);
    };
  }
}

/** A plain limit per network, for what costs us work: looking for servers. */
export class WorkLimit {
  readonly #buckets: Buckets;

  constructor(clock: Clock, burst = 20, everyMs = minutes / 20) {
    this.#buckets = new Buckets(clock, burst, everyMs);
  }

  /** @throws DoorError `rate-limited` */
  spend(address: string): void {
    const network = networkOf(address);
    const wait = this.#buckets.wait(network);
    if (wait > 0) throw rateLimited(wait);
    this.#buckets.take(network);
  }
}

/** At most `most` at once for each key (RFC 8620 maxConcurrentRequests). */
export class Concurrency {
  readonly #most: number;
  readonly #running = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** null: too many. Else what ends it. */
  begin(key: string): (() => void) | null {
    const running = this.#running.get(key) ?? 0;
    if (running >= this.#most) return null;
    this.#running.set(key, running + 1);
    return () => {
      const left = (this.#running.get(key) ?? 1) - 1;
      if (left <= 0) this.#running.delete(key);
      else this.#running.set(key, left);
    };
  }
}
