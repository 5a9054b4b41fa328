import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { SetError } from '#jmap/errors.ts';
import type { EmailId } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import { isBlank, type Letter } from './letter.ts';
import { newEmail } from './new-email.ts';
import type { Mail } from '../mail.ts';

/** Where the letter stands on the server. `emailId` of the last version that was kept, if any. */
export type Kept =
  | { at: 'new' }
  | { at: 'changed' }
  | { at: 'saving' }
  /** Unix ms */
  | { at: 'saved'; when: number }
  | { at: 'failed'; why: string };

export interface Draft {
  readonly letter: ReadonlySignal<Letter>;
  readonly kept: ReadonlySignal<Kept>;
  /** The Email that holds the last kept version. */
  readonly emailId: ReadonlySignal<EmailId | null>;
  change(patch: Partial<Letter>): void;
  /** Keeps the newest version now; resolves when it is kept. @throws ModelError */
  save(): Promise<EmailId | null>;
  /** Destroys what was kept. Resolves when the server did. */
  discard(): Promise<void>;
  /** No more saving; the letter was sent or the window is gone. */
  close(): void;
  identity(): Identity | null;
}

export interface DraftParts {
  connection: Connection;
  mail: Mail;
  clock: Clock;
  letter: Letter;
  /** The draft that was opened, replaced by the first save. */
  emailId: EmailId | null;
  /** Called with each version, to keep it on this device too. */
  remember(letter: Letter): void;
}

/** Rest after the last change before a version is kept – UX: autosave 1 s after rest. */
const rest = 1000;

const words = (error: SetError | undefined): string => error?.description ?? error?.type ?? 'the server refused it';

/** A letter being written, kept on the server one version after another; never two saves at a time. */
export const openDraft = ({ connection, mail, clock, letter: first, emailId: from, remember }: DraftParts): Draft => {
  const letter = signal(first);
  const kept = signal<Kept>(from ? { at: 'saved', when: clock.now() } : { at: 'new' });
  const emailId = signal<EmailId | null>(from);
  let closed = false;
  let cancel: (() => void) | null = null;
  let running: Promise<EmailId | null> | null = null;

  const identity = (): Identity | null => {
    const all = mail.identities.peek();
    return all.find((each) => each.id === letter.peek().identityId) ?? all[0] ?? null;
  };

  const saveOnce = async (): Promise<EmailId | null> => {
    const version = letter.peek();
    if (isBlank(version) && emailId.peek() === null) return null;
    kept.value = { at: 'saving' };
    const before = emailId.peek();
    const drafts = await mail.mailboxes.need('drafts');
    if (!drafts) throw new ModelError('jmap/method', 'The server has no mailbox for drafts and would not make one.');
    const answer = await connection.call('Email/set', {
      accountId: mail.id,
      create: { draft: newEmail(version, identity(), drafts.id) },
      ...(before ? { destroy: [before] } : {}),
    }).answer;
    const made = answer.created?.['draft'] as { id: EmailId } | undefined;
    if (!made) throw new ModelError('jmap/method', words(answer.notCreated?.['draft']));
    emailId.value = made.id;
    kept.value = letter.peek() === version ? { at: 'saved', when: clock.now() } : { at: 'changed' };
    return made.id;
  };

  const save = (): Promise<EmailId | null> => {
    cancel?.();
    cancel = null;
    const before = running ?? Promise.resolve(null);
    const mine = before
      .catch(() => null)
      .then(() => (kept.peek().at === 'saved' ? emailId.peek() : saveOnce()))
      .catch((error: unknown) => {
        kept.value = { at: 'failed', why: error instanceof Error ? error.message : String(error) };
        throw error;
      })
      .finally(() => {
        if (running === mine) running = null;
      });
    running = mine;
    return mine;
  };

  const soon = (): void => {
    cancel?.();
    // A failed save is tried again with the next change, or after half a minute.
    cancel = clock.after(kept.peek().at === 'failed' ? 30 * rest : rest, () => {
      save().catch(() => {
        if (!closed) soon();
      });
    });
  };

  return {
    letter,
    kept,
    emailId,
    identity,
    save,
    change: (patch) => {
      if (closed) return;
      letter.value = { ...letter.peek(), ...patch };
      remember(letter.peek());
      if (kept.peek().at !== 'failed') kept.value = { at: 'changed' };
      soon();
    },
    discard: async () => {
      closed = true;
      cancel?.();
      await running?.catch(() => null);
      const id = emailId.peek();
      if (id) await connection.call('Email/set', { accountId: mail.id, destroy: [id] }).answer;
    },
    close: () => {
      closed = true;
      cancel?.();
    },
  };
};
