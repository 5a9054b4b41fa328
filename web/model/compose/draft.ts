import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { SetError } from '#jmap/errors.ts';
import type { AccountId, EmailId } from '#jmap/ids.ts';
import type { Email, EmailBodyPart, EmailFilter, Identity } from '#jmap/mail.ts';
import type { Connection } from '../connection.ts';
import { ModelError, modelError } from '../errors.ts';
import { isAsMade, isBlank, type Letter } from './letter.ts';
import { newEmail } from './new-email.ts';
import type { Mail } from '../mail.ts';
import { randomUuid } from '../random.ts';

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
  /** What its writer did not do and what need not be kept for its own sake. */
  fill(patch: Partial<Letter>): void;
  /** Nothing is kept on the server, and there is nothing of its writer's to keep. */
  isUntouched(): boolean;
  /** The server has all of it, or nobody would miss it. */
  isSafe(): boolean;
  /** Keeps the newest version now; resolves when it is kept. @throws ModelError */
  save(): Promise<EmailId | null>;
  /**
   * Keeps the newest version and hands it to `work`. What is changed meanwhile is kept when that failed; when it is done,
   * nothing more is. @throws ModelError, and what `work` throws
   */
  handOver<T>(work: (emailId: EmailId, version: Letter) => Promise<T>): Promise<T>;
  /** No more saving. The version that is kept when what is under way is over; those before it go. @throws ModelError */
  finish(): Promise<EmailId | null>;
  /** Destroys what was kept. Resolves when the server did. */
  discard(): Promise<void>;
  /** Another account keeps it from now on; what the one before kept goes when all of it has come along. */
  moveTo(mail: Mail): void;
  /** The version that was kept is there no more: what needs one keeps the letter anew. */
  lost(): void;
  /** No more saving; the letter was sent or the window is gone. */
  close(): void;
  identity(): Identity | null;
}

export interface DraftParts {
  connection: Connection;
  mail: Mail;
  mailOf(accountId: AccountId): Mail | undefined;
  clock: Clock;
  letter: Letter;
  /** The letter was made for its writer, who has not written in it yet: an answer, or a new one. */
  isMade?: boolean;
  /** The draft that was opened, replaced by the first save. */
  emailId: EmailId | null;
  /** Called with each version, to keep it on this device too. */
  remember(letter: Letter): void;
}

/** Rest after the last change before a version is kept – UX: autosave 1 s after rest. */
const rest = 1000;

const said: Partial<Record<SetError['type'], string>> = {
  blobNotFound: 'An attachment is not on the server any more. Remove it and attach it again.',
  overQuota: 'The mailbox is full.',
  tooLarge: 'It is larger than the server takes.',
};
const words = (error: SetError | undefined): string =>
  (error && said[error.type]) ?? error?.description ?? 'The server refused it.';

/** Not sent by another device: by its keyword, or, where the server keeps none, by where it lies. */
export const isDraft = (mail: Mail, { keywords, mailboxIds }: Pick<Email, 'keywords' | 'mailboxIds'>): boolean => {
  const drafts = mail.mailboxes.byRole('drafts');
  return Object.hasOwn(keywords, '$draft') || (drafts !== undefined && Object.hasOwn(mailboxIds, drafts.id));
};

/** Those that are drafts still: what another device has sent is the copy in Sent. */
export const destroyDrafts = async (connection: Connection, mail: Mail, ids: readonly EmailId[]): Promise<void> => {
  const accountId = mail.id;
  const properties = ['keywords', 'mailboxIds'] as const;
  const found = await connection.call('Email/get', { accountId, ids: [...ids], properties: [...properties] }).answer;
  const destroy = found.list.filter((each) => isDraft(mail, each)).map(({ id }) => id);
  if (destroy.length > 0) await connection.call('Email/set', { accountId, destroy }).answer;
};

