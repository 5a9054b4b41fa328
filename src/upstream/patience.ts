import type { Clock } from '#base/clock.ts';
import { ImapError } from '#imap/errors.ts';
import { backoff, restBackoff } from './backoff.ts';

/** How long something that the server refused is left alone: longer each time (rule S82). */
export class Patience {
  readonly #clock: Clock;
  #until = 0;
  times = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds; 0: it may be asked. */
  get left(): number {
    return Math.max(0, this.#until - this.#clock.now());
  }

  refused(error: unknown): void {
    const asked = error instanceof ImapError ? (error.retryAfter ?? 0) : 0;
    this.times += 1;
    this.#until = this.#clock.now() + Math.max(asked, backoff(restBackoff, this.times, 0));
  }

  over(): void {
    this.times = 0;
    this.#until = 0;
  }
}
