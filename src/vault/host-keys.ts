import { statSync } from 'node:fs';
import { must } from '#base/must.ts';
import type { Clock } from '#base/clock.ts';
import type { Arena, Place } from './arena.ts';
import { copyOf, same, wipe } from './bytes.ts';
import { openHostFile, replaceHostFile, type HostSecrets, type RingEntry } from './host-file.ts';
import { derive } from './keys.ts';

const dayMs = 86_400_000;

/** Days for which an old host key is kept: the longest life of a session (30 d), and the day it began. */
export const keptDays = 31;

/** The next day's key. One way: of a later key no earlier one can be found, so dropping an epoch destroys it. */
const next = (key: Uint8Array): Buffer => derive(key, 'postern/1/next-host-key');

/** The ring without what is older than `keptDays`, its oldest key moved forward to the oldest epoch that still counts. */
export const advanceRing = (ring: readonly RingEntry[], today: number): RingEntry[] => {
  const oldest = today - keptDays;
  const start = ring.findLast((entry) => entry.epoch <= oldest);
  if (!start) return ring.map(({ epoch, key }) => ({ epoch, key: copyOf(key) }));
  let key = copyOf(start.key);
  for (let epoch = start.epoch; epoch < oldest; epoch += 1) {
    const later = next(key);
    wipe(key);
    key = later;
  }
  const rest = ring.filter((entry) => entry.epoch > oldest);
  return [{ epoch: oldest, key }, ...rest.map((entry) => ({ epoch: entry.epoch, key: copyOf(entry.key) }))];
};

/** The keys of every epoch from the ring's first to `today`. */
const spread = (ring: readonly RingEntry[], today: number): RingEntry[] => {
  const first = must(ring[0], 'a ring has an entry');
  const found: RingEntry[] = [{ epoch: first.epoch, key: copyOf(first.key) }];
  for (let epoch = first.epoch + 1; epoch <= today; epoch += 1) {
    const given = ring.find((entry) => entry.epoch === epoch);
    const before = must(found.at(-1), 'the epoch before').key;
    found.push({ epoch, key: given ? copyOf(given.key) : next(before) });
  }
  return found;
};

/**
 * The pepper and the host key ring: one key a day, each following from the one before, so that all nodes with a copy of
 * the same file agree without talking; keys older than {@link keptDays} are destroyed, here and in the file. An operator
 * may put a fresh random key into the file (`postern secret rotate`); from its epoch on all follow from that. A file that
 * was replaced is noticed at the next use of a key.
 */
export class HostKeys {
  readonly #arena: Arena;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #pepper: Place;
  readonly #epochs = new Map<number, Place>();
  #day = 0;
  /** Which file was read last. */
  #mark = '';

  constructor(arena: Arena, path: string, clock: Clock) {
    this.#arena = arena;
    this.#path = path;
    this.#clock = clock;
    const secrets = openHostFile(path, this.#today());
    this.#pepper = arena.put((place) => place.set(secrets.pepper));
    this.#take(secrets);
  }

  /** What tells a replaced file from the one before; '' where there is none to see. */
  #look(): string {
    const found = statSync(this.#path, { throwIfNoEntry: false, bigint: true });
    return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : '';
  }

  #today(): number {
    return Math.floor(this.#clock.now() / dayMs);
  }

  /** Takes over the ring of `secrets`, moved to today, and wipes `secrets`. */
  #take(secrets: HostSecrets): void {
    const newest = must(secrets.ring.at(-1), 'a ring has an entry').epoch;
    const today = Math.max(this.#today(), newest);
    const ring = advanceRing(secrets.ring, today);
    if (ring[0]?.epoch !== secrets.ring[0]?.epoch) replaceHostFile(this.#path, { pepper: secrets.pepper, ring });
    for (const place of this.#epochs.values()) this.#arena.drop(place);
    this.#epochs.clear();
    for (const { epoch, key } of spread(ring, today)) {
      this.#epochs.set(
        epoch,
        this.#arena.put((place) => place.set(key)),
      );
      wipe(key);
    }
    wipe(secrets.pepper, ...secrets.ring.map((entry) => entry.key), ...ring.map((entry) => entry.key));
    this.#day = today;
    this.#mark = this.#look();
  }

  /** Today's epoch. The first call of a new day reads the file again, and so does the first after it was replaced. */
  epoch(): number {
    if (this.#today() > this.#day) this.#take(openHostFile(this.#path, this.#today()));
    else this.#notice();
    return this.#day;
  }

  /** Takes over a file that was replaced, unless it is damaged or another host's: then what was read before goes on. */
  #notice(): void {
    const mark = this.#look();
    if (mark === '' || mark === this.#mark) return;
    this.#mark = mark;
    let secrets: HostSecrets;
    try {
      secrets = openHostFile(this.#path, this.#today());
    } catch {
      return;
    }
    if (this.withPepper((pepper) => same(pepper, secrets.pepper))) this.#take(secrets);
    else wipe(secrets.pepper, ...secrets.ring.map((entry) => entry.key));
  }

  /** Lends the key of an epoch; undefined when it is not in the ring (any more). */
  use<T>(epoch: number, work: (key: Uint8Array) => T): T | undefined {
    this.epoch();
    const place = this.#epochs.get(epoch);
    return place === undefined ? undefined : this.#arena.use(place, work);
  }

  /** Lends the pepper. */
  withPepper<T>(work: (pepper: Uint8Array) => T): T {
    return this.#arena.use(this.#pepper, work);
  }
}
