import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { List, RowId } from './list.ts';

/**
 * What is picked in a list. Rows are remembered by id, never by place, so that mail that comes or goes meanwhile cannot
 * slip under a pick; "all of the list" is one mark and the exceptions, however long the list is.
 */
export type Picked = { all: false; ids: ReadonlySet<RowId> } | { all: true; except: ReadonlySet<RowId> };

export interface Selection {
  readonly picked: ReadonlySignal<Picked>;
  readonly count: ReadonlySignal<number>;
  has(id: RowId): boolean;
  toggle(id: RowId): void;
  /** Everything between the last toggled row and this one, no more; rows not fetched yet are fetched. */
  extend(id: RowId): Promise<void>;
  only(ids: readonly RowId[]): void;
  all(): void;
  clear(): void;
}

const none: Picked = { all: false, ids: new Set() };

export const openSelection = (list: List): Selection => {
  const picked = signal<Picked>(none);
  let pivot: RowId | null = null;
  /** What the range from the pivot added; another end of the range gives it back. */
  let spread: ReadonlySet<RowId> = new Set();
  let ranges = 0;

  const count = computed(() => {
    const now = picked.value;
    return now.all ? Math.max(0, (list.total.value ?? 0) - now.except.size) : now.ids.size;
  });

  const set = (ids: Iterable<RowId>): void => {
    picked.value = { all: false, ids: new Set(ids) };
  };

  return {
    picked,
    count,
    has: (id) => {
      const now = picked.value;
      return now.all ? !now.except.has(id) : now.ids.has(id);
    },
    toggle: (id) => {
      pivot = id;
      spread = new Set();
      const now = picked.peek();
      const next = new Set(now.all ? now.except : now.ids);
      if (!next.delete(id)) next.add(id);
      picked.value = now.all ? { all: true, except: next } : { all: false, ids: next };
    },
    extend: async (id) => {
      const to = list.indexOf(id);
      if (to < 0) return;
      if (pivot === null || list.indexOf(pivot) < 0) pivot = id;
      const from = list.indexOf(pivot);
      ranges += 1;
      const mine = ranges;
      const range = await list.idsIn(Math.min(from, to), Math.max(from, to) + 1);
      const now = picked.peek();
      if (now.all || mine !== ranges) return;
      const others = new Set([...now.ids].filter((each) => !spread.has(each)));
      spread = new Set(range.filter((each) => !others.has(each)));
      set([...others, ...range]);
    },
    only: (ids) => set(ids),
    all: () => {
      picked.value = { all: true, except: new Set() };
    },
    clear: () => {
      pivot = null;
      spread = new Set();
      ranges += 1;
      picked.value = none;
    },
  };
};
