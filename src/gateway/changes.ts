import type { ChangeType, Changes } from '#index/types.ts';
import type { Capability } from '#jmap/core.ts';
import type { MethodName } from '#jmap/methods.ts';
import { type Check, orNull, text, Unfit, unsigned } from './check.ts';
import { MethodFailure } from './errors.ts';
import { limits } from './limits.ts';
import { type AccountContext, type Method, method } from './method.ts';
import { listedTypes } from './tide.ts';

const positive: Check<number> = (value, at) => {
  const number = unsigned(value, at);
  if (number === 0) throw new Unfit(at, 'greater than 0');
  return number;
};

/** Arguments every /changes has – RFC 8620 §5.2 */
export const changesFields = {
  sinceState: text,
  maxChanges: orNull(positive),
};

/** A /changes answered from the index's change log. `more` adds members to the answer. */
export const changesMethod = (
  name: MethodName,
  capability: Capability,
  type: ChangeType,
  more: (changes: Changes, context: AccountContext) => object = () => ({}),
): Method =>
  method(name, capability, { pure: listedTypes.includes(type) }, changesFields, (context, args) => {
    const { open } = context;
    const max = Math.min(args.maxChanges ?? limits.maxChanges, limits.maxChanges);
    const changes = open.index.read((reader) => reader.changes(type, args.sinceState, max));
    if (!changes) throw new MethodFailure('cannotCalculateChanges');
    const { created, updated, destroyed, newState, hasMore } = changes;
    const answer = {
      accountId: open.jmapId,
      oldState: args.sinceState,
      newState,
      hasMoreChanges: hasMore,
      created,
      updated,
      destroyed,
    };
    return { json: JSON.stringify({ ...answer, ...more(changes, context) }) };
  });
