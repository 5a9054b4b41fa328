/**
 * A number that rises whenever something changes, in memory that threads share: whoever saw it at a level, and sees it
 * there again, knows without asking that nothing has changed.
 */
export class Tide {
  readonly memory: SharedArrayBuffer;
  readonly #cell: Int32Array;

  /** Over the memory of another, or a new one. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#cell = new Int32Array(this.memory);
  }

  get level(): number {
    return Atomics.load(this.#cell, 0);
  }

  rise(): void {
    Atomics.add(this.#cell, 0, 1);
  }
}
