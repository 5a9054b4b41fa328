/** Time as the code sees it, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function cancels it. The timer never keeps the process alive. */
  after(ms: number, task: () => void): () => void;
}

interface Unreferenced {
  unref?(): void;
}

/** No timer sees the time that passes while the machine sleeps, or by which its clock is set forward: it is looked at. */
const lookEvery = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => {
    const until = Date.now() + ms;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      const on = (): void => (left > lookEvery && Date.now() < until ? wait(left - lookEvery) : task());
      timer = setTimeout(on, Math.min(left, lookEvery));
      (timer as unknown as Unreferenced).unref?.();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
