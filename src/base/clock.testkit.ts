import type { Clock } from './clock.ts';

/** A clock that stands still. */
export interface StillClock extends Clock {
  /** Lets time pass; timers run in their order. */
  pass(ms: number): void;
}

export const stillClock = (start = Date.parse('2025-11-06T08:50:00Z')): StillClock => {
  let now = start;
  const timers = new Set<{ at: number; task: () => void }>();
  return {
    now: () => now,
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass: (ms) => {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.task();
      }
      now = end;
    },
  };
};
