import type { OpenAccount } from './types.ts';

/** Work of one kind, one after another for each account: what is looked at first must still be so when it is written. */
export class Turns {
  readonly #last = new WeakMap<OpenAccount, Promise<unknown>>();

  take<T>(open: OpenAccount, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(open) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(open, mine);
    return mine;
  }
}
