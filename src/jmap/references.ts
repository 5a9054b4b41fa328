import type { ResultReference } from './core.ts';
import { parsePointer } from './pointer.ts';

/** Result references – RFC 8620 §3.7. */

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isResultReference = (value: unknown): value is ResultReference =>
  isObject(value) &&
  typeof value['resultOf'] === 'string' &&
  typeof value['name'] === 'string' &&
  typeof value['path'] === 'string' &&
  Object.keys(value).length === 3;

const arrayIndex = /^(?:0|[1-9]\d*)$/u;

const walk = (value: unknown, tokens: readonly string[], from: number): { found: unknown } | undefined => {
  const token = tokens[from];
  if (token === undefined) return { found: value };
  if (Array.isArray(value)) {
    if (token === '*') {
      const all: unknown[] = [];
      for (const item of value) {
        const part = walk(item, tokens, from + 1);
        if (part === undefined) return undefined;
        if (Array.isArray(part.found)) all.push(...(part.found as unknown[]));
        else all.push(part.found);
      }
      return { found: all };
    }
    const index = arrayIndex.test(token) ? Number(token) : -1;
    return index >= 0 && index < value.length ? walk(value[index], tokens, from + 1) : undefined;
  }
  if (!isObject(value) || !Object.hasOwn(value, token)) return undefined;
  return walk(value[token], tokens, from + 1);
};

/**
 * The value a pointer names, with `*` mapping the rest over an array and flattening one level.
 * Undefined when the path leads nowhere.
 */
export const evaluatePointer = (value: unknown, pointer: string): { found: unknown } | undefined => {
  const tokens = parsePointer(pointer);
  return tokens && walk(value, tokens, 0);
};

export type Resolved =
  | { ok: true; arguments: Record<string, unknown> }
  /** `invalidArguments`: a name stands both plain and as reference, or what should be a reference is none. */
  | { ok: false; type: 'invalidArguments' | 'invalidResultReference'; description: string };

/**
 * Arguments with every `#name` replaced by what it refers to. `look` finds the first response of the call `resultOf`
 * and evaluates the path in it; undefined when there is no such response or the path leads nowhere.
 */
export const resolveReferences = (
  given: Record<string, unknown>,
  look: (reference: ResultReference) => { found: unknown } | undefined,
): Resolved => {
  const names = Object.keys(given);
  if (!names.some((name) => name.startsWith('#'))) return { ok: true, arguments: given };
  const resolved: [name: string, value: unknown][] = [];
  for (const name of names) {
    if (!name.startsWith('#')) {
      resolved.push([name, given[name]]);
      continue;
    }
    const plain = name.slice(1);
    const reference = given[name];
    if (Object.hasOwn(given, plain)) {
      return { ok: false, type: 'invalidArguments', description: `${plain} stands both plain and as a reference` };
    }
    if (!isResultReference(reference)) {
      return { ok: false, type: 'invalidArguments', description: `${name} is not a result reference` };
    }
    const value = look(reference);
    if (!value) return { ok: false, type: 'invalidResultReference', description: `${name}: nothing there to refer to` };
    resolved.push([plain, value.found]);
  }
  // Not by assignment: `__proto__` is a name like any other.
  return { ok: true, arguments: Object.fromEntries(resolved) };
};
