import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';

export interface ToastAction {
  label: string;
  /** The key cap shown beside it. */
  cap?: string;
  run(): void;
}

export interface Toast {
  id: number;
  text: string;
  /** Failures are announced at once and stay until dismissed. */
  tone: 'done' | 'failed';
  icon: string | null;
  actions: readonly ToastAction[];
}

export interface ToastOptions {
  tone?: Toast['tone'];
  icon?: string;
  actions?: readonly ToastAction[];
  /** Milliseconds; null: until dismissed. Default 10 s, failures null. */
  life?: number | null;
  /** False: shown without being read out (a countdown says itself once). */
  announce?: boolean;
}

export interface Toasts {
  /** At most one is shown; a new one replaces it. */
  readonly current: ReadonlySignal<Toast | null>;
  /** For the live regions; each is said once. */
  readonly polite: ReadonlySignal<{ id: number; text: string }>;
  readonly assertive: ReadonlySignal<{ id: number; text: string }>;
  show(text: string, options?: ToastOptions): number;
  /** New words for a toast that is still shown. */
  update(id: number, text: string): void;
  /** Without an id: whatever is shown. */
  dismiss(id?: number): void;
  /** Read out without being shown. */
  say(text: string): void;
}

export const openToasts = (clock: Clock): Toasts => {
  const current = signal<Toast | null>(null);
  const polite = signal({ id: 0, text: '' });
  const assertive = signal({ id: 0, text: '' });
  let nextId = 1;
  let cancel: (() => void) | null = null;

  const dismiss = (id?: number): void => {
    if (id !== undefined && current.peek()?.id !== id) return;
    cancel?.();
    cancel = null;
    current.value = null;
  };

  return {
    current,
    polite,
    assertive,
    dismiss,
    say: (text) => {
      polite.value = { id: nextId++, text };
    },
    update: (id, text) => {
      const shown = current.peek();
      if (shown?.id === id) current.value = { ...shown, text };
    },
    show: (
      text,
      { tone = 'done', icon, actions = [], life = tone === 'failed' ? null : 10_000, announce = true } = {},
    ) => {
      dismiss();
      const id = nextId++;
      current.value = { id, text, tone, icon: icon ?? null, actions };
      const keys = actions.filter((action) => action.cap).map((action) => ` ${action.label} with ${action.cap}.`);
      const words = { id, text: `${text}${/[.!?]$/u.test(text) ? '' : '.'}${keys.join('')}` };
      if (announce && tone === 'failed') assertive.value = words;
      else if (announce) polite.value = words;
      if (life !== null) cancel = clock.after(life, () => dismiss(id));
      return id;
    },
  };
};
