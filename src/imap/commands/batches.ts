import { setImmediate as pause } from 'node:timers/promises';
import type { Line } from '../line.ts';

const MOST = 500;

/** Hands on what arrived together, and holds the line while the consumer is busy. */
export class Batches<T> {
  readonly #line: Line;
  readonly #consume: (items: T[]) => void | Promise<void>;
  #items: T[] = [];
  #pumping: Promise<void> | null = null;
  #failure: { error: unknown } | null = null;

  constructor(line: Line, consume: (items: T[]) => void | Promise<void>) {
    this.#line = line;
    this.#consume = consume;
  }

  add(item: T): void {
    if (this.#failure !== null) return;
    this.#items.push(item);
    if (this.#pumping !== null) return;
    this.#line.hold('rows');
    this.#pumping = this.#pump();
  }

  /** Resolves when the consumer has had everything. */
  async settled(): Promise<void> {
    while (this.#pumping !== null) await this.#pumping;
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #pump(): Promise<void> {
    // After the rest of the chunk in hand has been read.
    await pause();
    try {
      while (this.#items.length > 0) await this.#consume(this.#items.splice(0, MOST));
    } catch (error) {
      this.#failure = { error };
      this.#items = [];
    }
    this.#pumping = null;
    this.#line.release('rows');
  }
}
