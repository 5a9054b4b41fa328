import sodium from 'sodium-native';
import { invariant } from '#base/must.ts';
import type { Brand } from '#base/brand.ts';
import { VaultError } from './errors.ts';

const keyLength = 32;

/** A place in an {@link Arena}. */
export type Place = Brand<number, 'Place'>;

/**
 * One guarded allocation for every key that stays in memory: locked, left out of core dumps, unreadable between uses.
 * One for all, because an allocation each would exhaust the process's mappings and silently stop being locked.
 */
export class Arena {
  readonly #bytes: Buffer;
  readonly #free: number[];
  readonly #taken = new Set<Place>();
  #users = 0;

  /** Size in KiB. */
  readonly sizeKiB: number;

  /** `capacity`: keys of 32 bytes. */
  constructor(capacity: number) {
    this.#bytes = sodium.sodium_malloc(capacity * keyLength);
    this.sizeKiB = Math.ceil((capacity * keyLength) / 1024);
    this.#bytes.fill(0);
    sodium.sodium_mprotect_noaccess(this.#bytes);
    this.#free = Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  }

  /** Takes a place and lets `fill` write the key. @throws VaultError `keeper/full` */
  put(fill: (key: Buffer) => void): Place {
    const place = this.#free.pop() as Place | undefined;
    if (place === undefined) throw new VaultError('keeper/full', 'no room for another key');
    this.#taken.add(place);
    try {
      this.use(place, fill);
    } catch (error) {
      this.drop(place);
      throw error;
    }
    return place;
  }

  /** Lends the key while `work` runs. Synchronous on purpose: the view is dead afterwards. */
  use<T>(place: Place, work: (key: Buffer) => T): T {
    invariant(this.#taken.has(place), 'the place holds a key');
    if (this.#users === 0) sodium.sodium_mprotect_readwrite(this.#bytes);
    this.#users += 1;
    try {
      return work(this.#bytes.subarray(place * keyLength, (place + 1) * keyLength));
    } finally {
      this.#users -= 1;
      if (this.#users === 0) sodium.sodium_mprotect_noaccess(this.#bytes);
    }
  }

  /** Wipes the key and gives the place back. */
  drop(place: Place): void {
    this.use(place, (key) => sodium.sodium_memzero(key));
    this.#taken.delete(place);
    this.#free.push(place);
  }

  /** Wipes all. The arena must not be used afterwards. */
  close(): void {
    sodium.sodium_mprotect_readwrite(this.#bytes);
    sodium.sodium_memzero(this.#bytes);
    sodium.sodium_mprotect_noaccess(this.#bytes);
    this.#free.length = 0;
    this.#taken.clear();
  }
}
