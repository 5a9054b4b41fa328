/** A number that a column of integers takes, whatever a server said: whole, finite, at most 2^53−1. */
export const whole = (value: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER) : 0;
