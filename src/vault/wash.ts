import { setImmediate } from 'node:timers/promises';

const deep = 1_500;

/** Each call takes a frame below the last and fills it. */
const down = (left: number, a: number, b: number, c: number): number => {
  const [d, e, f] = [a ^ left, b ^ left, c ^ left];
  return left === 0 ? d + e + f : down(left - 1, d, e, f) + (a & b & c);
};

/**
 * Writes over the part of this thread's stack that calls just made have used. Node decrypts TLS into a buffer there, 16 KB
 * long, of which the next and shorter answer leaves the end.
 */
export const washStack = async (): Promise<void> => {
  // From the event loop itself: what is called while an answer is read lies below that buffer.
  await setImmediate();
  down(deep, 0, 0, 0);
};
