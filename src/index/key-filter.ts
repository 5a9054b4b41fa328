const bits = 2 ** 22;

/** A Bloom filter for hashes of 48 bits: half a megabyte, one key in fifty wrongly held for known among 300,000. */
export class KeyFilter {
  readonly #words = new Uint32Array(bits / 32);

  add(key: number): void {
    for (const bit of bitsOf(key)) this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  /** false: it was never added. */
  mayHave(key: number): boolean {
    return bitsOf(key).every((bit) => ((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
  }
}

const bitsOf = (key: number): [number, number] => [key % bits, Math.floor(key / 2 ** 24) % bits];
