import { hasKeyword, type Marks } from './keywords.ts';
import type { Want } from './types.ts';

/** A wish for keywords. */
export type Keywords = Extract<Want, { kind: 'keywords' }>;

/** What is left to wish: nothing that is so anyway. */
export const reduced = (want: Keywords, server: Marks | null): Keywords =>
  server === null
    ? want
    : {
        kind: 'keywords',
        add: want.add.filter((keyword) => !hasKeyword(server, keyword)),
        remove: want.remove.filter((keyword) => hasKeyword(server, keyword)),
      };

/** Two wishes as one; where they differ, the later holds. */
export const both = (first: Keywords, then: Keywords): Keywords => ({
  kind: 'keywords',
  add: [...new Set([...first.add.filter((keyword) => !then.remove.includes(keyword)), ...then.add])].sort(),
  remove: [...new Set([...first.remove.filter((keyword) => !then.add.includes(keyword)), ...then.remove])].sort(),
});
