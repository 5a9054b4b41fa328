import { useLayoutEffect, useState } from 'preact/hooks';

/** The focus goes back to where it was when this was opened, or to what took its place. */
export const useFocusBack = (): void => {
  // While it is drawn the first time: what it holds takes the focus before its own effects run.
  const [before] = useState(() => document.activeElement);
  useLayoutEffect(
    () => () => {
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        const places = [
          before,
          ...['#list [tabindex="0"]', '.conv', '.m-b [tabindex="0"]'].map((each) => document.querySelector(each)),
        ];
        const place = places.find(
          (each) => each instanceof HTMLElement && each !== document.body && each.checkVisibility(),
        );
        (place as HTMLElement | undefined)?.focus({ preventScroll: true });
      });
    },
    [],
  );
};
