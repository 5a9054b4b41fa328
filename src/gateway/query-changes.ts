import type { Capability } from '#jmap/core.ts';
import type { MethodName } from '#jmap/methods.ts';
import { bool, type Check, id, optional, orNull, text, unsigned } from './check.ts';
import { MethodFailure } from './errors.ts';
import { type Method, method } from './method.ts';

const anything: Check<unknown> = (value) => value;

/** A /queryChanges – RFC 8620 §5.6. No query here can calculate changes, as every /query says of itself. */
export const queryChangesMethod = (name: MethodName, capability: Capability, more: readonly string[] = []): Method => {
  const fields: Record<string, Check<unknown>> = {
    filter: optional(anything, null),
    sort: optional(anything, null),
    sinceQueryState: text,
    maxChanges: orNull(unsigned),
    upToId: orNull(id),
    calculateTotal: optional(bool, false),
  };
  for (const argument of more) fields[argument] = optional(bool, false);
  return method(name, capability, {}, fields, () => {
    throw new MethodFailure('cannotCalculateChanges');
  });
};
