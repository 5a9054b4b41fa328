import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from './tooltip.tsx';

/** What makes a `<dialog>` a modal one: it opens with the view, and closing gives the focus back, or to `returnTo`. */
export const useModal = (given: {
  focus?: string | undefined;
  onClose(): void;
  returnTo?: (() => HTMLElement | null) | undefined;
}) => {
  const ref = useRef<HTMLDialogElement>(null);
  const { focus, onClose, returnTo } = given;
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    dialog.showModal();
    if (focus) dialog.querySelector<HTMLElement>(focus)?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected && before !== document.body) before.focus();
      else returnTo?.()?.focus();
    };
  }, []);
  return {
    ref,
    onCancel: (event: Event): void => {
      event.preventDefault();
      onClose();
    },
    /** Beside it. */
    onClick: (event: Event): void => {
      if (event.target === ref.current) onClose();
    },
  };
};

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
  const modal = useModal(props);
  const titleId = useId();
  const { onClose } = props;
  return (
    <dialog
      {...modal}
      class={`dialog ${props.wide ? 'wide' : ''} ${props.class ?? ''}`}
      role={props.alert ? 'alertdialog' : undefined}
      aria-labelledby={titleId}
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
