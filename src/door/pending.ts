import type { Clock } from '#base/clock.ts';
import type { UserId } from '#vault/keeper.ts';

/** What a user was shown and has not confirmed yet: one each, for so long. */
export class Pending<T> {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #kept = new Map<UserId, { value: T; until: number }>();

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  put(user: UserId, value: T): void {
    const now = this.#clock.now();
    for (const [id, { until }] of this.#kept) if (until <= now) this.#kept.delete(id);
    this.#kept.set(user, { value, until: now + this.#ms });
  }

  get(user: UserId): T | null {
    const kept = this.#kept.get(user);
    return kept && kept.until > this.#clock.now() ? kept.value : null;
  }

  delete(user: UserId): void {
    this.#kept.delete(user);
  }
}
