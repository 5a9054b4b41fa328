import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { AccountId, BlobId, EmailId, IdentityId } from '#jmap/ids.ts';
import type { EmailAddress } from '#jmap/mail.ts';
import { takeAhead } from '../ahead.ts';
import type { ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import { quoteTime } from '../format.ts';
import type { Mail } from '../mail.ts';
import type { Outbox } from '../outbox.ts';
import type { Toasts } from '../toasts.ts';
import type { UndoStack } from '../undo.ts';
import { answer } from './answer.ts';
import { openDraft, type Draft } from './draft.ts';
import { emptyLetter, isBlank, type Attached, type Letter, type Quote } from './letter.ts';
import { readKept } from './kept.ts';
import { fetchOriginal } from './original.ts';
import { reopened } from './reopen.ts';
import { send } from './send.ts';
import { download, upload } from './upload.ts';

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
  readonly sending: ReadonlySignal<boolean>;
  /** Why it could not be sent; null while it is well. */
  readonly trouble: ReadonlySignal<string | null>;
  /** HTML of the original as it came; the editor's frame cleans it and gives it back by {@link Writing.quoteCleaned}. */
  readonly rawQuote: string | null;
  quoteCleaned(html: string, text: string): void;
  attach(files: readonly File[]): void;
  /** An image that stands in the text, by its Content-ID; null when it is not here. Never rejects. */
  imageBytes(cid: string): Promise<Blob | null>;
  attachImage(image: { cid: string; name: string; type: string; bytes: ArrayBuffer }): void;
  remove(attached: Attached): void;
  /** Writes as this identity, of this or of another account; the draft and what goes with it come along. */
  writeAs(mail: Mail, identityId: IdentityId): void;
  /** Hands it to the outbox and closes; the toast counts down. */
  send(): Promise<void>;
  /** Keeps the draft and closes. */
  close(): void;
  /** Throws the draft away and closes; can be undone. */
  discard(): void;
}

/** What is kept on this device until the server has it; all tabs see the same. */
export interface Keep {
  /** True when no other tab has it in hand; it is this tab's from then on, until `release` or its end. */
  claim(key: string): Promise<boolean>;
  release(key: string): void;
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
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
  /** Letters of this account that were not on the server when their tab ended. Never rejects. */
  recover(mail: Mail): Promise<void>;
  suggest(mail: Mail, prefix: string): Promise<EmailAddress[]>;
}

const wordsOf = (error: unknown): string =>
  error instanceof ModelError && error.code !== 'net/offline' ? error.message : 'Postern does not answer.';

const storageKey = (key: string): string => `postern.letter.${key}`;

