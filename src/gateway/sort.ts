import { bool, type Check, list, optional, record, text, Unfit } from './check.ts';
import { MethodFailure } from './errors.ts';
import { collations } from './limits.ts';

export interface ReadComparator {
  property: string;
  isAscending: boolean;
  /** Members besides those of RFC 8620 §5.5. */
  more: Record<string, unknown>;
}

/** Each more has to be worked out for every record. */
const mostComparators = 8;

const ascending = optional(bool, true);

const comparator: Check<ReadComparator> = (value, at) => {
  const { property, isAscending, collation, ...more } = record(value, at);
  // Some write null for what they leave out.
  if (collation !== undefined && collation !== null && !collations.includes(text(collation, `${at}/collation`))) {
    throw new MethodFailure('unsupportedSort', `${at}/collation`);
  }
  return {
    property: text(property, `${at}/property`),
    isAscending: isAscending === undefined ? true : ascending(isAscending, `${at}/isAscending`),
    more,
  };
};

/** Comparators by one of `known`; anything else is unsupportedSort – RFC 8620 §5.5. `extra`: further members allowed. */
export const sortOf = (known: readonly string[], extra: readonly string[] = []): Check<ReadComparator[]> => {
  const all = list(comparator);
  return (value, at) => {
    const sort = all(value, at);
    if (sort.length > mostComparators) throw new MethodFailure('unsupportedSort', `${at}: at most ${mostComparators}`);
    for (const { property, more } of sort) {
      if (!known.includes(property)) throw new MethodFailure('unsupportedSort', property);
      const stranger = Object.keys(more).find((name) => !extra.includes(name));
      if (stranger !== undefined) throw new Unfit(`${at}/${stranger}`, 'not known here');
    }
    return sort;
  };
};

const folded = new Intl.Collator('und', { sensitivity: 'accent', numeric: false });

const order = (a: unknown, b: unknown): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return folded.compare(a, b);
  return (a === null ? 0 : 1) - (b === null ? 0 : 1);
};

/** Sorted by the comparators; equal ones keep their order. `of` yields the value a comparator speaks of. */
export const sorted = <T>(
  records: readonly T[],
  sort: readonly ReadComparator[],
  of: (value: T, property: string) => unknown,
): T[] =>
  records.toSorted((a, b) => {
    for (const { property, isAscending } of sort) {
      const difference = order(of(a, property), of(b, property));
      if (difference !== 0) return isAscending ? difference : -difference;
    }
    return 0;
  });
