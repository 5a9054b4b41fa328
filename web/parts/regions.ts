/**
 * F6 and Shift+F6: the parts of the window in order, each where it was left. `data-region` holds a selector of what is
 * focused first, or nothing: the first Tab stop.
 */

const left = new WeakMap<Element, HTMLElement>();

document.addEventListener('focusin', (event) => {
  const region = (event.target as Element).closest('[data-region]');
  if (region && event.target instanceof HTMLElement) left.set(region, event.target);
});

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
