import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { addIcons } from '#parts/icon.tsx';

/** Style sheets that could not be fetched: whoever asked for them does so once. */
const lost: HTMLLinkElement[] = [];
addEventListener(
  'error',
  ({ target }) => target instanceof HTMLLinkElement && target.rel === 'stylesheet' && lost.push(target),
  true,
);

const styleAgain = (link: HTMLLinkElement): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const next = link.cloneNode() as HTMLLinkElement;
    next.onload = resolve;
    next.onerror = reject;
    link.replaceWith(next);
  });

/** What a view that comes after the first list is drawn with. */
export const withIcons = async <T,>(load: () => Promise<T>): Promise<T> => {
  const styles = lost.splice(0).map(styleAgain);
  const [view, { laterIcons }] = await Promise.all([load(), import('#parts/later-icons.ts'), ...styles]);
  addIcons(laterIcons);
  return view;
};

/** The line broke: where it is drawn it is tried again after so many milliseconds. */
const againMs = 3_000;

/** After an update the server has other code than this page asks for. */
const Missing = () => (
  <div class="toast failed missing" role="alert">
    <span class="words">
      This part of Postern could not be loaded. It is tried again; after an update, load the page anew.
    </span>
    <button type="button" class="btn" onClick={() => location.reload()}>
      Load anew
    </button>
  </div>
);

/** A view whose code comes after the first list: fetched when it is drawn, or while the browser has nothing to do. */
export const later = <P extends object>(
  load: () => Promise<ComponentType<P>>,
): { View: ComponentType<P>; fetch: () => void } => {
  const loaded = signal<ComponentType<P> | null>(null);
  const failures = signal(0);
  let started = false;
  const fetch = (): void => {
    if (started) return;
    started = true;
    withIcons(load).then(
      (component) => {
        loaded.value = component;
      },
      () =>
        setTimeout(() => {
          started = false;
          failures.value += 1;
        }, againMs),
    );
  };
  const View = (props: P) => {
    const Loaded = loaded.value;
    if (Loaded) return <Loaded {...props} />;
    fetch();
    // Drawn anew by each.
    return failures.value > 0 ? <Missing /> : null;
  };
  return { View, fetch };
};
