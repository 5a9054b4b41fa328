/** Tells states to the door at most every `everyMs`, the first at once; several changes become one event. */
export interface Herald {
  /** Something may have moved. */
  stir(): void;
  /** For good: what stirs later finds nobody. */
  stop(): void;
}

type States = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const openHerald = (
  states: () => States,
  tell: (account: string, moved: Record<string, string>) => void,
  after: (ms: number, task: () => void) => () => void,
  everyMs = 150,
): Herald => {
  let last = states();
  let cancel: (() => void) | null = null;
  let again = false;
  let stopped = false;
  const flush = (): void => {
    const now = states();
    for (const [account, types] of Object.entries(now)) {
      const moved = Object.entries(types).filter(([type, state]) => last[account]?.[type] !== state);
      if (moved.length > 0) tell(account, Object.fromEntries(moved));
    }
    last = now;
  };
  /** One timer at a time, and none but this: to ask for states may stir, and that is heard when the rest is over. */
  const flushAndRest = (): void => {
    cancel = after(everyMs, () => {
      cancel = null;
      if (!again) return;
      again = false;
      flushAndRest();
    });
    flush();
  };
  return {
    stir: () => {
      if (stopped) return;
      if (cancel) again = true;
      else {
        // The first change is told after the commit that made it, not within.
        cancel = after(0, flushAndRest);
      }
    },
    stop: () => {
      stopped = true;
      cancel?.();
      cancel = null;
    },
  };
};
