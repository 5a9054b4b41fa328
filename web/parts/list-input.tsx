import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';

/** The two halves of an APG combobox whose listbox is always open. `id` is the listbox's; its options are `id-0`, `id-1` … */

export const ListInput = (props: {
  id: string;
  label: string;
  class?: string;
  typed: string;
  /** Index of the option that is chosen now, -1: none. */
  here: number;
  describedBy?: string;
  onType(typed: string): void;
  onKeyDown(event: TargetedKeyboardEvent<HTMLInputElement>): void;
}) => (
  <input
    class={props.class}
    type="text"
    role="combobox"
    aria-label={props.label}
    aria-expanded="true"
    aria-controls={props.id}
    aria-autocomplete="list"
    aria-describedby={props.describedBy}
    aria-activedescendant={props.here < 0 ? undefined : `${props.id}-${props.here}`}
    autocomplete="off"
    spellcheck={false}
    placeholder={props.label}
    value={props.typed}
    onInput={(event) => props.onType(event.currentTarget.value)}
    onKeyDown={props.onKeyDown}
  />
);

export const ListOption = (props: {
  id: string;
  index: number;
  here: number;
  onTake(): void;
  /** The mouse is over it. */
  onPoint(index: number): void;
  children: ComponentChildren;
}) => (
  <div
    id={`${props.id}-${props.index}`}
    role="option"
    aria-selected={props.index === props.here}
    onClick={props.onTake}
    onPointerMove={() => props.index !== props.here && props.onPoint(props.index)}
  >
    {props.children}
  </div>
);
