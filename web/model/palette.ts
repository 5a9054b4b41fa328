/** What the command palette offers, found by what is typed. No DOM, and nothing is fetched. */

/** Groups in their order. */
export const sections = ['conversation', 'list', 'go', 'postern'] as const;
export type Section = (typeof sections)[number];

export type Kind = 'command' | 'person' | 'folder';

export interface Entry<Icon extends string = string> {
  /** Names it for as long as the palette is open, and between two openings. */
  key: string;
  section: Section;
  kind: Kind;
  label: string;
  /** Beside the label, smaller; found by typing too. */
  hint: string;
  icon: Icon;
  caps: readonly string[];
  /** Only when something is typed that it matches: there are too many of them. */
  typed: boolean;
  run(): void;
}

/** A piece of a label; `hit`: what was typed. */
export interface Piece {
  text: string;
  hit: boolean;
}

export interface Found<E extends Entry> {
  entry: E;
  pieces: readonly Piece[];
}

/** Best first: begins so, a word begins so, has it, has its letters in order. */
type Rank = 0 | 1 | 2 | 3;

const fold = (char: string): string => char.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase();

/** Places in `label`, by characters, where what is typed stands. */
interface Match {
  rank: Rank;
  hits: readonly number[];
}

const span = (from: number, length: number): number[] => Array.from({ length }, (_, at) => from + at);

/** One word among the characters of a label, each folded. */
const matchWord = (chars: readonly string[], word: readonly string[]): Match | null => {
  const at = (from: number): boolean => word.every((char, index) => chars[from + index] === char);
  const starts = [...chars.keys()].filter(at);
  const first = starts[0];
  if (first === 0) return { rank: 0, hits: span(0, word.length) };
  const begins = starts.find((from) => !/[\p{L}\p{N}]/u.test(chars[from - 1] ?? ''));
  if (begins !== undefined) return { rank: 1, hits: span(begins, word.length) };
  if (first !== undefined) return { rank: 2, hits: span(first, word.length) };
  if (word.length < 2) return null;
  const hits: number[] = [];
  for (const char of word) {
    const next = chars.indexOf(char, (hits.at(-1) ?? -1) + 1);
    if (next < 0) return null;
    hits.push(next);
  }
  return { rank: 3, hits };
};

/** Every word that is typed has to be found; the worst of them says how well. */
const match = (label: string, words: readonly (readonly string[])[]): Match | null => {
  const chars = Array.from(label).map(fold);
  let rank: Rank = 0;
  const hits: number[] = [];
  for (const [index, word] of words.entries()) {
    const one = matchWord(chars, word);
    if (one === null || (one.rank === 3 && words.length > 1)) return null;
    rank = Math.max(rank, index > 0 && one.rank === 0 ? 1 : one.rank) as Rank;
    hits.push(...one.hits);
  }
  return { rank, hits };
};

const piecesOf = (label: string, hits: readonly number[]): Piece[] => {
  const pieces: Piece[] = [];
  for (const [index, text] of Array.from(label).entries()) {
    const hit = hits.includes(index);
    const last = pieces.at(-1);
    if (last?.hit === hit) last.text += text;
    else pieces.push({ text, hit });
  }
  return pieces;
};

const signs: Readonly<Record<string, Kind>> = { '>': 'command', '@': 'person', '#': 'folder' };

/** `@mar`: people only. */
export const readTyped = (typed: string): { kind: Kind | null; text: string } => {
  const kind = signs[typed.trimStart().charAt(0)] ?? null;
  return { kind, text: kind ? typed.trimStart().slice(1).trim() : typed.trim() };
};

/** Rows of a section: while nothing is typed, when several stand beside it, and when it is the only one. */
const mostUnasked = 4;
const most = 5;
const mostAlone = 40;

/**
 * The entries that match, by section. What was used before (`recent`, newest first) comes before what matches as well.
 * Letters in order count only where no word is found.
 */
export const find = <E extends Entry>(
  entries: readonly E[],
  typed: string,
  recent: readonly string[],
): { section: Section; found: readonly Found<E>[] }[] => {
  const { kind, text } = readTyped(typed);
  const words = text
    .split(/\s+/u)
    .filter(Boolean)
    .map((word) => Array.from(word, fold));
  const usedOf = ({ key }: Entry): number => {
    const at = recent.indexOf(key);
    return at < 0 ? recent.length : at;
  };
  const matched = entries.flatMap((entry, place) => {
    if (kind !== null && entry.kind !== kind) return [];
    if (words.length === 0) {
      if (entry.typed && kind === null && usedOf(entry) === recent.length) return [];
      return [{ entry, place, rank: 0, pieces: [{ text: entry.label, hit: false }] }];
    }
    const own = match(entry.label, words);
    if (own) return [{ entry, place, rank: own.rank, pieces: piecesOf(entry.label, own.hits) }];
    const beside = entry.hint === '' ? null : match(entry.hint, words);
    if (beside === null || beside.rank > 1) return [];
    return [{ entry, place, rank: 2, pieces: [{ text: entry.label, hit: false }] }];
  });
  const isFound = matched.some(({ rank }) => rank < 3);
  const bySection = sections.flatMap((section) => {
    const own = matched
      .filter(({ entry, rank }) => entry.section === section && !(isFound && rank === 3))
      .toSorted((a, b) => a.rank - b.rank || usedOf(a.entry) - usedOf(b.entry) || a.place - b.place);
    return own.length > 0 ? [{ section, own }] : [];
  });
  const limit = bySection.length === 1 ? mostAlone : words.length === 0 ? mostUnasked : most;
  return bySection.map(({ section, own }) => ({
    section,
    found: own.slice(0, limit).map(({ entry, pieces }) => ({ entry, pieces })),
  }));
};
