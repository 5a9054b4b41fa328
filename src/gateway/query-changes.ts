import type { Capability } from '#jmap/core.ts';
import type { MethodName } from '#jmap/methods.ts';
import { bool, type Check, id, optional, orNull, text, unsigned } from './check.ts';
import { MethodFailure } from './errors.ts';
import { type Method, method } from './method.ts';

const anything: Check<unknown> = (value) => value;

/** Arguments every /queryChanges has beside filter and sort – RFC 8620 §5.6 */
export const queryChangesFields = {
  sinceQueryState: text,
  maxChanges: orNull(unsigned),
  upToId: orNull(id),
  calculateTotal: optional(bool, false),
};

/** A /queryChanges of a short list, which never calculates changes, as its /query says of itself – RFC 8620 §5.6 */
export const queryChangesMethod = (name: MethodName, capability: Capability, more: readonly string[] = []): Method => {
  const fields: Record<string, Check<unknown>> = {
    filter: optional(anything, null),
    sort: optional(anything, null),
    ...queryChangesFields,
  };
  for (const argument of more) fields[argument] = optional(bool, false);
  return method(name, capability, {}, fields, () => {
    throw new MethodFailure('cannotCalculateChanges');
  });
};