/** A letter being written, kept on the server one version after another; never two saves at a time. */
export const openDraft = (parts: DraftParts): Draft => {
  const { connection, clock, letter: first, emailId: from, remember } = parts;
  let { mail } = parts;
  const letter = signal(first);
  const kept = signal<Kept>(from ? { at: 'saved', when: clock.now() } : { at: 'new' });
  const emailId = signal<EmailId | null>(from);
  let closed = false;
  let isHanded = false;
  let isLost = false;
  let changes = 0;
  let cancel: (() => void) | null = null;
  let running: Promise<EmailId | null> | null = null;

  const identity = (): Identity | null => {
    const all = mail.identities.peek();
    return all.find((each) => each.id === letter.peek().identityId) ?? all[0] ?? null;
  };

  const isUntouched = (): boolean =>
    emailId.peek() === null &&
    letter.peek().unheard.length === 0 &&
    (isBlank(letter.peek()) || (parts.isMade === true && isAsMade(letter.peek(), first)));

  const isSafe = (): boolean => kept.peek().at === 'saved' || isUntouched();

  /** Versions that another has taken the place of; they go once it stands. */
  const outdated = new Map<EmailId, Mail>();

  const heard = (messageId: string): void => {
    const now = letter.peek();
    letter.value = { ...now, unheard: now.unheard.filter((each) => each.messageId !== messageId) };
  };

  /** What the server has of versions without an answer is outdated, too. */
  const findUnheard = async (): Promise<void> => {
    for (const { accountId, messageId } of letter.peek().unheard) {
      const where = parts.mailOf(accountId);
      const filter: EmailFilter = { header: ['Message-ID', messageId] };
      const { ids } = where ? await connection.call('Email/query', { accountId, filter }).answer : { ids: [] };
      for (const id of ids) if (where) outdated.set(id, where);
      heard(messageId);
    }
  };

  /** What goes with the letter now lies in the version just kept; the one before takes its parts along. */
  const adopt = (parts: readonly EmailBodyPart[]): void => {
    const now = letter.peek();
    const left = [...parts];
    const attachments = now.attachments.map((each) => {
      if (each.upload.at !== 'ready') return each;
      const at = left.findIndex((part) => (each.cid === null ? part.name === each.name : part.cid === each.cid));
      const [part] = at < 0 ? [] : left.splice(at, 1);
      return part?.blobId ? { ...each, upload: { at: 'ready' as const, blobId: part.blobId } } : each;
    });
    letter.value = { ...now, attachments };
  };

  /** The new version stands whether or not the old ones could be taken away; they go with the next. */
  const sweep = async (): Promise<void> => {
    await findUnheard().catch(modelError);
    // Files that come from another account's version are still to be had from there alone.
    const whole = letter.peek().attachments.every((each) => each.upload.at === 'ready');
    const going = Map.groupBy(
      [...outdated].filter(([, where]) => whole || where === mail),
      ([, where]) => where,
    );
    for (const [where, entries] of going) {
      const ids = entries.map(([id]) => id);
      try {
        await destroyDrafts(connection, where, ids);
        for (const id of ids) outdated.delete(id);
      } catch (error) {
        modelError(error);
      }
    }
  };

  const saveOnce = async (): Promise<EmailId | null> => {
    const version = letter.peek();
    const changesBefore = changes;
    const where = mail;
    if (isBlank(version) && isUntouched()) {
      kept.value = { at: 'new' };
      return null;
    }
    kept.value = { at: 'saving' };
    const drafts = await where.mailboxes.need('drafts');
    if (!drafts) throw new ModelError('jmap/method', 'The server has no mailbox for drafts and would not make one.');
    const messageId = `${randomUuid()}@${/@([\w.-]+)$/u.exec(identity()?.email ?? '')?.[1] ?? 'localhost'}`;
    letter.value = { ...letter.peek(), unheard: [...letter.peek().unheard, { accountId: where.id, messageId }] };
    remember(letter.peek());
    const answer = await connection.call('Email/set', {
      accountId: where.id,
      create: { draft: { ...newEmail(version, identity(), drafts.id), messageId: [messageId] } },
    }).answer;
    heard(messageId);
    const made = answer.created?.['draft'] as { id: EmailId } | undefined;
    if (!made) throw new ModelError('jmap/method', words(answer.notCreated?.['draft']));
    if (where !== mail) {
      // It went to another account meanwhile.
      outdated.set(made.id, where);
      return saveOnce();
    }
    const before = emailId.peek();
    if (before) outdated.set(before, where);
    emailId.value = made.id;
    isLost = false;
    if (version.attachments.length > 0) {
      const found = connection.call('Email/get', { accountId: where.id, ids: [made.id], properties: ['attachments'] });
      adopt((await found.answer).list[0]?.attachments ?? []);
      if (changes > changesBefore) remember(letter.peek());
    }
    await sweep();
    kept.value = changes === changesBefore ? { at: 'saved', when: clock.now() } : { at: 'changed' };
    return made.id;
  };

  const save = (): Promise<EmailId | null> => {
    cancel?.();
    cancel = null;
    const before = running ?? Promise.resolve(null);
    const mine = before
      .catch(() => null)
      .then(() => (isHanded || (kept.peek().at === 'saved' && !isLost) ? emailId.peek() : saveOnce()))
      .catch((error: unknown) => {
        kept.value = { at: 'failed', why: error instanceof Error ? error.message : String(error) };
        if (!closed) soon();
        throw error;
      })
      .finally(() => {
        if (running === mine) running = null;
      });
    running = mine;
    return mine;
  };

  const soon = (): void => {
    const failed = kept.peek().at === 'failed';
    // A failed save is tried again half a minute later, however much is written meanwhile.
    if (failed && cancel) return;
    cancel?.();
    cancel = clock.after(failed ? 30 * rest : rest, () => {
      cancel = null;
      if (isUntouched() && !running) {
        kept.value = { at: 'new' };
        return;
      }
      save().catch(() => undefined);
    });
  };

  const change = (patch: Partial<Letter>): void => {
    if (closed || isHanded) return;
    changes += 1;
    letter.value = { ...letter.peek(), ...patch };
    remember(letter.peek());
    if (kept.peek().at !== 'failed') kept.value = { at: 'changed' };
    soon();
  };

  const handOver: Draft['handOver'] = async (work) => {
    let id = await save();
    while (kept.peek().at === 'changed') id = await save();
    if (!id) throw new ModelError('jmap/method', 'There is nothing to send.');
    const done = work(id, letter.peek());
    // Who saves meanwhile comes after it.
    const over = done.then(
      () => (isHanded = true),
      () => undefined,
    );
    running = over.then(() => emailId.peek());
    return done;
  };

  /** No more saving; all older versions are gone when it resolves. */
  const finish = async (): Promise<EmailId | null> => {
    closed = true;
    cancel?.();
    await running?.catch(() => null);
    for (const [each, where] of outdated) await destroyDrafts(connection, where, [each]);
    outdated.clear();
    // Whoever waits for this does not wait for the line.
    if (letter.peek().unheard.length > 0) void sweep();
    return emailId.peek();
  };

  return {
    letter,
    kept,
    emailId,
    identity,
    save,
    change,
    isUntouched,
    isSafe,
    handOver,
    finish,
    fill: (patch) => {
      const { at } = kept.peek();
      // A version that was kept here does not have it yet.
      if (at === 'new' || (at === 'saved' && changes === 0)) letter.value = { ...letter.peek(), ...patch };
      else change(patch);
    },
    moveTo: (to) => {
      if (closed || to === mail) return;
      const before = emailId.peek();
      if (before) outdated.set(before, mail);
      emailId.value = null;
      mail = to;
      if (before === null && isBlank(letter.peek())) return;
      changes += 1;
      remember(letter.peek());
      kept.value = { at: 'changed' };
      soon();
    },
    discard: async () => {
      const id = await finish();
      if (id) await destroyDrafts(connection, mail, [id]);
    },
    lost: () => {
      isLost = true;
    },
    close: () => {
      closed = true;
      cancel?.();
    },
  };
};
