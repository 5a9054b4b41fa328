import { render } from 'preact';
import { signal, type ReadonlySignal } from '@preact/signals';
import { type ComposerParts, type Composers, type Keep, openComposers } from '#model/compose/composers.ts';
import { registerComposer } from '#model/compose-port.ts';
import { Dock } from './dock.tsx';

const opened = signal<Composers | null>(null);

/** The composers once their code is loaded; the conversation shows its inline answers from here. */
export const composers: ReadonlySignal<Composers | null> = opened;

const browserKeep: Keep = {
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

/** Shows the dock and takes requests to write. Called once, when the composer's code has been loaded. */
export const startComposer = (parts: Omit<ComposerParts, 'keep'>): void => {
  if (opened.peek()) return;
  const made = openComposers({ ...parts, keep: browserKeep });
  opened.value = made;
  const host = document.createElement('div');
  document.body.append(host);
  render(<Dock composers={made} />, host);
  registerComposer((request) => void made.start(request));
  made.recover();
};
