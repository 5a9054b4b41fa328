import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';

/** A view whose code comes after the first list: fetched when it is drawn, or while the browser has nothing to do. */
export const later = <P extends object>(
  load: () => Promise<ComponentType<P>>,
): { View: ComponentType<P>; fetch: () => void } => {
  const loaded = signal<ComponentType<P> | null>(null);
  let started = false;
  const fetch = (): void => {
    if (started) return;
    started = true;
    load().then(
      (component) => {
        loaded.value = component;
      },
      () => {
        // The line broke: whoever draws it next tries again.
        started = false;
      },
    );
  };
  const View = (props: P) => {
    const Loaded = loaded.value;
    if (!Loaded) {
      fetch();
      return null;
    }
    return <Loaded {...props} />;
  };
  return { View, fetch };
};
