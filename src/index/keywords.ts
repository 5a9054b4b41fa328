/** Keywords as they are stored: well-known ones as bits, the others as text with a blank before and after each. */
export interface Marks {
  flags: number;
  labels: string | null;
}

/** The order is part of the schema. */
const known = [
  '$seen',
  '$flagged',
  '$answered',
  '$draft',
  '$forwarded',
  '$junk',
  '$notjunk',
  '$phishing',
  '$mdnsent',
  '$important',
  '$muted',
  '$followed',
  '$submitpending',
  '$submitted',
] as const;

export const seen = 1;
const draft = 8;
/** IMAP's \Deleted; in placements only. */
export const deleted = 2 ** 20;

const bits = new Map<string, number>(known.map((keyword, i) => [keyword, 2 ** i]));

/** The bit of a well-known keyword, 0 of another. */
export const bitOf = (keyword: string): number => bits.get(keyword) ?? 0;

/** Neither $seen nor $draft (RFC 8621 §2, unreadEmails). */
export const isUnread = (flags: number): boolean => (flags & (seen | draft)) === 0;

const joined = (labels: Iterable<string>): string | null => {
  const list = [...new Set(labels)].sort();
  return list.length === 0 ? null : ` ${list.join(' ')} `;
};

const split = (labels: string | null): string[] => (labels === null ? [] : labels.slice(1, -1).split(' '));

/** A keyword is an IMAP atom; anything with a blank in it is not one and is dropped. */
export const marksOf = (keywords: readonly string[], isDeleted = false): Marks => {
  let flags = isDeleted ? deleted : 0;
  const others: string[] = [];
  for (const keyword of keywords) {
    const bit = bitOf(keyword);
    if (bit > 0) flags |= bit;
    else if (keyword !== '' && !/\s/u.test(keyword)) others.push(keyword);
  }
  return { flags, labels: others.length === 0 ? null : joined(others) };
};

const lists = new Map<number, readonly string[]>();

const knownIn = (flags: number): readonly string[] => {
  const cached = lists.get(flags);
  if (cached) return cached;
  const list = known.filter((_, i) => (flags & (2 ** i)) !== 0);
  lists.set(flags, list);
  return list;
};

export const keywordsOf = ({ flags, labels }: Marks): string[] => [
  ...knownIn(flags & (2 ** known.length - 1)),
  ...split(labels),
];

export const hasKeyword = (marks: Marks, keyword: string): boolean => {
  const bit = bitOf(keyword);
  return bit > 0 ? (marks.flags & bit) !== 0 : (marks.labels?.includes(` ${keyword} `) ?? false);
};

export const withKeywords = (marks: Marks, add: readonly string[], remove: readonly string[]): Marks => {
  const plus = marksOf(add);
  const minus = marksOf(remove);
  const gone = split(minus.labels);
  return {
    flags: (marks.flags & ~minus.flags) | plus.flags,
    labels:
      plus.labels === null && minus.labels === null
        ? marks.labels
        : joined([...split(marks.labels).filter((label) => !gone.includes(label)), ...split(plus.labels)]),
  };
};

/** Of several copies: $seen only when every copy is seen, any other keyword when one copy has it. */
export const combined = (copies: readonly Marks[]): Marks => {
  const [first, ...others] = copies;
  if (!first) return { flags: 0, labels: null };
  if (others.length === 0) return { flags: first.flags & ~deleted, labels: first.labels };
  let every = first.flags;
  let any = first.flags;
  const labels = split(first.labels);
  for (const copy of others) {
    every &= copy.flags;
    any |= copy.flags;
    labels.push(...split(copy.labels));
  }
  return { flags: ((any & ~seen) | (every & seen)) & ~deleted, labels: joined(labels) };
};

export const sameMarks = (a: Marks, b: Marks): boolean => a.flags === b.flags && a.labels === b.labels;
