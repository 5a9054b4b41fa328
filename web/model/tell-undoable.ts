import type { Toasts } from './toasts.ts';
import type { Undoable, UndoStack } from './undo.ts';

/** Says what was done, with a button that takes it back; `z` does too. `said`: what is said then. */
export const tellUndoable = (
  { undo, toasts }: { undo: UndoStack; toasts: Toasts },
  item: Undoable,
  icon: string,
  said = 'It is as it was',
): void => {
  undo.push(item);
  const run = (): void => {
    if (undo.undo(item) !== null) toasts.show(said, { icon: 'undo-2', life: 4_000 });
  };
  toasts.show(item.label, { icon, actions: [{ label: 'Undo', cap: 'Z', run }] });
};
