/**
 * F6 and Shift+F6: the parts of the window in order, each where it was left. `data-region` holds a selector of what is
 * focused first, or nothing: the first Tab stop.
 */

/** Where each region had the focus last. */
export const left = new WeakMap<Element, HTMLElement>();

let latest: HTMLElement | null = null;
let latestIn: HTMLElement | null = null;

/** What took the focus last, if it was in a region; it may be gone. */
export const latestFocus = (): HTMLElement | null => latest;

/** The region it was in. */
export const latestRegion = (): HTMLElement | null => latestIn;

document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof HTMLElement)) return;
  const region = target.closest<HTMLElement>('[data-region]');
  latest = region ? target : null;
  latestIn = region;
  if (region) left.set(region, target);
});

/** What was given the focus because what had it went ({@link standIn}). */
let given: Element | null = null;

document.addEventListener('focusin', (event) => {
  if (event.target !== given) given = null;
});

/** Gives it the focus for want of anything better. */
export const standIn = (element: HTMLElement): void => {
  given = element;
  element.focus({ preventScroll: true });
};

/** Nobody chose where the focus is: who knows a better place takes it there. */
export const isFocusFree = (): boolean =>
  document.activeElement === document.body || document.activeElement === null || document.activeElement === given;

const focusable = 'a[href], button:not([disabled]), input:not([disabled]), textarea, [tabindex="0"]';

const visible = (element: HTMLElement): boolean => element.isConnected && element.checkVisibility();

export const focusRegion = (by: 1 | -1): void => {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(visible);
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  for (let step = 1; step <= regions.length; step += 1) {
    const region = regions[(here + by * step + regions.length * 2) % regions.length];
    const known = region ? left.get(region) : undefined;
    const wanted = region?.dataset['region'];
    const preferred = wanted ? region?.querySelector<HTMLElement>(wanted) : null;
    const stop = preferred ?? [...(region?.querySelectorAll<HTMLElement>('[tabindex="0"]') ?? [])].find(visible);
    const first = [...(region?.querySelectorAll<HTMLElement>(focusable) ?? [])].find(visible);
    const to = known && visible(known) ? known : (stop ?? first);
    if (to) return to.focus();
  }
};
