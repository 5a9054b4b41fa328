/** Lets everything else that waits in this thread run. */
export const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
