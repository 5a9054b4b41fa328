import type { SyncProgress } from '#jmap/keep.ts';
import { count, longMonthNames } from './format.ts';

/** So few unread texts are new mail, read within seconds. */
const few = 20;

/** `3 November` of this year, `May 2019` of another. */
const backTo = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const month = longMonthNames[date.getMonth()] ?? '';
  return date.getFullYear() === now.getFullYear() ? `${date.getDate()} ${month}` : `${month} ${date.getFullYear()}`;
};

/** What a search cannot find yet; null when it finds all there is. */
export const coverageWords = (progress: SyncProgress, now: Date): string | null => {
  const { known, total, done, searchable, read, readTo } = progress;
  if (!done) return `Search covers the ${count(known)} of ${count(total)} messages that are here so far.`;
  if (known - read <= few || readTo === null) return null;
  const heads = searchable < known ? 'subjects and senders' : 'subjects, senders and beginnings';
  const texts = read === 0 ? 'their texts are being read' : `whole texts back to ${backTo(readTo, now)}`;
  return `Search covers ${heads} of all messages; ${texts}.`;
};
