import { signal } from '@preact/signals';
import { type Composers, type Keep, openComposers } from '#model/compose/composers.ts';
import { registerComposer } from '#model/compose-port.ts';
import type { App } from '../model.ts';
import { Dock, InlineComposer } from './dock.tsx';

const opened = signal<Composers | null>(null);

const keep: Keep = {
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

/** Seconds a letter can be taken back; UX.md 3.6. */
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
  made.recover();
};

export const Docks = () => (opened.value ? <Dock composers={opened.value} /> : null);

export const Inline = ({ threadId }: { threadId: string }) =>
  opened.value ? <InlineComposer composers={opened.value} threadId={threadId} /> : null;
