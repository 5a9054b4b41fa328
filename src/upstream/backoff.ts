/** How long to wait after `failures` failures in a row (1 = the first): doubling from `first` to `most`, then jittered. */
export interface Backoff {
  /** Milliseconds. */
  first: number;
  most: number;
}

export const reconnectBackoff: Backoff = { first: 1_000, most: 15 * 60_000 };
export const intentBackoff: Backoff = { first: 5_000, most: 5 * 60_000 };
/** A server that asks to be left alone, and what it does not give just now. */
export const restBackoff: Backoff = { first: 30_000, most: 15 * 60_000 };
export const submissionBackoff: Backoff = { first: 60_000, most: 4 * 3_600_000 };

/**
 * The wait in milliseconds. `random` in [0, 1) takes up to half of it away, so that the accounts of a server that was
 * away do not come back in step.
 */
export const backoff = ({ first, most }: Backoff, failures: number, random: number): number => {
  const whole = Math.min(most, first * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return Math.round(whole * (1 - random / 2));
};
