import type { Index } from '#index/types.ts';

/** Letters that the server did not take are due again now; whether there are any. */
export const tryAppendsAgain = (index: Index, now: number): boolean =>
  index.write((t) => {
    const waiting = t
      .intents(Number.MAX_SAFE_INTEGER)
      .filter(({ want, tries, dueAt }) => want.kind === 'append' && tries > 0 && dueAt > now);
    for (const { id } of waiting) t.intentLater(id, now);
    return waiting.length > 0;
  });
