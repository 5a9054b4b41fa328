import type { Log } from '#base/log.ts';
import { logError } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { PatchObject } from '#jmap/core.ts';
import type { SetError } from '#jmap/errors.ts';
import { type Check, id, idOrReference, list, mapOf, orNull, record, text, Unfit } from './check.ts';
import { invalidProperties, MethodFailure, SetFailure } from './errors.ts';
import { limits } from './limits.ts';
import { type AccountContext, resolveId } from './method.ts';
import { sentenceOf } from './words.ts';

/** Arguments every /set has – RFC 8620 §5.3 */
export const setFields = {
  ifInState: orNull(text),
  create: orNull(mapOf(id, record)),
  update: orNull(mapOf(idOrReference, record)),
  destroy: orNull(list(idOrReference)),
};

export interface SetArguments {
  ifInState: string | null;
  create: Record<string, Record<string, unknown>> | null;
  update: Record<string, PatchObject> | null;
  destroy: string[] | null;
}

/** Refuses what is too much or meant for another state. @throws MethodFailure requestTooLarge, stateMismatch */
export const admitSet = (args: SetArguments, state: string): void => {
  const count =
    Object.keys(args.create ?? {}).length + Object.keys(args.update ?? {}).length + (args.destroy?.length ?? 0);
  if (count > limits.maxObjectsInSet)
    throw new MethodFailure('requestTooLarge', `More than ${limits.maxObjectsInSet} records.`);
  if (args.ifInState !== null && args.ifInState !== state) throw new MethodFailure('stateMismatch');
};

const setErrorOf = (error: unknown, log: Log): SetError => {
  if (error instanceof SetFailure) return error.error;
  logError(log, 'record refused', error);
  return error instanceof Problem ? { type: 'serverFail', description: sentenceOf(error) } : { type: 'serverFail' };
};

/** Gathers what became of each record of a /set. */
export class Outcome {
  readonly #context: AccountContext;
  readonly #created: [string, object][] = [];
  readonly #updated: [string, object | null][] = [];
  readonly #destroyed: string[] = [];
  readonly #not: Record<'create' | 'update' | 'destroy', [string, SetError][]> = {
    create: [],
    update: [],
    destroy: [],
  };

  constructor(context: AccountContext) {
    this.#context = context;
  }

  created(creationId: string, record: { id: string }): void {
    this.#context.created.set(creationId, record.id);
    this.#created.push([creationId, record]);
  }

  /** `changed`: properties the server set besides those asked for; null when none. */
  updated(id: string, changed: object | null = null): void {
    this.#updated.push([id, changed]);
  }

  destroyed(id: string): void {
    this.#destroyed.push(id);
  }

  refused(kind: 'create' | 'update' | 'destroy', id: string, error: unknown): void {
    this.#not[kind].push([id, setErrorOf(error, this.#context.log)]);
  }

  get changedNothing(): boolean {
    return this.#created.length === 0 && this.#updated.length === 0 && this.#destroyed.length === 0;
  }

  /** Email/import has only creates – RFC 8621 §4.8 */
  toImportJson(oldState: string, newState: string): string {
    const { created, notCreated } = JSON.parse(this.toJson(oldState, newState)) as Record<string, unknown>;
    return JSON.stringify({ accountId: this.#context.open.jmapId, oldState, newState, created, notCreated });
  }

  toJson(oldState: string, newState: string): string {
    const map = (entries: [string, unknown][]): object | null =>
      entries.length === 0 ? null : Object.fromEntries(entries);
    return JSON.stringify({
      accountId: this.#context.open.jmapId,
      oldState,
      newState,
      created: map(this.#created),
      updated: map(this.#updated),
      destroyed: this.#destroyed.length === 0 ? null : this.#destroyed,
      notCreated: map(this.#not.create),
      notUpdated: map(this.#not.update),
      notDestroyed: map(this.#not.destroy),
    });
  }
}

/**
 * The records to update and destroy under their ids, creation ids resolved, each once. A record that is to be destroyed
 * is not updated (willDestroy); a creation id that names nothing is not found.
 */
export const targetsOf = (
  context: AccountContext,
  args: SetArguments,
  outcome: Outcome,
): { update: [string, PatchObject][]; destroy: string[] } => {
  const destroy = new Set<string>();
  for (const given of args.destroy ?? []) {
    const target = resolveId(context, given);
    if (target === undefined) outcome.refused('destroy', given, new SetFailure({ type: 'notFound' }));
    else destroy.add(target);
  }
  const update: [string, PatchObject][] = [];
  for (const [given, patch] of Object.entries(args.update ?? {})) {
    const target = resolveId(context, given);
    if (target === undefined) outcome.refused('update', given, new SetFailure({ type: 'notFound' }));
    else if (destroy.has(target)) outcome.refused('update', target, new SetFailure({ type: 'willDestroy' }));
    else update.push([target, patch]);
  }
  return { update, destroy: [...destroy] };
};

/** Reads a member of a record with a check; what does not fit is `invalidProperties`. @throws SetFailure */
export const property = <T>(check: Check<T>, value: unknown, name: string): T => {
  try {
    return check(value, name);
  } catch (error) {
    if (error instanceof Unfit) throw invalidProperties([error.at.split('/')[0] ?? name], error.message);
    throw error;
  }
};

/** Refuses members that a record of this kind does not have, all at once. @throws SetFailure */
export const onlyProperties = (given: object, known: readonly string[]): void => {
  const strangers = Object.keys(given).filter((name) => !known.includes(name));
  if (strangers.length > 0) throw invalidProperties(strangers);
};
