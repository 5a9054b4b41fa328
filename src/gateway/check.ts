import { type Id, isId, isUTCDate, type UTCDate } from '#jmap/ids.ts';
import { IdList } from './ids.ts';

/**
 * Reads one value of the outside world: returns it typed or throws {@link Unfit}. `absent` is what stands for a member
 * that was not sent; a check without it is required.
 */
export interface Check<T> {
  (value: unknown, at: string): T;
  readonly absent?: { readonly value: T };
}

/** The value at `at` is not `wanted`. */
export class Unfit extends Error {
  override readonly name = 'Unfit';
  readonly at: string;
  readonly wanted: string;

  constructor(at: string, wanted: string) {
    super(`${at}: ${wanted}`);
    this.at = at;
    this.wanted = wanted;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof IdList);

export const text: Check<string> = (value, at) => {
  if (typeof value !== 'string') throw new Unfit(at, 'a string');
  return value;
};

export const bool: Check<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new Unfit(at, 'true or false');
  return value;
};

/** UnsignedInt – RFC 8620 §1.3 */
export const unsigned: Check<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Unfit(at, 'a whole number from 0 to 2^53-1');
  return value;
};

/** Int – RFC 8620 §1.3 */
export const integer: Check<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Unfit(at, 'a whole number');
  return value;
};

export const id: Check<Id> = (value, at) => {
  if (typeof value !== 'string' || !isId(value)) throw new Unfit(at, 'an id');
  return value;
};

/** An Id, or `#` and a creation id. */
export const idOrReference: Check<string> = (value, at) => {
  if (typeof value !== 'string' || !isId(value.startsWith('#') ? value.slice(1) : value))
    throw new Unfit(at, 'an id or # and a creation id');
  return value;
};

export const utc: Check<UTCDate> = (value, at) => {
  if (typeof value !== 'string' || !isUTCDate(value)) throw new Unfit(at, 'a UTCDate');
  return value;
};

export const oneOf =
  <const T extends string>(...words: readonly T[]): Check<T> =>
  (value, at) => {
    if (!(words as readonly unknown[]).includes(value)) throw new Unfit(at, `one of ${words.join(', ')}`);
    return value as T;
  };

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null ? null : check(value, at);

export const optional = <T, D>(check: Check<T>, absent: D): Check<T | D> =>
  Object.assign((value: unknown, at: string): T | D => check(value, at), { absent: { value: absent } });

/** What may be null, and is when it was not sent. */
export const orNull = <T>(check: Check<T>): Check<T | null> => optional(nullable(check), null);

/** What may be left out. */
export const maybe = <T>(check: Check<T>): Check<T | undefined> => optional(check, undefined);

export const list =
  <T>(check: Check<T>): Check<T[]> =>
  (given, at) => {
    const value: unknown = given instanceof IdList ? given.ids : given;
    if (!Array.isArray(value)) throw new Unfit(at, 'a list');
    try {
      return value.map((item) => check(item, at));
    } catch {
      // Where it stands is written only for one that does not fit.
      return value.map((item, index) => check(item, `${at}/${index}`));
    }
  };

export const record: Check<Record<string, unknown>> = (value, at) => {
  if (!isObject(value)) throw new Unfit(at, 'an object');
  return value;
};

/** A map; every key passes `key`, every value `check`. */
export const mapOf =
  <T>(key: Check<string>, check: Check<T>): Check<Record<string, T>> =>
  (value, at) => {
    const given = record(value, at);
    const read: Record<string, T> = {};
    for (const name of Object.keys(given)) {
      key(name, at);
      Object.defineProperty(read, name, {
        value: check(given[name], `${at}/${name}`),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return read;
  };

type Shape<F> = { [K in keyof F]: F[K] extends Check<infer T> ? T : never };

/** An object with these members and no others. */
export const shape = <F extends Record<string, Check<unknown>>>(fields: F): Check<Shape<F>> => {
  const entries = Object.entries(fields);
  const checks = new Map(entries);
  const required = entries.flatMap(([name, check]) => (check.absent ? [] : [name]));
  const absent = entries.flatMap(([name, check]) =>
    check.absent?.value === undefined ? [] : [[name, check.absent.value] as const],
  );
  return (value, at) => {
    const given = record(value, at || 'the object');
    const read: Record<string, unknown> = {};
    for (const name of required)
      if (!Object.hasOwn(given, name)) throw new Unfit(at ? `${at}/${name}` : name, 'missing');
    for (const [name, instead] of absent) read[name] = instead;
    for (const name of Object.keys(given)) {
      const check = checks.get(name);
      if (!check) throw new Unfit(at ? `${at}/${name}` : name, 'not known here');
      read[name] = check(given[name], at ? `${at}/${name}` : name);
    }
    return read as Shape<F>;
  };
};
