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

/** The longest a timer of the platform can wait: 2^31 - 1 ms. A longer one would fire at once. */
const longest = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      timer = setTimeout(() => (left > longest ? wait(left - longest) : task()), Math.min(left, longest));
      (timer as unknown as Unreferenced).unref?.();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
