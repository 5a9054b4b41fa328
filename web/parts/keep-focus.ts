import { latestFocus, latestRegion, left, standIn } from './regions.ts';

/** The region that had the focus last. */
let last: HTMLElement | null = null;
/** What has the focus, until whoever uses it gives it up. */
let held: Element | null = null;

const visible = (element: Element): boolean =>
  element.isConnected && element.checkVisibility({ visibilityProperty: true });

/** Where the focus goes within a region: first what the region wants, then where it was left. */
const placesIn = (region: HTMLElement): HTMLElement[] => {
  const wanted = region.dataset['region'];
  const known = left.get(region);
  return [
    ...(wanted ? region.querySelectorAll<HTMLElement>(wanted) : []),
    ...(known ? [known] : []),
    ...region.querySelectorAll<HTMLElement>('[tabindex="0"], [data-stand-in]'),
  ];
};

const take = (): void => {
  if (document.activeElement !== document.body || !held || document.querySelector('dialog[open]')) return;
  // It is still there: it was given up.
  if (visible(held)) {
    held = null;
    return;
  }
  const list = document.querySelector<HTMLElement>('#list-pane');
  for (const region of [last, list]) {
    for (const place of region ? placesIn(region) : []) {
      if (visible(place)) standIn(place);
      if (document.activeElement !== document.body) return;
    }
  }
};

const remember = (target: EventTarget | null): void => {
  if (!(target instanceof HTMLElement) || target === document.body) return;
  held = target;
  last = target.closest<HTMLElement>('[data-region]') ?? last;
};

/**
 * What had the focus went, or was hidden: when nothing else took the focus by then, its region does, else the list.
 * `data-stand-in` marks what has the focus only while there is nothing better. Returns what ends it.
 */
export const keepFocus = (): (() => void) => {
  let waiting = false;
  const look = (): void => {
    if (waiting || document.activeElement !== document.body) return;
    waiting = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        waiting = false;
        take();
      }),
    );
  };
  const onIn = (event: FocusEvent): void => remember(event.target);
  const onOut = (): void => queueMicrotask(look);
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true });
  // What had the focus may have gone before this began, and is in no region then.
  remember(latestFocus());
  last = latestRegion() ?? last;
  look();
  document.addEventListener('focusin', onIn);
  document.addEventListener('focusout', onOut);
  return () => {
    watch.disconnect();
    document.removeEventListener('focusin', onIn);
    document.removeEventListener('focusout', onOut);
  };
};
