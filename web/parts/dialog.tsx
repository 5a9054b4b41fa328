import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from './tooltip.tsx';

/**
 * APG modal dialog on the platform's own: focus goes in and stays, Escape closes, focus goes back to the opener, or to
 * `returnTo` when the opener is gone.
 */
export const Dialog = (props: {
  title: string;
  onClose(): void;
  /** An element to be focused first; else the first that can be. */
  focus?: string;
  wide?: boolean;
  /** Decoration before the title. */
  mark?: ComponentChildren;
  class?: string;
  alert?: boolean;
  returnTo?: () => HTMLElement | null;
  footer?: ComponentChildren;
  children: ComponentChildren;
}) => {
  const own = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { onClose, returnTo } = props;
  useLayoutEffect(() => {
    const dialog = own.current;
    if (!dialog) return;
    const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    dialog.showModal();
    if (props.focus) dialog.querySelector<HTMLElement>(props.focus)?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected && before !== document.body) before.focus();
      else returnTo?.()?.focus();
    };
  }, []);
  return (
    <dialog
      ref={own}
      class={`dialog ${props.wide ? 'wide' : ''} ${props.class ?? ''}`}
      role={props.alert ? 'alertdialog' : undefined}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === own.current) onClose();
      }}
    >
      <header>
        {props.mark}
        <h2 id={titleId}>{props.title}</h2>
        <IconButton icon="x" label="Close" size="sm" onClick={onClose} />
      </header>
      <div class="dialog-b">{props.children}</div>
      {props.footer ? <footer>{props.footer}</footer> : null}
    </dialog>
  );
};
