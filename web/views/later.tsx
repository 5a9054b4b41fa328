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

/** What takes longer than so many milliseconds is told of. */
const slowMs = 1_000;

/** Of an answer that never comes no more is known. After an update the server has other code than this page asks for. */
const Missing = ({ failed }: { failed: boolean }) => (
  <div class={`toast missing ${failed ? 'failed' : ''}`} role={failed ? 'alert' : 'status'}>
    <span class="words">
      {failed
        ? 'This part of Postern could not be loaded. It is tried again; after an update, load the page anew.'
        : 'This part of Postern is being loaded.'}
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
  const missing = signal<'slow' | 'failed' | null>(null);
  /** To be asked for, the first time or again. */
  const due = signal(true);
  const fetch = (): void => {
    if (!due.peek()) return;
    due.value = false;
    setTimeout(() => {
      missing.value ??= 'slow';
    }, slowMs);
    withIcons(load).then(
      (component) => {
        loaded.value = component;
      },
      () => {
        missing.value = 'failed';
        setTimeout(() => {
          due.value = true;
        }, againMs);
      },
    );
  };
  const View = (props: P) => {
    const Loaded = loaded.value;
    if (Loaded) return <Loaded {...props} />;
    if (due.value) fetch();
    return missing.value && <Missing key={missing.value} failed={missing.value === 'failed'} />;
  };
  return { View, fetch };
};
