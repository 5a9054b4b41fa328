import type { EmailRow } from '../types.ts';

/** Whole results of queries that no list answers, good until an Email changes. Paging through them costs nothing. */
export class ResultCache {
  readonly #limit: number;
  #state = '';
  #bytes = 0;
  readonly #results = new Map<string, Float64Array>();

  /** `limit`: bytes kept; the oldest results go first. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(state: string, key: string): Float64Array | undefined {
    return state === this.#state ? this.#results.get(key) : undefined;
  }

  set(state: string, key: string, rows: readonly EmailRow[]): Float64Array {
    const result = Float64Array.from(rows);
    if (state !== this.#state) this.forget();
    this.#state = state;
    this.#results.set(key, result);
    this.#bytes += result.byteLength;
    for (const [oldest, { byteLength }] of this.#results) {
      if (this.#bytes <= this.#limit) break;
      this.#results.delete(oldest);
      this.#bytes -= byteLength;
    }
    return result;
  }

  forget(): void {
    this.#results.clear();
    this.#bytes = 0;
    this.#state = '';
  }
}
