import { signal, type ReadonlySignal } from '@preact/signals-core';

export interface Undoable {
  /** What was done, as the toast says it: `Archived “Board dinner”`. */
  label: string;
  /** Why it cannot be taken back although nobody has: a sentence, or null. */
  hopeless?(): string | null;
  undo(): void;
}

/** What was done in this session and can be taken back, newest last. */
export interface UndoStack {
  readonly items: ReadonlySignal<readonly Undoable[]>;
  push(item: Undoable): void;
  /** Takes back the newest, or this one; its label, or null when there is nothing. */
  undo(item?: Undoable): string | null;
  /** It cannot be taken back any more. */
  drop(item: Undoable): void;
  /** Nothing can be taken back any more. */
  clear(): void;
}

const most = 100;

export const openUndo = (): UndoStack => {
  const items = signal<readonly Undoable[]>([]);
  const drop = (item: Undoable): void => {
    items.value = items.peek().filter((each) => each !== item);
  };
  return {
    items,
    drop,
    clear: () => {
      items.value = [];
    },
    push: (item) => {
      items.value = [...items.peek(), item].slice(-most);
    },
    undo: (item = items.peek().at(-1)) => {
      if (!item || !items.peek().includes(item)) return null;
      drop(item);
      item.undo();
      return item.label;
    },
  };
};
