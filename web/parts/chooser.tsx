import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { ListInput, ListOption } from './list-input.tsx';

export interface Choice {
  key: string;
  /** What typing is compared with. */
  label: string;
  children: ComponentChildren;
}

const fold = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase();

/** Words of the choice begin with the words typed, in order. */
export const matches = (label: string, typed: string): boolean => {
  const words = fold(label).split(/[^\p{L}\p{N}]+/u);
  let at = 0;
  return fold(typed)
    .split(/\s+/u)
    .filter(Boolean)
    .every((part) => {
      const found = words.findIndex((word, index) => index >= at && word.startsWith(part));
      at = found + 1;
      return found >= 0;
    });
};

/** APG combobox with a listbox that is always open: type to narrow, arrows to choose, Enter to take. */
export const Chooser = (props: {
  label: string;
  choices: readonly Choice[];
  none: string;
  /** What was typed before it was there. */
  typed?: string;
  /** One more choice, made of what is typed; null: none. */
  offer?: (typed: string) => Choice | null;
  onChoose(key: string, typed: string): void;
}) => {
  const [typed, setTyped] = useState(props.typed ?? '');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const offered = typed.trim() === '' ? null : (props.offer?.(typed.trim()) ?? null);
  const shown = [...props.choices.filter((choice) => matches(choice.label, typed)), ...(offered ? [offered] : [])];
  const choose = (key: string): void => props.onChoose(key, typed.trim());
  const here = Math.min(at, shown.length - 1);

  const go = (index: number): void => {
    const to = (index + shown.length) % Math.max(1, shown.length);
    setAt(to);
    list.current?.children[to]?.scrollIntoView({ block: 'nearest' });
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    const chosen = shown[here];
    if (event.key === 'ArrowDown') go(here + 1);
    else if (event.key === 'ArrowUp') go(here - 1);
    else if (event.key === 'Enter' && chosen) choose(chosen.key);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <ListInput
        id={id}
        label={props.label}
        class="field"
        typed={typed}
        here={here}
        onType={(text) => {
          setTyped(text);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={id} class="choice" role="listbox" aria-label={props.label}>
        {shown.map((choice, index) => (
          <ListOption
            key={choice.key}
            id={id}
            index={index}
            here={here}
            onTake={() => choose(choice.key)}
            onPoint={setAt}
          >
            {choice.children}
          </ListOption>
        ))}
      </div>
      {shown.length === 0 ? <p class="muted">{props.none}</p> : null}
    </>
  );
};
