import { dayGroup } from '#model/format.ts';
import type { List } from '#model/list.ts';
import type { Heading } from '#parts/virtual.ts';

/** Day headings over the rows that are known: where a row and the one above it belong to different days. */
export const headingsOf = (list: List, now: Date): Heading[] => {
  const headings: Heading[] = [];
  let last = { index: -1, label: '' };
  list.eachKnown((row, index) => {
    const seat = list.seatOf(row);
    const at = seat?.mail.emails.peek(seat.id)?.receivedAt;
    if (!at) return;
    const label = dayGroup(at, now);
    const known = index === 0 || last.index === index - 1;
    if (known && label !== last.label && headings.at(-1)?.label !== label) headings.push({ index, label });
    last = { index, label };
  });
  return headings;
};
