import type { PatchObject } from './core.ts';
import { parsePointer } from './pointer.ts';

/** PatchObject – RFC 8620 §5.3. Keys are pointers without the leading slash; no pointer into an array, none a prefix of another. */

export type PatchResult<T> = { ok: true; value: T } | { ok: false; description: string };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Step {
  path: string[];
  value: unknown;
}

const stepsOf = (patch: PatchObject): Step[] | string => {
  const steps: Step[] = [];
  for (const [key, value] of Object.entries(patch)) {
    const path = parsePointer(`/${key}`);
    if (!path) return `${key} is not a pointer`;
    steps.push({ path, value });
  }
  if (!steps.some((step) => step.path.length > 1)) return steps;
  const whole = new Set(steps.map((step) => JSON.stringify(step.path)));
  for (const { path } of steps) {
    for (let length = 1; length < path.length; length += 1) {
      if (whole.has(JSON.stringify(path.slice(0, length))))
        return `${path.join('/')} is below another key of the patch`;
    }
  }
  return steps;
};

/**
 * `record` with the patch applied, as a copy; unchanged branches are shared. A top-level null takes the value of
 * `defaults` when it has one, else it stays null where the record has the property; a null further down removes.
 */
export const applyPatch = <T extends object>(
  record: T,
  patch: PatchObject,
  defaults: Partial<T> = {},
): PatchResult<T> => {
  const steps = stepsOf(patch);
  if (typeof steps === 'string') return { ok: false, description: steps };
  const copy = { ...record } as Record<string, unknown>;
  const fresh = new Set<unknown>([copy]);
  for (const { path, value } of steps) {
    let at = copy;
    for (const token of path.slice(0, -1)) {
      const below = Object.hasOwn(at, token) ? at[token] : undefined;
      if (!isObject(below)) return { ok: false, description: `${path.join('/')} leads into nothing or into an array` };
      const mine = fresh.has(below) ? below : { ...below };
      fresh.add(mine);
      at[token] = mine;
      at = mine;
    }
    const last = path.at(-1) ?? '';
    const fallback =
      path.length === 1 && value === null && Object.hasOwn(defaults, last)
        ? (defaults as Record<string, unknown>)[last]
        : value;
    if (fallback === null && (path.length > 1 || !Object.hasOwn(copy, last))) delete at[last];
    else Object.defineProperty(at, last, { value: fallback, writable: true, enumerable: true, configurable: true });
  }
  return { ok: true, value: copy as T };
};
