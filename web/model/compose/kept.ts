import { effect, type ReadonlySignal } from '@preact/signals-core';
import type { AccountId, EmailId } from '#jmap/ids.ts';
import type { Mail } from '../mail.ts';
import type { PageStorage } from '../prefs.ts';
import type { Shape } from './composers.ts';
import type { Draft } from './draft.ts';
import { emptyLetter, type Letter } from './letter.ts';

/** What is kept on this device until the server has it; all tabs see the same. */
export interface Keep extends Omit<PageStorage, 'forgets'> {
  /** True when no other tab has it in hand; it is this tab's from then on, until `release` or its end. */
  claim(key: string): Promise<boolean>;
  release(key: string): void;
}

/** A letter whose window is open, or that the server is to throw away, as it is kept on this device. */
export interface KeptLetter {
  accountId: AccountId;
  /** Null when the server has all of it: no text of a mail is kept here without need. Of a discarded one, what is unheard. */
  letter: Letter | null;
  emailId: EmailId | null;
  shape: 'docked' | 'minimised';
  isDiscarded: boolean;
}

/** Null for what another version wrote and this one cannot read. */
export const readKept = (text: string | null): KeptLetter | null => {
  try {
    const kept = JSON.parse(text ?? '') as Partial<KeptLetter>;
    const { accountId, letter = null, emailId = null, shape = 'docked', isDiscarded = false } = kept;
    if (!accountId || (letter === null && emailId === null)) return null;
    return { accountId, letter: letter && { ...emptyLetter, ...letter }, emailId, shape, isDiscarded };
  } catch {
    return null;
  }
};

/** Keeps on this device, under a key that is claimed, what of a letter the server has not; forgotten at the end. */
export const keepLetter = ({
  keep,
  key,
  account,
  draft,
  shape,
}: {
  keep: Keep;
  key: string;
  account: ReadonlySignal<Mail>;
  draft: Draft;
  shape: ReadonlySignal<Shape>;
}): { note(version: Letter | null): void; discard(): void; end(forget?: boolean): void } => {
  let noted: KeptLetter | null = null;
  let isDiscarded = false;
  let ended = false;
  const note = (version: Letter | null): void => {
    if (ended) return;
    noted = {
      accountId: account.peek().id,
      letter: isDiscarded && version ? { ...emptyLetter, unheard: version.unheard } : version,
      emailId: draft.emailId.peek(),
      shape: shape.peek() === 'minimised' ? 'minimised' : 'docked',
      isDiscarded,
    };
    keep.set(key, JSON.stringify(noted));
  };
  const stops = [
    shape.subscribe(() => {
      if (noted) note(noted.letter);
    }),
    effect(() => {
      const { at } = draft.kept.value;
      if (at === 'saved') note(null);
      if (at !== 'new') return;
      noted = null;
      keep.remove(key);
    }),
  ];
  return {
    note,
    discard: () => {
      isDiscarded = true;
      note(draft.letter.peek());
    },
    end: (forget = true) => {
      ended = true;
      stops.forEach((stop) => stop());
      if (forget) keep.remove(key);
      keep.release(key);
    },
  };
};
