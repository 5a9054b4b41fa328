import type { Clock } from '#base/clock.ts';

const cachedMs = 5_000;

/** Short-lived memory of rows that every request needs. */
export class Recent<T> {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { value: T; until: number }>();
  #forgotten = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is remembered; undefined: it has to be loaded. */
  peek(key: string): T | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.until > this.#clock.now() ? kept.value : undefined;
  }

  async get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.peek(key);
    if (known !== undefined) return known;
    const before = this.#forgotten;
    const value = await load();
    // What was forgotten while it was read may be this.
    if (before !== this.#forgotten) return value;
    this.#kept.delete(key);
    this.#kept.set(key, { value, until: this.#clock.now() + cachedMs });
    if (this.#kept.size > 10_000) this.#kept.delete(this.#kept.keys().next().value ?? '');
    return value;
  }

  forget(wanted: (value: T) => boolean): void {
    this.#forgotten += 1;
    for (const [key, { value }] of this.#kept) if (wanted(value)) this.#kept.delete(key);
  }
}
