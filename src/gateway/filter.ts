import { type Check, isObject, Unfit } from './check.ts';
import { MethodFailure } from './errors.ts';

/** FilterOperator / FilterCondition – RFC 8620 §5.5 */
export type FilterTree<C> = { op: 'AND' | 'OR' | 'NOT'; of: FilterTree<C>[] } | { op: 'is'; is: C };

const maxDepth = 20;
const maxNodes = 500;

const isOperator = (value: unknown): value is 'AND' | 'OR' | 'NOT' =>
  value === 'AND' || value === 'OR' || value === 'NOT';

/**
 * Reads a filter. `known` are the condition's members: another one is unsupportedFilter, a value that does not fit
 * invalidArguments.
 */
export const filterOf = <C>(known: readonly string[], condition: Check<C>): Check<FilterTree<C>> => {
  let nodes = 0;
  const read = (value: unknown, at: string, depth: number): FilterTree<C> => {
    if (!isObject(value)) throw new Unfit(at, 'a filter');
    if ((nodes += 1) > maxNodes || depth > maxDepth)
      throw new MethodFailure('unsupportedFilter', 'The filter is too large.');
    if (!Object.hasOwn(value, 'operator')) {
      const stranger = Object.keys(value).find((name) => !known.includes(name));
      if (stranger !== undefined) throw new MethodFailure('unsupportedFilter', `${at}/${stranger}`);
      return { op: 'is', is: condition(value, at) };
    }
    const { operator, conditions, ...rest } = value;
    const stranger = Object.keys(rest)[0];
    if (!isOperator(operator)) throw new Unfit(`${at}/operator`, 'AND, OR or NOT');
    if (!Array.isArray(conditions)) throw new Unfit(`${at}/conditions`, 'a list of filters');
    if (stranger !== undefined) throw new Unfit(`${at}/${stranger}`, 'not known here');
    return { op: operator, of: conditions.map((one, index) => read(one, `${at}/conditions/${index}`, depth + 1)) };
  };
  return (value, at) => {
    nodes = 0;
    return read(value, at, 0);
  };
};

/** Whether a record passes – RFC 8620 §5.5: NOT is true when none of its conditions is. */
export const passes = <C>(filter: FilterTree<C>, holds: (condition: C) => boolean): boolean => {
  switch (filter.op) {
    case 'is':
      return holds(filter.is);
    case 'AND':
      return filter.of.every((one) => passes(one, holds));
    case 'OR':
      return filter.of.some((one) => passes(one, holds));
    case 'NOT':
      return !filter.of.some((one) => passes(one, holds));
  }
};
