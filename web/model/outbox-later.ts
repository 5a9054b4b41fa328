import { signal, type Signal } from '@preact/signals-core';
import type { Outbox, OutboxParts, Waiting } from './outbox.ts';

export interface LaterOutbox extends Outbox {
  /** Letters of all accounts that have not left; kept by `watchWaiting` (waiting.ts). */
  readonly waiting: Signal<readonly Waiting[]>;
}

/** The outbox, whose code comes after the first list. What was asked of it before is done when it is there. */
export const outboxLater = (parts: OutboxParts): LaterOutbox => {
  let loading: Promise<Outbox> | null = null;
  const whole = (): Promise<Outbox> => {
    loading ??= import('./outbox.ts').then(
      ({ openOutbox }) => openOutbox(parts),
      (error: unknown) => {
        // The line broke: whoever needs it next tries again.
        loading = null;
        throw error;
      },
    );
    return loading;
  };
  const away = (): void => {
    parts.toasts.show('Postern does not answer. Your letter is kept; look into the outbox.', { tone: 'failed' });
  };
  return {
    waiting: signal([]),
    takeBack: (leaving) => void whole().then((outbox) => outbox.takeBack(leaving), away),
    watch: (leaving) => void whole().then((outbox) => outbox.watch(leaving), away),
    resume: async (mail, reopen) => {
      await whole().then(
        (outbox) => outbox.resume(mail, reopen),
        () => undefined,
      );
    },
  };
};
