import type { Clock } from '#base/clock.ts';
import type { UserId } from '#vault/keeper.ts';

interface Present {
  user: UserId;
  lastUsed: number;
  /** Event streams that are open. */
  streams: number;
}

/**
 * Which sessions and tokens have brought their key since this process started, and when they were last used. A user of
 * whom none is left is let go: keys and connections are dropped.
 */
export class Presence {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #letGo: (user: UserId) => void;
  readonly #left: (id: string) => void;
  readonly #present = new Map<string, Present>();
  readonly #coming = new Set<Pick<Present, 'user'>>();
  #stop: () => void = () => undefined;

  /** `letGo`: the last of a user has left; `left`: a session or token has. */
  constructor(clock: Clock, idleMs: number, letGo: (user: UserId) => void, left: (id: string) => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#letGo = letGo;
    this.#left = left;
    this.#again();
  }

  #again(): void {
    this.#stop = this.#clock.after(Math.min(60_000, this.#idleMs / 2), () => {
      this.sweep();
      this.#again();
    });
  }

  enter(id: string, user: UserId): void {
    const streams = this.#present.get(id)?.streams ?? 0;
    this.#present.set(id, { user, lastUsed: this.#clock.now(), streams });
  }

  /**
   * Somebody brings the user's key: until `work` is done, nobody lets the user go. What was brought in vain is dropped.
   */
  async coming<T>(user: UserId, work: () => Promise<T>): Promise<T> {
    const one = { user };
    this.#coming.add(one);
    try {
      return await work();
    } finally {
      this.#coming.delete(one);
      if (!this.has(user)) this.#letGo(user);
    }
  }

  /** Whether it is here; being asked about counts as use. */
  isHere(id: string): boolean {
    const present = this.#present.get(id);
    if (present) present.lastUsed = this.#clock.now();
    return present !== undefined;
  }

  /** The same without counting as use. */
  knows(id: string): boolean {
    return this.#present.has(id);
  }

  /** An event stream keeps a session here; the returned function ends it. */
  stream(id: string): () => void {
    const present = this.#present.get(id);
    if (present) present.streams += 1;
    let open = present !== undefined;
    return () => {
      const now = this.#present.get(id);
      if (!open || !now) return;
      open = false;
      now.streams = Math.max(0, now.streams - 1);
      now.lastUsed = this.#clock.now();
    };
  }

  leave(id: string): void {
    const present = this.#present.get(id);
    this.#present.delete(id);
    this.#left(id);
    if (present && !this.has(present.user)) this.#letGo(present.user);
  }

  /** The ids of those of this user who are here. */
  of(user: UserId): string[] {
    return [...this.#present].flatMap(([id, present]) => (present.user === user ? [id] : []));
  }

  /** The user's keys are gone: all have to bring theirs again. The ids of those who were here. */
  lose(user: UserId): string[] {
    const ids = this.of(user);
    for (const id of ids) {
      this.#present.delete(id);
      this.#left(id);
    }
    return ids;
  }

  /** Whether somebody of this user is here, or coming. */
  has(user: UserId): boolean {
    return [...this.#present.values(), ...this.#coming].some((one) => one.user === user);
  }

  get users(): number {
    return new Set([...this.#present.values()].map((present) => present.user)).size;
  }

  sweep(): void {
    const before = this.#clock.now() - this.#idleMs;
    for (const [id, present] of this.#present) if (present.streams === 0 && present.lastUsed < before) this.leave(id);
  }

  close(): void {
    this.#stop();
  }
}
