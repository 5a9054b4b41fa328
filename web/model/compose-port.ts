import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { AccountId, EmailId } from '#jmap/ids.ts';
import type { EmailAddress } from '#jmap/mail.ts';
import { aheadMs, editorMs, holdKeys } from './ahead.ts';

/** What somebody wants to write. `emailId`: the message answered or forwarded, or the draft. */
export interface ComposeRequest {
  kind: 'new' | 'reply' | 'replyAll' | 'forward' | 'draft';
  accountId: AccountId;
  emailId?: EmailId;
  to?: readonly EmailAddress[];
  cc?: readonly EmailAddress[];
  subject?: string;
  text?: string;
  /** The conversation that is open, so that an answer can be written below it. */
  inThread?: string;
  /** Shift was held: a window of its own. */
  apart?: boolean;
}

/** Loads the composer's code; it calls {@link registerComposer} while it is evaluated. */
type Loader = () => Promise<unknown>;
/** Resolves when the letter is on the screen, or cannot be. */
type Opener = (request: ComposeRequest) => Promise<void>;

let load: Loader | null = null;
let open: Opener | null = null;
const trouble = signal<string | null>(null);

/** Why the composer could not be opened; null while it is well. */
export const composerTrouble: ReadonlySignal<string | null> = trouble;

export const setComposerLoader = (loader: Loader): void => {
  load = loader;
};

export const registerComposer = (opener: Opener): void => {
  open = opener;
};

/** Whether there is a composer at all. */
export const canCompose = (): boolean => load !== null || open !== null;

export const openComposer = async (request: ComposeRequest): Promise<void> => {
  const letGo = holdKeys();
  try {
    trouble.value = null;
    if (!open) await load?.();
    await open?.(request);
    setTimeout(letGo, editorMs + aheadMs);
  } catch {
    letGo();
    trouble.value = 'The composer could not be loaded. Check the connection and try again, or reload the page.';
  }
};
