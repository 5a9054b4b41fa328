import type { SyncProgress } from '#jmap/keep.ts';
import { count, longMonthNames } from './format.ts';
import { listed } from './people.ts';

/** So few unread texts are new mail, read within seconds. */
const few = 20;

/** `3 November` of this year, `May 2019` of another. */
const backTo = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const month = longMonthNames[date.getMonth()] ?? '';
  return date.getFullYear() === now.getFullYear() ? `${date.getDate()} ${month}` : `${month} ${date.getFullYear()}`;
};

type Reach = Omit<SyncProgress, 'reachesTo'>;

const reachWords = ({ known, total, done, searchable, read, readTo }: Reach, now: Date): string | null => {
  if (!done) return `covers the ${count(known)} of ${count(total)} messages that are here so far`;
  if (known - read <= few || readTo === null) return null;
  const heads = searchable < known ? 'subjects and senders' : 'subjects, senders and beginnings';
  const texts = read === 0 ? 'their texts are being read' : `whole texts back to ${backTo(readTo, now)}`;
  return `covers ${heads} of all messages; ${texts}`;
};

/** What holds of each: the messages of all together, and of the rest the least. */
const leastOf = (all: readonly Reach[]): Reach => {
  const sum = (what: 'known' | 'total' | 'searchable' | 'read'): number =>
    all.reduce((so, reach) => so + reach[what], 0);
  return {
    known: sum('known'),
    total: sum('total'),
    done: all.every(({ done }) => done),
    searchable: sum('searchable'),
    read: all.some(({ read }) => read === 0) ? 0 : sum('read'),
    readTo:
      all
        .flatMap(({ readTo }) => readTo ?? [])
        .toSorted()
        .at(-1) ?? null,
  };
};

/** What a search cannot find yet; null when it finds all there is. */
export const coverageWords = (progress: SyncProgress, now: Date): string | null => {
  const words = reachWords(progress, now);
  return words && `Search ${words}.`;
};

/** An account that is searched; `progress` null: nothing is known of it yet. */
export interface Searched {
  name: string;
  progress: SyncProgress | null;
}

/** The same of a search over these accounts: the least that holds of those that lack something, by name unless all do. */
export const coverageOf = (accounts: readonly Searched[], now: Date): string | null => {
  const short = accounts.flatMap(({ name, progress }) =>
    progress && reachWords(progress, now) !== null ? [{ name, progress }] : [],
  );
  const words = reachWords(leastOf(short.map(({ progress }) => progress)), now);
  const where = short.length === accounts.length ? 'Search' : `In ${listed(short.map(({ name }) => name))}, search`;
  return words && `${where} ${words}.`;
};
