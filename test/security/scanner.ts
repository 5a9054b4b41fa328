import type { Search } from './needles.ts';

/** What was found in many pieces of bytes. */
export interface Scan {
  readonly bytes: number;
  /** By the needle's name and form. */
  readonly counts: ReadonlyMap<string, number>;
}

/** As many bytes of a piece as the next is looked through with; no needle is longer. */
const carriedOver = 256;

/** Looks through bytes that come piece by piece, each with its address, and sees what lies across the border of two. */
export class Scanner implements Scan {
  readonly counts = new Map<string, number>();
  bytes = 0;
  readonly #search: Search;
  #carried: Uint8Array = new Uint8Array(0);
  #end = -1;

  constructor(search: Search) {
    this.#search = search;
  }

  take(piece: Uint8Array, address: number): void {
    const carried = address === this.#end ? this.#carried.length : 0;
    const whole = carried === 0 ? piece : Buffer.concat([this.#carried, piece]);
    this.#search(whole, ({ name, form, bytes }, at) => {
      if (at + bytes.length <= carried) return;
      const key = `${name} ${form}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    });
    this.bytes += piece.length;
    this.#carried = Buffer.from(whole.subarray(-carriedOver));
    this.#end = address + piece.length;
  }
}