export const openComposers = (parts: ComposerParts): Composers => {
  const { connection, clock, toasts, undo, outbox, keep } = parts;
  const open = signal<readonly Writing[]>([]);
  let next = 0;

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
    },
  ): Writing => {
    next += 1;
    const key = `${clock.now().toString(36)}-${next}`;
    void keep.claim(storageKey(key));
    const uploads = new Map<string, AbortController>();
    /** Files on their way from another account: the letter does not leave without them. */
    const arriving = new Set<Promise<void>>();
    const moved = new Set<string>();
    const sending = signal(false);
    const trouble = signal<string | null>(null);
    const account = signal(mail);
    const raw = options.rawQuote ?? null;
    const cleaned = Promise.withResolvers<void>();
    if (raw === null) cleaned.resolve();
    const draft = openDraft({
      connection,
      mail,
      clock,
      letter,
      emailId: options.emailId ?? null,
      remember: (version) =>
        keep.set(
          storageKey(key),
          JSON.stringify({ accountId: account.peek().id, letter: version, emailId: draft.emailId.peek() }),
        ),
    });
    const forget = effect(() => {
      if (draft.kept.value.at === 'saved') keep.remove(storageKey(key));
    });
    const end = (): void => {
      draft.close();
      forget();
      keep.remove(storageKey(key));
      keep.release(storageKey(key));
      for (const each of uploads.values()) each.abort();
      drop(writing);
    };
    const patch = (attached: string, change: Partial<Attached>): void =>
      draft.change({
        attachments: draft.letter
          .peek()
          .attachments.map((each) => (each.key === attached ? { ...each, ...change } : each)),
      });
    const bring = (attached: Attached, bytes: () => Promise<BlobId>): Promise<void> =>
      bytes()
        .then(
          (blobId) => patch(attached.key, { upload: { at: 'ready', blobId } }),
          (error: unknown) =>
            patch(attached.key, {
              upload: { at: 'failed', why: error instanceof Error ? error.message : 'not uploaded' },
            }),
        )
        .finally(() => uploads.delete(attached.key))
        .then(() => undefined);
    const attachOne = (file: { name: string; type: string; size: number; body: Blob }, cid: string | null): void => {
      next += 1;
      const attached: Attached = {
        key: `a${next}`,
        name: file.name,
        type: file.type || 'application/octet-stream',
        size: file.size,
        cid,
        upload: { at: 'uploading', sent: 0 },
      };
      draft.change({ attachments: [...draft.letter.peek().attachments, attached] });
      const abort = new AbortController();
      uploads.set(attached.key, abort);
      void bring(attached, () => upload(connection, account.peek(), file.body, attached.type, abort.signal));
    };
    /** The same file in the account that the letter went to: down from the one before, and up again. */
    const carry = async (attached: Attached, from: Mail, to: Mail, abort: AbortSignal): Promise<BlobId> => {
      const body = await download(connection, from, attached);
      if (!body) throw new ModelError('jmap/request', `it could not be taken along from ${from.account.name}`);
      return upload(connection, to, body, attached.type, abort);
    };
    const reopen = (version: Letter, emailId: EmailId | null): void => {
      begin(account.peek(), version, { emailId, begins: 'body', shape: 'docked' });
    };

    const writing: Writing = {
      key,
      get mail() {
        return account.value;
      },
      draft,
      begins: options.begins,
      inThread: options.inThread ?? null,
      shape: signal<Shape>(options.shape ?? 'docked'),
      sending,
      trouble,
      rawQuote: raw,
      quoteCleaned: (html, text) => {
        const { quote } = draft.letter.peek();
        if (quote && quote.html === null)
          draft.change({
            quote: { ...quote, html, text: quote.text.trim() === '' ? text : quote.text } satisfies Quote,
          });
        cleaned.resolve();
      },
      attach: (files) => {
        const limit = maxUpload(account.peek());
        for (const file of files) {
          if (file.size > limit)
            toasts.show(`“${file.name}” is larger than the ${Math.floor(limit / 1_000_000)} MB that may be sent.`, {
              tone: 'failed',
            });
          else attachOne({ name: file.name, type: file.type, size: file.size, body: file }, null);
        }
      },
      attachImage: ({ cid, name, type, bytes }) =>
        attachOne({ name, type, size: bytes.byteLength, body: new Blob([bytes], { type }) }, cid),
      imageBytes: async (cid) => {
        const found = draft.letter.peek().attachments.find((each) => each.cid === cid);
        return found ? download(connection, account.peek(), found) : null;
      },
      remove: (attached) => {
        uploads.get(attached.key)?.abort();
        draft.change({ attachments: draft.letter.peek().attachments.filter((each) => each.key !== attached.key) });
      },
      writeAs: (to, identityId) => {
        const from = account.peek();
        if (to === from || sending.peek()) {
          if (to === from) draft.change({ identityId });
          return;
        }
        const moving = draft.letter.peek().attachments.filter((each) => each.upload.at === 'ready');
        if (draft.letter.peek().attachments.some((each) => each.upload.at === 'uploading')) {
          toasts.show('A file is still on its way. Change the sender when it has arrived.', { tone: 'failed' });
          return;
        }
        account.value = to;
        draft.moveTo(to);
        draft.change({
          identityId,
          attachments: draft.letter
            .peek()
            .attachments.map((each) =>
              moving.includes(each) ? { ...each, upload: { at: 'uploading', sent: 0 } } : each,
            ),
        });
        for (const attached of moving) {
          const abort = new AbortController();
          uploads.set(attached.key, abort);
          moved.add(attached.key);
          const way = bring(attached, () => carry(attached, from, to, abort.signal));
          arriving.add(way);
          void way.then(() => arriving.delete(way));
        }
      },
      send: async () => {
        if (sending.peek()) return;
        sending.value = true;
        trouble.value = null;
        const version = draft.letter.peek();
        try {
          await Promise.all([cleaned.promise, ...arriving]);
          const lost = draft.letter
            .peek()
            .attachments.find((each) => moved.has(each.key) && each.upload.at === 'failed');
          if (lost) throw new ModelError('jmap/request', `“${lost.name}” could not be taken along.`);
          const leaving = await send(connection, account.peek(), draft, parts.hold(), clock.now, () =>
            reopen(draft.letter.peek(), draft.emailId.peek()),
          );
          end();
          outbox.watch(leaving);
        } catch (error) {
          sending.value = false;
          trouble.value = `Not sent yet: “${version.subject || 'no subject'}”. ${wordsOf(error)} It is kept in your drafts.`;
        }
      },
      close: () => {
        if (draft.kept.peek().at !== 'saved' && !isBlank(draft.letter.peek())) {
          draft.save().then(
            () => end(),
            () => toasts.show('Could not save to Drafts on the server. Kept on this device.', { tone: 'failed' }),
          );
          drop(writing);
        } else end();
      },
      discard: () => {
        const version = draft.letter.peek();
        const emailId = draft.emailId.peek();
        end();
        if (isBlank(version) && emailId === null) return;
        // The draft on the server goes when it cannot be undone any more.
        const cancel = clock.after(10_000, () => {
          draft
            .discard()
            .catch(() =>
              toasts.show('The draft could not be discarded on the server. It is still in Drafts.', { tone: 'failed' }),
            );
          undo.drop(item);
        });
        const item = {
          label: 'Discarded the draft',
          undo: () => {
            cancel();
            reopen(version, emailId);
          },
        };
        undo.push(item);
        toasts.show('Discarded the draft', {
          icon: 'trash-2',
          actions: [{ label: 'Undo', cap: 'Z', run: () => undo.undo(item) }],
        });
      },
    };
    open.value = [...open.peek(), writing];
    return writing;
  };

  const start = async (request: ComposeRequest): Promise<void> => {
    const mail = parts.mail(request.accountId);
    if (!mail) {
      takeAhead();
      return;
    }
    const { kind, emailId } = request;
    if (kind === 'new' || emailId === undefined) {
      const identityId = mail.identities.peek()[0]?.id ?? null;
      begin(
        mail,
        {
          ...emptyLetter,
          identityId,
          to: request.to ?? [],
          cc: request.cc ?? [],
          subject: request.subject ?? '',
          text: request.text ?? '',
        },
        { begins: request.to?.length ? 'body' : 'to' },
      );
      return;
    }
    const already = open.peek().find((each) => each.draft.emailId.peek() === emailId);
    if (already) {
      already.shape.value = 'docked';
      takeAhead();
      return;
    }
    const original = await fetchOriginal(connection, mail, emailId);
    if (kind === 'draft') {
      const { letter, raw } = reopened(original, mail.identities.peek());
      begin(mail, letter, { emailId, begins: 'body', rawQuote: raw });
      return;
    }
    const letter = answer(original, kind, mail.identities.peek(), quoteTime(original.sentAt ?? original.receivedAt));
    // The original's HTML goes into the letter only after the editor's frame has cleaned it.
    const raw = letter.quote?.html ?? null;
    begin(
      mail,
      { ...letter, originalIn: mail.id, quote: letter.quote && { ...letter.quote, html: null } },
      {
        begins: kind === 'forward' ? 'to' : 'body',
        inThread: request.inThread ?? null,
        shape: request.inThread !== undefined && request.apart !== true ? 'inline' : 'docked',
        rawQuote: raw,
      },
    );
  };

  return {
    open,
    start: async (request) => {
      try {
        await start(request);
      } catch (error) {
        takeAhead();
        toasts.show(error instanceof Error ? error.message : 'The letter could not be opened.', { tone: 'failed' });
      }
    },
    recover: async (mail) => {
      for (const key of keep.keys().filter((each) => each.startsWith('postern.letter.'))) {
        const kept = readKept(keep.get(key));
        if (kept === null) keep.remove(key);
        if (kept?.accountId !== mail.id || !(await keep.claim(key))) continue;
        const ready = kept.letter.attachments.filter((each) => each.upload.at === 'ready');
        if (!isBlank(kept.letter))
          begin(mail, { ...kept.letter, attachments: ready }, { emailId: kept.emailId, begins: 'body' }).draft.change(
            {},
          );
        keep.remove(key);
        keep.release(key);
      }
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

/** Octets that may be uploaded at once; a quarter less than the server's limit, since base64 makes letters larger. */
const maxUpload = (_mail: Mail): number => 35_000_000;
