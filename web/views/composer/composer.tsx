import { effect, signal } from '@preact/signals';
import { type Composers, openComposers } from '#model/compose/composers.ts';
import type { Keep } from '#model/compose/kept.ts';
import { registerComposer } from '#model/compose-port.ts';
import type { App } from '../model.ts';
import { Dock, InlineComposer } from './dock.tsx';
import { holdWindows } from './resting.ts';

const opened = signal<Composers | null>(null);

/** Locks of this tab, each let go by its function. */
const held = new Map<string, () => void>();

const locks: Pick<Keep, 'claim' | 'release'> = {
  // Locks are there in secure contexts only; without them a letter may be recovered twice, but never lost.
  claim: (key) =>
    new Promise((resolve) => {
      if (!('locks' in navigator)) return resolve(true);
      const { promise, resolve: release } = Promise.withResolvers<void>();
      return void navigator.locks.request(key, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        held.set(key, release);
        return promise;
      });
    }),
  release: (key) => {
    held.get(key)?.();
    held.delete(key);
  },
};

/** Seconds a letter can be taken back. */
const hold = 20;

/** Takes requests to write. Called once, when the composer's code has been loaded. */
export const start = ({ model }: App): void => {
  if (opened.peek()) return;
  const { connection, clock, toasts, undo, outbox } = model;
  const made = openComposers({
    connection,
    clock,
    toasts,
    undo,
    outbox,
    keep: { ...model.storage, ...locks },
    hold: () => hold,
    mail: (id) => model.mails.peek().find((mail) => mail.id === id),
  });
  opened.value = made;
  registerComposer(made.start);
  const unsaved = () => made.open.peek().filter(({ draft }) => !draft.isSafe());
  // Before Postern is locked: what is written goes to the server, and the windows come back as they were.
  model.lock.before({
    hold: () => holdWindows(made.open.peek()),
    keep: async () => {
      await Promise.allSettled(unsaved().map(({ draft }) => draft.save()));
    },
  });
  addEventListener('beforeunload', (event) => {
    if (model.storage.forgets() && unsaved().length > 0) event.preventDefault();
  });
  const recovered = new Set<string>();
  let wasOut = false;
  effect(() => {
    const now = model.session.state.value;
    const open = made.open.peek();
    if (now.at === 'signed-out') {
      wasOut = true;
      if (!now.ended) for (const each of open) each.close();
    } else if (wasOut && now.at === 'signed-in') {
      wasOut = false;
      for (const each of open) if (!Object.hasOwn(now.jmap.accounts, each.mail.id)) each.leave();
    }
  });
  effect(() => {
    for (const mail of model.mails.value) {
      if (recovered.has(mail.id) || !mail.mailboxes.all.value || mail.identities.value.length === 0) continue;
      recovered.add(mail.id);
      void made.recover(mail);
    }
  });
};

export const Docks = () => (opened.value ? <Dock composers={opened.value} /> : null);

export const Inline = ({ threadId }: { threadId: string }) =>
  opened.value ? <InlineComposer composers={opened.value} threadId={threadId} /> : null;
