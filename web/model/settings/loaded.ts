import { signal, type ReadonlySignal } from '@preact/signals-core';
import { modelError, type ModelError } from '../errors.ts';

/** A list as a screen of settings has it. */
export type Loaded<T> = { at: 'loading' } | { at: 'ready'; list: readonly T[] } | { at: 'failed'; error: ModelError };

export interface LoadedList<T> {
  readonly state: ReadonlySignal<Loaded<T>>;
  /** What is shown stays until the answer is there. One that was asked for before a change is asked for again. Never rejects. */
  load(): Promise<void>;
  /** Changes what is shown. */
  change(change: (list: readonly T[]) => readonly T[]): void;
}

export const openLoaded = <T>(fetch: () => Promise<readonly T[]>): LoadedList<T> => {
  const state = signal<Loaded<T>>({ at: 'loading' });
  let changes = 0;
  const fetchAfterChanges = async (): Promise<readonly T[]> => {
    for (;;) {
      const before = changes;
      const list = await fetch();
      if (changes === before) return list;
    }
  };
  return {
    state,
    load: async () => {
      if (state.peek().at === 'failed') state.value = { at: 'loading' };
      try {
        state.value = { at: 'ready', list: await fetchAfterChanges() };
      } catch (error) {
        const failed = modelError(error);
        if (state.peek().at !== 'ready') state.value = { at: 'failed', error: failed };
      }
    },
    change: (change) => {
      changes += 1;
      const now = state.peek();
      if (now.at === 'ready') state.value = { at: 'ready', list: change(now.list) };
    },
  };
};
