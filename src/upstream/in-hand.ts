/** Submissions that are being handed in, whichever outbox began it: none of them is left over from an earlier process. */
export class InHand {
  readonly #all = new Map<string, Promise<void>>();

  /** Resolves when it has been settled; null: nobody here has it in hand. */
  over(id: string): Promise<void> | null {
    return this.#all.get(id) ?? null;
  }

  /** Has it in hand while `work` runs; one that is in hand already is left to whom it is. */
  async hold(id: string, work: () => Promise<void>): Promise<void> {
    if (this.#all.has(id)) return;
    const over = Promise.withResolvers<void>();
    this.#all.set(id, over.promise);
    try {
      await work();
    } finally {
      this.#all.delete(id);
      over.resolve();
    }
  }
}

/** Of this thread, where a user's accounts are opened and opened again: an outbox may be closed before its server answers. */
export const inHandHere = new InHand();
