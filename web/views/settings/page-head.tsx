import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isFocusFree } from '#parts/regions.ts';

/** The heading of a page of the settings, what it is about, and the page's one main action. */
export const PageHead = (props: { title: string; children: ComponentChildren; action?: ComponentChildren }) => {
  const own = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Whoever came by the navigation stays there; everybody else begins at the heading.
    if (isFocusFree()) own.current?.focus();
  }, []);
  return (
    <header class="set-top">
      <div>
        <h1 ref={own} tabIndex={-1}>
          {props.title}
        </h1>
        <p class="set-lead">{props.children}</p>
      </div>
      {props.action}
    </header>
  );
};
