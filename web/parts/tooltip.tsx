import type { TargetedFocusEvent, TargetedMouseEvent, TargetedPointerEvent } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';
import { placed } from './place.ts';

/** APG tooltip: shown on hover after a rest and on keyboard focus at once, gone on Escape; one for the whole page. */

let tip: HTMLElement | null = null;
let timer = 0;
/** What it is, or is about to be, shown for. */
let near: Element | null = null;

const element = (): HTMLElement => {
  if (tip) return tip;
  tip = document.createElement('div');
  tip.className = 'tip';
  tip.popover = 'manual';
  tip.setAttribute('aria-hidden', 'true');
  document.body.append(tip);
  return tip;
};

const hide = (): void => {
  near = null;
  window.clearTimeout(timer);
  if (tip?.matches(':popover-open')) tip.hidePopover();
};

const show = (opener: Element, text: string, cap?: string): void => {
  hide();
  near = opener;
  const box = element();
  box.replaceChildren(text);
  if (cap) {
    const key = document.createElement('kbd');
    key.textContent = cap;
    box.append(key);
  }
  box.showPopover();
  const { width, height } = box.getBoundingClientRect();
  const rect = opener.getBoundingClientRect();
  const middle = rect.left + rect.width / 2 - width / 2;
  const at = placed(
    { left: middle, right: middle + width, top: rect.top, bottom: rect.bottom },
    { width, height },
    { width: innerWidth, height: innerHeight },
    6,
  );
  box.style.setProperty('left', `${at.left}px`);
  box.style.setProperty('top', `${at.top}px`);
};

document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
document.addEventListener('scroll', hide, { capture: true, passive: true });

/** Handlers that give an element a tooltip. The text repeats the element's own name, so it is not read out again. */
export const tooltip = (text: string, cap?: string) => ({
  onPointerEnter: (event: TargetedPointerEvent<HTMLElement>) => {
    const opener = event.currentTarget;
    if (event.pointerType !== 'mouse') return;
    window.clearTimeout(timer);
    near = opener;
    timer = window.setTimeout(() => opener.isConnected && show(opener, text, cap), 500);
  },
  onPointerLeave: hide,
  onPointerDown: hide,
  onFocus: (event: TargetedFocusEvent<HTMLElement>) => {
    if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, text, cap);
  },
  onBlur: hide,
});

interface IconButtonProps {
  icon: IconName;
  label: string;
  /** Key cap shown in the tooltip. */
  cap?: string;
  size?: 'sm';
  class?: string;
  on?: boolean;
  pressed?: boolean;
  disabled?: boolean;
  tabIndex?: number;
  onClick(event: TargetedMouseEvent<HTMLButtonElement>): void;
}

/** A button that is an icon. Disabled ones stay focusable, so that a toolbar keeps its shape. */
export const IconButton = ({
  icon,
  label,
  cap,
  size,
  on,
  pressed,
  disabled,
  tabIndex,
  onClick,
  ...rest
}: IconButtonProps) => {
  const own = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const at = own.current;
    return () => void (near === at && hide());
  }, []);
  return (
    <button
      ref={own}
      type="button"
      class={`icon ${size ?? ''} ${on ? 'on' : ''} ${rest.class ?? ''}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-disabled={disabled}
      tabIndex={tabIndex}
      onClick={(event) => {
        hide();
        if (!disabled) onClick(event);
      }}
      {...tooltip(label, cap)}
    >
      <Icon name={icon} />
    </button>
  );
};
