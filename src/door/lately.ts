import type { Clock } from '#base/clock.ts';
import type { SessionId } from '#vault/keeper.ts';

const lateMs = 5 * 60_000;

/** Sessions of which something was seen in the last five minutes. A restart forgets them. */
export class Lately {
  readonly #clock: Clock;
  readonly #until = new Map<SessionId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: SessionId): void {
    const now = this.#clock.now();
    for (const [known, until] of this.#until) if (until <= now) this.#until.delete(known);
    this.#until.set(id, now + lateMs);
  }

  has(id: SessionId): boolean {
    return (this.#until.get(id) ?? 0) > this.#clock.now();
  }

  delete(id: SessionId): void {
    this.#until.delete(id);
  }
}
