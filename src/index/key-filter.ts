const bits = 2 ** 22;

/** A Bloom filter for hashes of 48 bits: half a megabyte, one key in fifty wrongly held for known among 300,000. */
export class KeyFilter {
  readonly #words = new Uint32Array(bits / 32);

  add(key: number): void {
    this.#set(lower(key));
    this.#set(upper(key));
  }

  /** false: it was never added. */
  mayHave(key: number): boolean {
    return this.#has(lower(key)) && this.#has(upper(key));
  }

  #set(bit: number): void {
    this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #has(bit: number): boolean {
    return ((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }
}

const lower = (key: number): number => key % bits;
const upper = (key: number): number => Math.floor(key / 2 ** 24) % bits;
