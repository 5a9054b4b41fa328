/** Keeps values up to so many bytes; what was not asked for in a while goes, half of it at a time. */
export class Kept<K, V> {
  readonly #half: number;
  readonly #sizeOf: (value: V) => number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  /** Bytes put into the young half, those since forgotten included. */
  #filled = 0;

  constructor(limit: number, sizeOf: (value: V) => number) {
    this.#half = limit / 2;
    this.#sizeOf = sizeOf;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.put(key, old);
    return old;
  }

  put(key: K, value: V): void {
    const size = this.#sizeOf(value);
    if (size > this.#half) return;
    if (this.#filled + size > this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#filled = 0;
    }
    this.#filled += size;
    this.#young.set(key, value);
  }

  forget(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#filled = 0;
  }
}
