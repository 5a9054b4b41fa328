import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { AccountId, EmailId, IdentityId } from '#jmap/ids.ts';
import type { EmailAddress } from '#jmap/mail.ts';
import { editorMs, takeAhead } from '../ahead.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Outbox } from '../outbox.ts';
import type { Toasts } from '../toasts.ts';
import type { UndoStack } from '../undo.ts';
import { openDraft, type Draft } from './draft.ts';
import { discard } from './discard.ts';
import { followDraft } from './elsewhere.ts';
import { openFiles, wordsOf } from './files.ts';
import { emptyLetter, isSeen, type Attached, type Letter, type Quote } from './letter.ts';
import { type Keep, keepLetter } from './kept.ts';
import { unlessSilent } from './silence.ts';
import { InDoubt, send } from './send.ts';

export type Shape = 'docked' | 'inline' | 'minimised' | 'full';

/** One letter on the screen. */
export interface Writing {
  readonly key: string;
  /** The account it leaves by; read in a view, the view follows it. */
  readonly mail: Mail;
  readonly draft: Draft;
  /** Where the writing began: what has the focus first. */
  readonly begins: 'to' | 'body';
  readonly shape: Signal<Shape>;
  /** The conversation it stands below while inline. */
  readonly inThread: string | null;
  /** Counts how often it was asked for again while it was open: it takes the focus. */
  readonly recalled: Signal<number>;
  readonly sending: ReadonlySignal<boolean>;
  /** Why it could not be sent; null while it is well. */
  readonly trouble: ReadonlySignal<string | null>;
  /** HTML of the original as it came; the editor's frame cleans it and gives it back by {@link Writing.quoteCleaned}. */
  readonly rawQuote: string | null;
  quoteCleaned(html: string, text: string): void;
  /** When the quote can be edited or sent: at once, or when it was cleaned. */
  readonly cleaned: Promise<void>;
  attach(files: readonly File[]): void;
  /** An image that stands in the text, by its Content-ID; null when it is not here. Never rejects. */
  imageBytes(cid: string): Promise<Blob | null>;
  attachImage(image: { cid: string; name: string; type: string; bytes: ArrayBuffer }): void;
  remove(attached: Attached): void;
  /** Writes as this identity, of this or of another account; the draft and what goes with it come along. */
  writeAs(mail: Mail, identityId: IdentityId): void;
  /** Hands it to the outbox and closes; the toast counts down. */
  send(): Promise<void>;
  /** Keeps the draft and closes; a letter in which nobody wrote leaves no trace. One that is being sent is minimised. */
  close(): void;
  /** Closes, as somebody else is here now: what the server has not is left on this device for its writer. */
  leave(): void;
  /** Throws the draft away and closes; can be undone. Refused, in words, while the letter is handed in. */
  discard(): void;
}

export interface ComposerParts {
  connection: Connection;
  mail(accountId: AccountId): Mail | undefined;
  clock: Clock;
  toasts: Toasts;
  undo: UndoStack;
  outbox: Outbox;
  keep: Keep;
  /** Seconds a letter is held on the server before it goes out. */
  hold(): number;
}

export interface Composers {
  readonly open: ReadonlySignal<readonly Writing[]>;
  start(request: ComposeRequest): Promise<void>;
  /** Letters of this account whose windows were open when their tab ended. Never rejects. */
  recover(mail: Mail): Promise<void>;
  suggest(mail: Mail, prefix: string): Promise<EmailAddress[]>;
}

const storageKey = (key: string): string => `postern.letter.${key}`;

