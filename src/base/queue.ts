/** Runs tasks one after another in the order they came; one task's failure does not stop the next. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Tasks waiting or running. */
  get length(): number {
    return this.#length;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#length += 1;
    const result = this.#tail.then(task, task);
    this.#tail = result.catch(() => undefined).then(() => (this.#length -= 1));
    return result;
  }
}
