import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { arrowsAlong } from './arrows.ts';

const usable = 'button:not([hidden]), a[href]';

/** APG toolbar: one Tab stop, arrows go along it; disabled buttons stay focusable. */
export const Toolbar = ({
  label,
  children,
  ...rest
}: {
  label: string;
  class?: string;
  children: ComponentChildren;
}) => {
  const own = useRef<HTMLDivElement>(null);
  const buttons = (): HTMLElement[] =>
    [...(own.current?.querySelectorAll<HTMLElement>(usable) ?? [])].filter((each) => each.offsetParent !== null);

  useLayoutEffect(() => {
    const all = buttons();
    const here = all.find((each) => each.tabIndex === 0 && each.dataset['stop'] === 'yes') ?? all[0];
    for (const each of all) {
      each.tabIndex = each === here ? 0 : -1;
      each.dataset['stop'] = each === here ? 'yes' : 'no';
    }
  });

  const stop = (at: HTMLElement): void => {
    for (const each of buttons()) {
      each.tabIndex = each === at ? 0 : -1;
      each.dataset['stop'] = each === at ? 'yes' : 'no';
    }
  };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void => arrowsAlong(event, buttons());

  return (
    <div
      ref={own}
      class={rest.class}
      role="toolbar"
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocusIn={(event) => event.target instanceof HTMLElement && event.target.matches(usable) && stop(event.target)}
    >
      {children}
    </div>
  );
};
