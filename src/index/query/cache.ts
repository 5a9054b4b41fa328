import type { EmailRow } from '../types.ts';

/** How many results are kept; the oldest goes first. */
const most = 8;
/** Longest result that is kept, in rows. */
const longest = 2_000_000;

/** Whole results of queries that no list answers, good until an Email changes. Paging through them costs nothing. */
export class ResultCache {
  #state = '';
  readonly #results = new Map<string, Float64Array>();

  get(state: string, key: string): Float64Array | undefined {
    if (state !== this.#state) return undefined;
    return this.#results.get(key);
  }

  set(state: string, key: string, rows: readonly EmailRow[]): Float64Array {
    const result = Float64Array.from(rows);
    if (state !== this.#state) {
      this.#results.clear();
      this.#state = state;
    }
    if (result.length <= longest) this.#results.set(key, result);
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= most) break;
      this.#results.delete(oldest);
    }
    return result;
  }

  forget(): void {
    this.#results.clear();
    this.#state = '';
  }
}
