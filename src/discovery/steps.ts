import type { DiscoveryStep } from '#jmap/auth/discovery.ts';

/** Steps as they happen, from several tasks at once. */
export class Steps {
  readonly #queue: DiscoveryStep[] = [];
  #wake: () => void = () => undefined;
  #done = false;

  push(step: DiscoveryStep): void {
    this.#queue.push(step);
    this.#wake();
  }

  end(): void {
    this.#done = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DiscoveryStep, void, undefined> {
    for (;;) {
      const next = this.#queue.shift();
      if (next) yield next;
      else if (this.#done) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
