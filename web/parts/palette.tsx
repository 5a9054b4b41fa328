import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useModal } from './dialog.tsx';
import { ListInput, ListOption } from './list-input.tsx';

export interface PaletteOption {
  key: string;
  children: ComponentChildren;
  run(): void;
}

export interface PaletteGroup {
  key: string;
  title: string;
  options: readonly PaletteOption[];
}

/**
 * A modal dialog that is one combobox with its listbox, in groups: type to find, arrows to choose, Enter to run. It closes
 * before it runs, so that the focus is back where it was. Escape closes.
 */
export const Palette = (props: {
  label: string;
  /** What was typed before it was there. */
  typed: string;
  mark: ComponentChildren;
  /** What it acts on. */
  chip: string | null;
  groups(typed: string): readonly PaletteGroup[];
  /** When nothing is found. */
  none: string;
  foot: ComponentChildren;
  onClose(): void;
}) => {
  const [typed, setTyped] = useState(props.typed);
  const [at, setAt] = useState(0);
  const modal = useModal({ focus: 'input', onClose: props.onClose });
  const id = useId();
  const groups = props.groups(typed);
  const all = groups.flatMap(({ options }) => options);
  const here = Math.min(at, all.length - 1);

  const go = (index: number): void => {
    const to = (index + all.length) % Math.max(1, all.length);
    setAt(to);
    modal.ref.current?.querySelector(`#${CSS.escape(`${id}-${to}`)}`)?.scrollIntoView({ block: 'nearest' });
  };
  const run = (option: PaletteOption | undefined): void => {
    if (!option) return;
    props.onClose();
    // The dialog is gone by then, and has given the focus back.
    setTimeout(() => option.run());
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'ArrowDown') go(here + 1);
    else if (event.key === 'ArrowUp') go(here - 1);
    else if (event.key === 'Enter') run(all[here]);
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') props.onClose();
    else return;
    event.preventDefault();
  };

  let index = -1;
  return (
    <dialog {...modal} class="dialog palette" aria-label={props.label}>
      <div class="palette-in">
        {props.mark}
        <ListInput
          id={id}
          label={props.label}
          typed={typed}
          here={here}
          {...(props.chip === null ? {} : { describedBy: `${id}-chip` })}
          onType={(text) => {
            setTyped(text);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        {props.chip === null ? null : (
          <span id={`${id}-chip`} class="ctx cut">
            {props.chip}
          </span>
        )}
      </div>
      <div id={id} class="palette-list" role="listbox" aria-label={props.label} tabIndex={-1}>
        {groups.map((group) => (
          <div key={group.key} role="group" aria-labelledby={`${id}-${group.key}`}>
            <div id={`${id}-${group.key}`} class="palette-title" role="presentation">
              {group.title}
            </div>
            {group.options.map((option) => {
              index += 1;
              const mine = index;
              return (
                <ListOption
                  key={option.key}
                  id={id}
                  index={mine}
                  here={here}
                  onTake={() => run(option)}
                  onPoint={setAt}
                >
                  {option.children}
                </ListOption>
              );
            })}
          </div>
        ))}
      </div>
      {/* Always there: only what changes in it is read out. */}
      <p class={all.length === 0 ? 'muted' : 'vh'} role="status">
        {all.length === 0 ? props.none : ''}
      </p>
      <div class="palette-foot" aria-hidden="true">
        {props.foot}
      </div>
    </dialog>
  );
};
