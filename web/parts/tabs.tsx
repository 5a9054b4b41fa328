import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useRef } from 'preact/hooks';
import { arrowsAlong } from './arrows.ts';

export interface Tab<K extends string> {
  key: K;
  label: string;
  count?: number | null;
  /** Decoration before the label. */
  mark?: ComponentChildren;
  /** Said more quietly behind the label. */
  note?: string;
}

/** APG tabs with manual activation: arrows move the focus, Enter or Space opens (opening fetches). */
export const Tabs = <K extends string>(props: {
  label: string;
  tabs: readonly Tab<K>[];
  chosen: K;
  /** Id of the element the tabs switch. */
  controls: string;
  /** Ids of the tabs begin so, for what they label. */
  id?: string;
  class?: string;
  onChoose(key: K): void;
}) => {
  const own = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void =>
    arrowsAlong(event, [...(own.current?.querySelectorAll<HTMLElement>('[role="tab"]') ?? [])]);
  return (
    <div ref={own} class={props.class ?? 'splits'} role="tablist" aria-label={props.label} onKeyDown={onKeyDown}>
      {props.tabs.map(({ key, label, count, mark, note }) => (
        <button
          key={key}
          id={props.id === undefined ? undefined : `${props.id}-${key}`}
          type="button"
          role="tab"
          class={key === props.chosen ? 'on' : ''}
          aria-selected={key === props.chosen}
          aria-controls={props.controls}
          tabIndex={key === props.chosen ? 0 : -1}
          onClick={() => props.onChoose(key)}
        >
          {mark}
          {label} {count ? <b>{count.toLocaleString('en')}</b> : null}
          {note ? <small>{note}</small> : null}
        </button>
      ))}
    </div>
  );
};
