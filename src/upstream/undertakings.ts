/** Work that was begun and that whoever began it does not wait for. */
export class Undertakings {
  readonly #all = new Set<Promise<unknown>>();

  /** The same promise; what becomes of it is for the caller to say. */
  add<T>(work: Promise<T>): Promise<T> {
    const done = (): void => void this.#all.delete(work);
    this.#all.add(work);
    work.then(done, done);
    return work;
  }

  /** Resolves when nothing is under way, what was begun meanwhile included. */
  async settled(): Promise<void> {
    while (this.#all.size > 0) await Promise.allSettled(this.#all);
  }
}