export const openComposers = (parts: ComposerParts): Composers => {
  const { connection, clock, toasts, undo, outbox, keep } = parts;
  const open = signal<readonly Writing[]>([]);
  let next = 0;

  const answering = new WeakMap<Writing, string>();
  /** On their way to the screen. */
  const coming = new Set<string>();

  const nextKey = (): string => {
    next += 1;
    return `a${next}`;
  };

  /** Unlike those of letters that wait to be opened again. */
  const newKey = (): string => {
    next += 1;
    const key = `${clock.now().toString(36)}-${next}`;
    return keep.get(storageKey(key)) === null ? key : newKey();
  };

  const drop = (writing: Writing): void => {
    open.value = open.peek().filter((each) => each !== writing);
  };

  const begin = (
    mail: Mail,
    letter: Letter,
    options: {
      emailId?: EmailId | null;
      begins: 'to' | 'body';
      inThread?: string | null;
      shape?: Shape;
      rawQuote?: string | null;
      isMade?: boolean;
      /** What is answered, and how. */
      answers?: string;
    },
  ): Writing => {
    const key = newKey();
    void keep.claim(storageKey(key));
    let ended = false;
    const sending = signal(false);
    /** The server is being given it: it may have it any moment. */
    let isHandedIn = false;
    const trouble = signal<string | null>(null);
    const account = signal(mail);
    const raw = options.rawQuote ?? null;
    const cleaned = Promise.withResolvers<void>();
    if (raw === null) cleaned.resolve();
    const draft = openDraft({
      connection,
      mail,
      mailOf: parts.mail,
      clock,
      letter,
      isMade: options.isMade ?? false,
      emailId: options.emailId ?? null,
      remember: (version) => onDevice.note(version),
    });
    const files = openFiles({ connection, toasts, account, draft, newKey: nextKey });
    const shape = signal<Shape>(options.shape ?? 'docked');
    const onDevice = keepLetter({ keep, key: storageKey(key), account, draft, shape });
    /** The toast that says that it could not be kept. */
    let said: number | undefined;
    const unsay = effect(() => {
      if (draft.kept.value.at === 'saved' && said !== undefined) toasts.dismiss(said);
    });
    const unfollow = effect(() =>
      followDraft(account.value, draft, (words) => {
        if (!sending.peek()) trouble.value = words;
      }),
    );
    const shut = (): void => {
      ended = true;
      draft.close();
      unfollow();
      unsay();
      files.abort();
      drop(writing);
    };
    const end = (): void => {
      shut();
      onDevice.end();
    };
    const reopen = (version: Letter, emailId: EmailId | null, isKept = true): void => {
      const again = begin(account.peek(), version, { emailId, begins: 'body', shape: 'docked' });
      if (!isKept) again.draft.change({});
    };

    /** Only the editor's frame cleans a quote. */
    const late = (): Promise<never> =>
      new Promise((_, no) => {
        const why = 'The editor did not load, and cleans the quote. Try again, or leave the quote out.';
        clock.after(editorMs, () => no(new ModelError('net/server', why)));
      });

    const writing: Writing = {
      key,
      get mail() {
        return account.value;
      },
      draft,
      begins: options.begins,
      inThread: options.inThread ?? null,
      shape,
      recalled: signal(0),
      sending,
      trouble,
      rawQuote: raw,
      quoteCleaned: (html, text) => {
        const { quote } = draft.letter.peek();
        if (quote && quote.html === null)
          draft.fill({
            quote: { ...quote, html, text: quote.text.trim() === '' ? text : quote.text } satisfies Quote,
          });
        cleaned.resolve();
      },
      cleaned: cleaned.promise,
      attach: files.attach,
      attachImage: files.attachImage,
      imageBytes: files.imageBytes,
      remove: files.remove,
      writeAs: (to, identityId) => {
        const from = account.peek();
        if (to === from || sending.peek()) {
          if (to === from) draft.change({ identityId });
          return;
        }
        if (files.isBusy()) {
          toasts.show('A file is still on its way. Change the sender when it has arrived.', { tone: 'failed' });
          return;
        }
        account.value = to;
        draft.moveTo(to);
        draft.change({ identityId });
        files.moveFrom(from);
      },
      send: async () => {
        if (sending.peek()) return;
        sending.value = true;
        trouble.value = null;
        const version = draft.letter.peek();
        try {
          if (draft.letter.peek().quote) await Promise.race([cleaned.promise, late()]);
          const whole = draft.letter.peek();
          const seen = whole.attachments.filter((each) => isSeen(whole, each));
          if (seen.length < whole.attachments.length) draft.change({ attachments: seen });
          await files.arrived();
          if (ended) return;
          isHandedIn = true;
          const leaving = await send({
            connection,
            mail: account.peek(),
            draft,
            hold: parts.hold(),
            now: clock.now,
            reopen: () => reopen(draft.letter.peek(), draft.emailId.peek()),
          });
          end();
          outbox.watch(leaving);
        } catch (error) {
          sending.value = false;
          isHandedIn = false;
          const named = `“${version.subject || 'no subject'}”`;
          trouble.value =
            error instanceof InDoubt
              ? `It is not known whether ${named} was handed in. ${error.message}`
              : `Not sent yet: ${named}. ${wordsOf(error)} It is kept ${draft.kept.peek().at === 'saved' ? 'in your drafts' : 'on this device'}.`;
        }
      },
      close: () => {
        if (sending.peek()) writing.shape.value = 'minimised';
        else if (files.isBusy() || !draft.isSafe()) {
          files
            .arrived()
            .catch((error: unknown) => toasts.show(wordsOf(error), { tone: 'failed' }))
            .then(() => draft.save())
            .then(
              () => end(),
              () => {
                said = toasts.show('Could not save to Drafts on the server. Kept on this device.', { tone: 'failed' });
                writing.shape.value = 'minimised';
                open.value = [...open.peek(), writing];
              },
            );
          drop(writing);
        } else end();
      },
      leave: () => {
        const isSafe = draft.isSafe();
        shut();
        if (!isSafe) onDevice.note(draft.letter.peek());
        onDevice.end(isSafe);
      },
      discard: () => {
        if (isHandedIn) {
          toasts.show('It is being sent. Take it back in a moment.', { tone: 'failed' });
          return;
        }
        const version = draft.letter.peek();
        const isKept = draft.kept.peek().at === 'saved';
        const leavesNothing = draft.isUntouched() && draft.kept.peek().at !== 'saving';
        if (leavesNothing) return end();
        shut();
        onDevice.discard();
        const item = {
          label: 'Discarded the draft',
          undo: () => {
            onDevice.end();
            void gone.undo().then((emailId) => reopen(version, emailId, isKept));
          },
        };
        const gone = discard({
          mail: account.peek(),
          draft,
          clock,
          failed: () => {
            onDevice.end();
            toasts.show('The draft could not be discarded on the server. It is still in Drafts.', { tone: 'failed' });
          },
          done: onDevice.end,
          final: () => undo.drop(item),
        });
        undo.push(item);
        toasts.show('Discarded the draft', {
          icon: 'trash-2',
          actions: [{ label: 'Undo', cap: 'Z', run: () => undo.undo(item) }],
        });
      },
    };
    open.value = [...open.peek(), writing];
    if (options.answers !== undefined) answering.set(writing, options.answers);
    return writing;
  };

  /** `patient`: nobody has asked for it just now; it may wait for the line. */
  const start = async (request: ComposeRequest, patient = false, shape?: Shape): Promise<void> => {
    const mail = parts.mail(request.accountId);
    if (!mail) {
      takeAhead();
      return;
    }
    const { kind, emailId, to = [], cc = [], subject = '', text = '' } = request;
    if (kind === 'new' || emailId === undefined) {
      const identityId = mail.identities.peek()[0]?.id ?? null;
      const letter: Letter = { ...emptyLetter, identityId, to, cc, subject, text };
      begin(mail, letter, { begins: to.length > 0 ? 'body' : 'to', isMade: true });
      return;
    }
    const answers = `${kind} ${emailId}`;
    if (coming.has(answers)) return;
    const already = open
      .peek()
      .find((each) => each.draft.emailId.peek() === emailId || answering.get(each) === answers);
    if (already) {
      const { shape } = already;
      if (shape.peek() === 'minimised' || (shape.peek() === 'inline' && already.inThread !== request.inThread))
        shape.value = 'docked';
      already.recalled.value += 1;
      takeAhead();
      return;
    }
    coming.add(answers);
    try {
      const first = import('./first-version.ts').then(({ firstVersion }) =>
        firstVersion(connection, mail, kind, emailId, request),
      );
      const { letter, ...options } = await (patient ? first : unlessSilent(connection, first));
      begin(mail, letter, { ...options, answers, ...(shape ? { shape } : {}) });
    } finally {
      coming.delete(answers);
    }
  };

  return {
    open,
    start: async (request) => {
      try {
        await start(request);
      } catch (error) {
        takeAhead();
        toasts.show(error instanceof ModelError ? error.message : 'The letter could not be opened.', {
          tone: 'failed',
        });
      }
    },
    recover: async (mail) => {
      const keys = keep.keys().filter((key) => key.startsWith(storageKey('')));
      if (keys.length === 0) return;
      // Without its code they stay here until the page is loaded again.
      await import('./recover.ts').then(
        ({ recover }) =>
          recover(mail, keys.toSorted(), {
            connection,
            keep,
            start: (request, shape) => start(request, true, shape),
            begin: (letter, emailId, shape) => begin(mail, letter, { emailId, begins: 'body', shape }).draft.change({}),
          }),
        () => undefined,
      );
    },
    suggest: async (mail, prefix) => {
      if (prefix.trim() === '') return [];
      const { list } = await connection.call('Correspondent/query', {
        accountId: mail.id,
        prefix: prefix.trim(),
        limit: 6,
      }).answer;
      return list;
    },
  };
};
