import type { HashTable } from '../hash-table.ts';
import type { Tally, ThreadTally } from '../tally.ts';
import type { ThreadNumber } from '../types.ts';
import type { Keys } from './keys.ts';

/** A conversation of this many messages is full: the ids that led to it lead nowhere any more. */
export const fullAt = 500;
/** In `ref`: an id that too many messages name. */
const ignored = 0 as ThreadNumber;

export type Merge = (smaller: ThreadTally, larger: ThreadTally) => void;

/**
 * Finds or makes the conversation of each message of a batch. Every message registers its own id and all it names, so
 * that a parent that comes later finds its answers by its own id, and merging is rare.
 */
export class Conversations {
  readonly #refs: HashTable;
  readonly #tally: Tally;
  readonly #merge: Merge;

  constructor(refs: HashTable, tally: Tally, merge: Merge, batch: readonly Keys[]) {
    this.#refs = refs;
    this.#tally = tally;
    this.#merge = merge;
    const keys: number[] = [];
    for (const { own, ownHere, parents, parentsHere, strong } of batch) {
      if (strong !== null) keys.push(strong);
      if (own !== null) keys.push(own);
      if (ownHere !== null) keys.push(ownHere);
      keys.push(...parents, ...parentsHere);
    }
    refs.load(keys);
    const threads = new Set<ThreadNumber>();
    for (const key of keys) {
      const thread = refs.at(key);
      if (thread !== undefined) threads.add(thread as ThreadNumber);
    }
    tally.preload([...threads]);
  }

  /** The conversation known by a message's own id. */
  ofOwn(keys: Keys): ThreadTally | undefined {
    return keys.own === null ? undefined : this.#at(keys.own);
  }

  assign(keys: Keys): ThreadTally {
    const { own, ownHere, parents, parentsHere, weak, strong, subject } = keys;
    if (strong !== null) {
      const thread = this.#at(strong) ?? this.#tally.create(subject);
      this.#register(strong, thread.id);
      if (own !== null) this.#register(own, thread.id, true);
      return thread;
    }
    const found: ThreadTally[] = [];
    const consider = (key: number, sameSubject: boolean): void => {
      const thread = this.#at(key);
      if (!thread || (sameSubject && thread.subject !== subject)) return;
      if (thread.emails >= fullAt) this.#register(key, ignored);
      else if (!found.includes(thread)) found.push(thread);
    };
    if (own !== null) consider(own, false);
    if (ownHere !== null) consider(ownHere, false);
    for (const [i, parent] of parents.entries()) {
      consider(parent, weak);
      const here = parentsHere[i];
      if (here !== undefined) consider(here, false);
    }
    const thread = this.#choose(found) ?? this.#tally.create(subject);
    if (own !== null) this.#register(own, thread.id, true);
    for (const key of weak ? parentsHere : parents) this.#register(key, thread.id);
    return thread;
  }

  /** Writes what was registered. */
  flush(): void {
    this.#refs.flush();
  }

  #at(key: number): ThreadTally | undefined {
    const id = this.#refs.at(key);
    if (id === undefined || id === ignored) return undefined;
    const thread = this.#tally.find(id as ThreadNumber);
    // A conversation whose last Email was destroyed in an earlier transaction has lost its name.
    if (!thread || (thread.emails === 0 && thread.before.emails === 0 && !thread.isNew)) return undefined;
    return thread;
  }

  #choose(found: ThreadTally[]): ThreadTally | undefined {
    if (found.length <= 1) return found[0];
    const [first, ...others] = found.sort((a, b) => b.emails - a.emails || a.id - b.id);
    if (!first) return undefined;
    for (const other of others) {
      if (first.emails + other.emails < fullAt) this.#merge(other, first);
    }
    return first;
  }

  /** An id once ignored stays so, but for the message that bears it. */
  #register(key: number, thread: ThreadNumber, own = false): void {
    const known = this.#refs.at(key);
    if (known === thread || (known === ignored && !own)) return;
    this.#refs.set(key, thread);
  }
}
