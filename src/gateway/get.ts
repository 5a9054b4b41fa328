import type { Id } from '#jmap/ids.ts';
import { type Check, id, list, orNull, text } from './check.ts';
import { MethodFailure } from './errors.ts';
import { IdList, type Ids } from './ids.ts';
import { limits } from './limits.ts';

const anyIds = list(id);

/** Ids of our own making need not be read. */
const idsAsGiven: Check<Ids> = (value, at) => (value instanceof IdList ? value : anyIds(value, at));

/** Arguments every /get has – RFC 8620 §5.1 */
export const getFields = {
  ids: orNull(anyIds),
  properties: orNull(list(text)),
};

/** The same of records that there are many of. */
export const manyFields = { ...getFields, ids: orNull(idsAsGiven) };

/** @throws MethodFailure requestTooLarge */
export const notTooMany = <I extends Ids>(ids: I): I => {
  if (ids.length > limits.maxObjectsInGet)
    throw new MethodFailure('requestTooLarge', `More than ${limits.maxObjectsInGet} ids.`);
  return ids;
};

/** The ids asked for, each once. @throws MethodFailure requestTooLarge */
export const wantedIds = (ids: readonly Id[]): string[] => {
  notTooMany(ids);
  const once = new Set<string>(ids);
  return [...once];
};

/** The properties asked for, `id` always first. @throws MethodFailure invalidArguments */
export const wantedProperties = (asked: readonly string[] | null, known: readonly string[]): readonly string[] => {
  if (asked === null) return known;
  const stranger = asked.find((property) => !known.includes(property));
  if (stranger !== undefined) throw new MethodFailure('invalidArguments', `properties: ${stranger} is none`);
  return [...new Set(['id', ...asked])];
};

export const pick = <T extends object>(value: T, properties: readonly string[]): Partial<T> => {
  const picked: Record<string, unknown> = {};
  for (const property of properties)
    if (Object.hasOwn(value, property)) picked[property] = (value as Record<string, unknown>)[property];
  return picked as Partial<T>;
};

/** The answer of a /get over records that are few enough to be at hand: asked for all, it has all (J45). */
export const getAnswer = <T extends { id: string }>(
  args: { accountId: unknown; ids: readonly Id[] | null; properties: readonly string[] | null },
  known: readonly string[],
  state: string,
  all: readonly T[],
): string => {
  const properties = wantedProperties(args.properties, known);
  const notFound: string[] = [];
  let chosen: readonly T[] = all;
  if (args.ids !== null) {
    const byId = new Map(all.map((value) => [value.id, value]));
    const found: T[] = [];
    for (const wanted of wantedIds(args.ids)) {
      const value = byId.get(wanted);
      if (value) found.push(value);
      else notFound.push(wanted);
    }
    chosen = found;
  }
  return JSON.stringify({
    accountId: args.accountId,
    state,
    list: chosen.map((value) => pick(value, properties)),
    notFound,
  });
};
