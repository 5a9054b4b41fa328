/** The last few lists that were written whole, each known by the numbers that were asked for, in their order. */
export class Lists<V extends { readonly numbers: readonly number[] }> {
  readonly #most: number;
  /** The one asked for last comes first. */
  #lists: V[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  find(numbers: readonly number[]): V | undefined {
    const at = this.#lists.findIndex((list) => isSame(list.numbers, numbers));
    const found = this.#lists[at];
    if (found !== undefined && at > 0) this.#lists = [found, ...this.#lists.toSpliced(at, 1)];
    return found;
  }

  put(list: V): void {
    this.#lists = [list, ...this.#lists.slice(0, this.#most - 1)];
  }

  /** Those that show it. */
  forget(number: number): void {
    if (this.#lists.some(({ numbers }) => numbers.includes(number)))
      this.#lists = this.#lists.filter(({ numbers }) => !numbers.includes(number));
  }

  clear(): void {
    this.#lists = [];
  }
}

const isSame = (a: readonly number[], b: readonly number[]): boolean => {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
};
