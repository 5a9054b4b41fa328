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

const keep: Keep = {
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
  get: (key) => localStorage.getItem(key),
  set: (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // A full or forbidden storage: the server's copy is the one that counts.
    }
  },
  remove: (key) => localStorage.removeItem(key),
  keys: () => Object.keys(localStorage),
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
    keep,
    hold: () => hold,
    mail: (id) => model.mails.peek().find((mail) => mail.id === id),
  });
  opened.value = made;
  registerComposer(made.start);
  // Before Postern is locked: what is written goes to the server, and the windows come back as they were.
  model.lock.before(async () => {
    const open = made.open.peek();
    holdWindows(open);
    const unsaved = open.filter(({ draft }) => draft.kept.peek().at !== 'saved' && !draft.isUntouched());
    await Promise.allSettled(unsaved.map(({ draft }) => draft.save()));
  });
  const recovered = new Set<string>();
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
