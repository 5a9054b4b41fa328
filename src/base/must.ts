/** Our own invariant is broken: a defect of Postern, never of the input. Logged at `error`. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws {@link InvariantError} unless `ok`. */
export function invariant(ok: unknown, what: string): asserts ok {
  if (!ok) throw new InvariantError(what);
}

/** The value, or {@link InvariantError} when it is null or undefined. */
export const must = <T>(value: T | null | undefined, what: string): T => {
  if (value === null || value === undefined) throw new InvariantError(what);
  return value;
};

/** The end of an exhaustive `switch`. */
export const never = (value: never): never => {
  throw new InvariantError(`unexpected case ${String(value)}`);
};
