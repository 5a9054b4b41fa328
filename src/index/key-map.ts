/** Not a hash: those are not negative. */
const free = -1;
const smallest = 2 ** 6;

/** From hashes of 48 bits to numbers: 27 to 53 bytes each, and nothing for the collector of garbage to look at. */
export class KeyMap {
  #keys = new Float64Array(smallest).fill(free);
  #values = new Float64Array(smallest);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: number): number | undefined {
    const at = this.#find(key);
    return this.#keys[at] === key ? this.#values[at] : undefined;
  }

  set(key: number, value: number): void {
    let at = this.#find(key);
    if (this.#keys[at] !== key) {
      this.#size += 1;
      if (this.#size * 5 > this.#keys.length * 3) {
        this.#grow();
        at = this.#find(key);
      }
      this.#keys[at] = key;
    }
    this.#values[at] = value;
  }

  /** Of hashes below `space`: all of them in so many parts of it, each in no order. */
  parts(count: number, space: number): number[][] {
    const parts = Array.from({ length: count }, (): number[] => []);
    const keys = this.#keys;
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at] ?? free;
      if (key !== free) parts[Math.floor((key / space) * count)]?.push(key);
    }
    return parts;
  }

  /** Where the key is, or the free place it would take. */
  #find(key: number): number {
    const keys = this.#keys;
    const last = keys.length - 1;
    // The lower 32 bits; hashes are as even there as anywhere.
    let at = key & last;
    while (keys[at] !== key && keys[at] !== free) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(keys.length * 2).fill(free);
    this.#values = new Float64Array(keys.length * 2);
    for (let from = 0; from < keys.length; from += 1) {
      const key = keys[from] ?? free;
      if (key === free) continue;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = values[from] ?? 0;
    }
  }
}
