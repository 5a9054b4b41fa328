import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { AccountId, EmailId } from '#jmap/ids.ts';
import type { Email, EmailAddress } from '#jmap/mail.ts';
import { takeAhead, type ComposeRequest } from '../compose-port.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import { quoteTime } from '../format.ts';
import type { Mail } from '../mail.ts';
import type { Outbox } from '../outbox.ts';
import type { Toasts } from '../toasts.ts';
import type { UndoStack } from '../undo.ts';
import { answer, type Original } from './answer.ts';
import { openDraft, type Draft } from './draft.ts';
import { emptyLetter, isBlank, type Attached, type Letter, type Quote } from './letter.ts';
import { reopened } from './reopen.ts';
import { send } from './send.ts';
import { download, upload } from './upload.ts';

export type Shape = 'docked' | 'inline' | 'minimised' | 'full';

/** One letter on the screen. */
export interface Writing {
  readonly key: string;
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

const originalProperties = [
  'id',
  'messageId',
  'inReplyTo',
  'references',
  'from',
  'replyTo',
  'to',
  'cc',
  'bcc',
  'subject',
  'sentAt',
  'receivedAt',
  'textBody',
  'htmlBody',
  'attachments',
  'bodyValues',
  'keywords',
] as const;

/** @throws ModelError when it cannot be fetched or is gone */
const fetchOriginal = async (connection: Connection, mail: Mail, id: EmailId): Promise<Original> => {
  const { list } = await connection.call('Email/get', {
    accountId: mail.id,
    ids: [id],
    properties: [...originalProperties],
    fetchTextBodyValues: true,
    fetchHTMLBodyValues: true,
  }).answer;
  const email = list[0] as Email | undefined;
  if (!email) throw new ModelError('jmap/method', 'The letter is not here any more.');
  const values = (parts: Email['textBody'], type: string): string[] =>
    parts.flatMap((part) => {
      const value = part.type === type && part.partId !== null ? email.bodyValues[part.partId]?.value : undefined;
      return value === undefined ? [] : [value.replaceAll('\r\n', '\n')];
    });
  const html = values(email.htmlBody, 'text/html').join('<hr>');
  return { ...email, text: values(email.textBody, 'text/plain').join('\n\n'), html: html === '' ? null : html };
};

const wordsOf = (error: unknown): string =>
  error instanceof ModelError && error.code !== 'net/offline' ? error.message : 'Postern does not answer.';

const storageKey = (key: string): string => `postern.letter.${key}`;

interface KeptLetter {
  accountId: AccountId;
  letter: Letter;
  emailId: EmailId | null;
}

/** Null for what another version wrote and this one cannot read. */
const readKept = (text: string | null): KeptLetter | null => {
  try {
    const kept = JSON.parse(text ?? '') as Partial<KeptLetter>;
    const { accountId, letter, emailId = null } = kept;
    return accountId && letter ? { accountId, letter: { ...emptyLetter, ...letter }, emailId } : null;
  } catch {
    return null;
  }
};

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
    const sending = signal(false);
    const trouble = signal<string | null>(null);
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
          JSON.stringify({ accountId: mail.id, letter: version, emailId: draft.emailId.peek() }),
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
      upload(connection, mail, file.body, attached.type, abort.signal)
        .then(
          (blobId) => patch(attached.key, { upload: { at: 'ready', blobId } }),
          (error: unknown) =>
            patch(attached.key, {
              upload: { at: 'failed', why: error instanceof Error ? error.message : 'not uploaded' },
            }),
        )
        .finally(() => uploads.delete(attached.key));
    };
    const reopen = (version: Letter, emailId: EmailId | null): void => {
      begin(mail, version, { emailId, begins: 'body', shape: 'docked' });
    };

    const writing: Writing = {
      key,
      mail,
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
        const limit = maxUpload(mail);
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
        return found ? download(connection, mail, found) : null;
      },
      remove: (attached) => {
        uploads.get(attached.key)?.abort();
        draft.change({ attachments: draft.letter.peek().attachments.filter((each) => each.key !== attached.key) });
      },
      send: async () => {
        if (sending.peek()) return;
        sending.value = true;
        trouble.value = null;
        const version = draft.letter.peek();
        try {
          await cleaned.promise;
          const leaving = await send(connection, mail, draft, parts.hold(), clock.now, () =>
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
      { ...letter, quote: letter.quote && { ...letter.quote, html: null } },
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
