import type { Range } from './types.ts';

/** sequence-set = (seq-number / seq-range) *("," sequence-set) – RFC 3501 §9, ascending and without overlap. */

/** Numbers in any order, doubles allowed, as ascending ranges. */
export const toRanges = (numbers: readonly number[]): Range[] => {
  const ranges: Range[] = [];
  const ascending = isAscending(numbers) ? numbers : [...numbers].sort((a, b) => a - b);
  let first = 0;
  let last = 0;
  for (const number of ascending) {
    if (number === last + 1 && first > 0) last = number;
    else if (number !== last) {
      if (first > 0) ranges.push([first, last]);
      first = last = number;
    }
  }
  if (first > 0) ranges.push([first, last]);
  return ranges;
};

const isAscending = (numbers: readonly number[]): boolean => {
  for (let i = 1; i < numbers.length; i += 1) if ((numbers[i] ?? 0) < (numbers[i - 1] ?? 0)) return false;
  return true;
};

/** `3,5:9` */
export const formatRanges = (ranges: readonly Range[]): string =>
  ranges.map(([first, last]) => (first === last ? String(first) : `${first}:${last}`)).join(',');

/** Ranges as the server wrote them, made ascending and joined; undefined when it is no sequence set. `*` is not taken. */
export const parseRanges = (text: string): Range[] | undefined => {
  const ranges: Range[] = [];
  for (const piece of text.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(piece);
    if (match === null) return undefined;
    const [a, b] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (a === 0 || b === 0 || a > MAX_NUMBER || b > MAX_NUMBER) return undefined;
    ranges.push(a <= b ? [a, b] : [b, a]);
  }
  return joinRanges(ranges);
};

const MAX_NUMBER = 0xffff_ffff;

/** The same numbers in ascending ranges that do not touch. */
export const joinRanges = (ranges: readonly Range[]): Range[] => {
  const joined: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
};

/** How many numbers the ranges hold. */
export const countRanges = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Each number. The caller makes sure by {@link countRanges} that there are not too many. */
export function* eachOf(ranges: readonly Range[]): Generator<number> {
  for (const [first, last] of ranges) for (let number = first; number <= last; number += 1) yield number;
}

/**
 * The set cut so that each piece takes at most `bytes` on the command line and holds at most `count` numbers; servers
 * refuse lines of 1,000 (Yahoo, UW) to 64,000 bytes.
 */
export const chunkRanges = (ranges: readonly Range[], bytes: number, count = Number.POSITIVE_INFINITY): Range[][] => {
  const chunks: Range[][] = [];
  let chunk: Range[] = [];
  let used = 0;
  let held = 0;
  const close = (): void => {
    if (chunk.length > 0) chunks.push(chunk);
    [chunk, used, held] = [[], 0, 0];
  };
  for (const range of ranges) {
    let [first, last] = range;
    while (first <= last) {
      const until = Math.min(last, first + (count - held) - 1);
      const size = formatRanges([[first, until]]).length + 1;
      if (until < first || (used + size > bytes && chunk.length > 0)) {
        close();
        continue;
      }
      chunk.push([first, until]);
      used += size;
      held += until - first + 1;
      first = until + 1;
    }
  }
  close();
  return chunks;
};
