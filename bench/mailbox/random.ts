/** A seeded generator (sfc32): the same seed gives the same mailbox on every machine. */
export interface Random {
  /** [0, 1) */
  next: () => number;
  /** An integer from 0 below `n`. */
  below: (n: number) => number;
  between: (low: number, high: number) => number;
  chance: (p: number) => boolean;
  pick: <T>(list: readonly T[]) => T;
  /** Like {@link pick}, but the first ones far more often, as people and words are. */
  favour: <T>(list: readonly T[]) => T;
  hex: (digits: number) => string;
  bytes: (n: number) => Buffer;
}

const mix = (hash: number, key: number): number => {
  const h = Math.imul(hash ^ key, 0x85ebca6b);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
};

export const random = (...keys: number[]): Random => {
  let a = keys.reduce(mix, 0x9e3779b9);
  let b = Math.imul(a, 0xc2b2ae35);
  let c = a ^ 0x5bd1e995;
  let d = 1;
  const word = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i += 1) word();
  const next = (): number => word() / 4294967296;
  const below = (n: number): number => Math.floor(next() * n);
  const at = <T>(list: readonly T[], i: number): T => list[Math.min(i, list.length - 1)] as T;
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (p) => next() < p,
    pick: (list) => at(list, below(list.length)),
    favour: (list) => at(list, Math.floor(list.length * next() ** 2.6)),
    hex: (digits) =>
      Array.from({ length: Math.ceil(digits / 8) }, () => word().toString(16).padStart(8, '0'))
        .join('')
        .slice(0, digits),
    bytes: (n) => {
      const bytes = Buffer.allocUnsafe(n);
      for (let i = 0; i < n; i += 1) bytes[i] = word() & 255;
      return bytes;
    },
  };
};
