import { batch, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { must } from '#base/must.ts';
import type { PatchObject, SetResponse } from '#jmap/core.ts';
import type { SetError } from '#jmap/errors.ts';
import { applyPatch } from '#jmap/patch.ts';
import { parsePointer } from '#jmap/pointer.ts';
import { modelError, type ModelError } from './errors.ts';

/** What is known of one record. */
export type Known<T> =
  | { at: 'empty' }
  | { at: 'loading' }
  | { at: 'ready'; value: T }
  | { at: 'gone' }
  | { at: 'failed'; error: ModelError };

const empty: Known<never> = { at: 'empty' };
const loading: Known<never> = { at: 'loading' };
const gone: Known<never> = { at: 'gone' };

/** Records of one type of one account, each behind a signal of its own. */
export class RecordStore<T extends { id: string }> {
  #cells = new Map<string, Signal<Known<T>>>();

  protected cell(id: string): Signal<Known<T>> {
    const known = this.#cells.get(id);
    if (known) return known;
    const made = signal<Known<T>>(empty);
    this.#cells.set(id, made);
    return made;
  }

  of(id: string): ReadonlySignal<Known<T>> {
    return this.cell(id);
  }

  /** The value, subscribing to it. */
  get(id: string): T | undefined {
    const known = this.cell(id).value;
    return known.at === 'ready' ? known.value : undefined;
  }

  /** The value, without subscribing. */
  peek(id: string): T | undefined {
    const known = this.#cells.get(id)?.peek();
    return known?.at === 'ready' ? known.value : undefined;
  }

  /** Ids among these of which nothing is known and nothing is on its way. */
  missing(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      const at = this.#cells.get(id)?.peek().at ?? 'empty';
      return at === 'empty' || at === 'failed';
    });
  }

  /** Those of `ids` that are ready, or stand as `at` says. */
  held(ids: readonly string[], at: Known<T>['at'] = 'ready'): string[] {
    return ids.filter((id) => this.#cells.get(id)?.peek().at === at);
  }

  /** Ids of all that are ready. */
  ids(): string[] {
    return [...this.#cells].flatMap(([id, cell]) => (cell.peek().at === 'ready' ? [id] : []));
  }

  put(list: readonly T[]): void {
    batch(() => {
      for (const value of list) this.cell(value.id).value = { at: 'ready', value };
    });
  }

  loading(ids: readonly string[]): void {
    batch(() => {
      for (const id of ids) if (this.cell(id).peek().at !== 'ready') this.cell(id).value = loading;
    });
  }

  failed(ids: readonly string[], error: ModelError): void {
    batch(() => {
      for (const id of ids) if (this.cell(id).peek().at !== 'ready') this.cell(id).value = { at: 'failed', error };
    });
  }

  gone(ids: readonly string[]): void {
    batch(() => {
      for (const id of ids) this.cell(id).value = gone;
    });
  }

  /** Forgets values, so that the next who asks fetches; views keep what they show until then. */
  forget(ids: readonly string[] = [...this.#cells.keys()]): void {
    batch(() => {
      for (const id of ids) this.cell(id).value = empty;
    });
  }
}

/** Patches by record id. */
export type Patches = Readonly<Record<string, PatchObject>>;

export interface Refused {
  id: string;
  error: SetError;
}

/** How the server took a change. `error`: nothing of it is known to have arrived. */
export type Outcome = { refused: readonly Refused[]; error: ModelError | null };

/** The patch that takes `patch` back, given the record as it stood before. */
export const inverse = (record: object, patch: PatchObject): PatchObject => {
  const back: PatchObject = {};
  for (const key of Object.keys(patch)) {
    let at: unknown = record;
    for (const token of must(parsePointer(`/${key}`), 'a patch of our own is well formed'))
      at =
        typeof at === 'object' && at !== null && Object.hasOwn(at, token)
          ? (at as Record<string, unknown>)[token]
          : null;
    back[key] = at;
  }
  return back;
};

const patched = <T extends object>(record: T, patches: readonly (PatchObject | null)[]): T => {
  let value = record;
  for (const patch of patches) {
    const result = patch ? applyPatch(value, patch) : null;
    if (result?.ok) value = result.value;
  }
  return value;
};

interface Pending<T> {
  base: T;
  sent: PatchObject | null;
  next: PatchObject | null;
  /** Told when `next`, once sent, is answered. */
  nextTold: ((refused: SetError | null, error: ModelError | null) => void)[];
}

export type Commit<T> = (updates: Record<string, PatchObject>) => Promise<SetResponse<T>>;

/**
 * Records that the user changes. A change shows at once; the server follows, one change in flight per record: what comes
 * meanwhile is merged and waits for the answer. What the server refuses is taken back.
 */
export class EditableStore<T extends { id: string }> extends RecordStore<T> {
  #pending = new Map<string, Pending<T>>();
  #waiting = signal(0);
  #scheduled = false;
  #commit: Commit<T>;
  #maxInSet: number;

  constructor(commit: Commit<T>, maxInSet = 250) {
    super();
    this.#commit = commit;
    this.#maxInSet = maxInSet;
  }

  /** Records with changes that the server has not answered. */
  get waiting(): ReadonlySignal<number> {
    return this.#waiting;
  }

  override put(list: readonly T[]): void {
    super.put(
      list.map((value) => {
        const pending = this.#pending.get(value.id);
        if (!pending) return value;
        pending.base = value;
        return patched(value, [pending.sent, pending.next]);
      }),
    );
  }

  /** Properties that changed on the server; other properties stay. */
  merge(list: readonly (Partial<T> & { id: string })[]): void {
    const whole: T[] = [];
    for (const part of list) {
      const base = this.#pending.get(part.id)?.base ?? this.peek(part.id);
      if (base) whole.push({ ...base, ...part });
    }
    this.put(whole);
  }

  /** Shows the patches and sends them at the end of the tick. Never rejects. */
  change(patches: Patches): Promise<Outcome> {
    const refused: Refused[] = [];
    const errors: ModelError[] = [];
    const told = Object.entries(patches).map(
      ([id, patch]) =>
        new Promise<void>((resolve) => {
          const pending = this.#open(id);
          if (!pending) return resolve();
          pending.next = { ...pending.next, ...patch };
          pending.nextTold.push((no, error) => {
            if (no) refused.push({ id, error: no });
            if (error) errors.push(error);
            resolve();
          });
        }),
    );
    batch(() => {
      for (const id of Object.keys(patches)) this.#show(id);
    });
    this.#schedule();
    return Promise.all(told).then(() => ({ refused, error: errors[0] ?? null }));
  }

  #open(id: string): Pending<T> | undefined {
    const known = this.#pending.get(id);
    if (known) return known;
    const base = this.peek(id);
    if (!base) return undefined;
    const made: Pending<T> = { base, sent: null, next: null, nextTold: [] };
    this.#pending.set(id, made);
    this.#waiting.value = this.#pending.size;
    return made;
  }

  #show(id: string): void {
    const pending = this.#pending.get(id);
    if (pending) super.put([patched(pending.base, [pending.sent, pending.next])]);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const ready = [...this.#pending].filter(([, pending]) => pending.next !== null && pending.sent === null);
    for (let from = 0; from < ready.length; from += this.#maxInSet)
      void this.#send(ready.slice(from, from + this.#maxInSet));
  }

  async #send(changes: readonly (readonly [string, Pending<T>])[]): Promise<void> {
    const updates: Record<string, PatchObject> = {};
    const told = new Map<string, Pending<T>['nextTold']>();
    for (const [id, pending] of changes) {
      pending.sent = must(pending.next, 'only changes are sent');
      pending.next = null;
      updates[id] = pending.sent;
      told.set(id, pending.nextTold);
      pending.nextTold = [];
    }
    let response: SetResponse<T> | null = null;
    let error: ModelError | null = null;
    try {
      response = await this.#commit(updates);
    } catch (cause) {
      error = modelError(cause);
    }
    const noes: Record<string, SetError> = response?.notUpdated ?? {};
    const also: Record<string, Partial<T> | null> = response?.updated ?? {};
    batch(() => {
      for (const [id, pending] of changes) {
        const no = noes[id] ?? null;
        if (!error && !no) pending.base = { ...patched(pending.base, [pending.sent]), ...also[id] };
        pending.sent = null;
        if (no?.type === 'notFound') this.gone([id]);
        else this.#show(id);
        if (pending.next === null || no?.type === 'notFound') this.#pending.delete(id);
        for (const tell of told.get(id) ?? []) tell(no, error);
        if (no?.type === 'notFound') for (const tell of pending.nextTold) tell(no, null);
      }
      this.#waiting.value = this.#pending.size;
    });
    if (this.#pending.size > 0) this.#schedule();
  }
}
