import type { ReadonlySignal } from '@preact/signals-core';
import { SerialQueue } from '#base/queue.ts';
import type { BlobId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Toasts } from '../toasts.ts';
import type { Draft } from './draft.ts';
import type { Attached } from './letter.ts';
import { download, upload } from './upload.ts';

/** Octets that may go with a letter; a quarter less than the server's limit, since base64 makes letters larger. */
const mostUploaded = 35_000_000;

/** Why something could not be brought to the server. */
export const wordsOf = (error: unknown): string =>
  error instanceof ModelError && error.code !== 'net/offline' ? error.message : 'Postern does not answer.';

/** What goes with a letter: on its way to the server, and from account to account with the letter. */
export interface Files {
  attach(files: readonly File[]): void;
  attachImage(image: { cid: string; name: string; type: string; bytes: ArrayBuffer }): void;
  /** Of an image that stands in the text; null when it is not here. Never rejects. */
  imageBytes(cid: string): Promise<Blob | null>;
  remove(attached: Attached): void;
  /** One is still on its way to the server. */
  isBusy(): boolean;
  /** The letter left this account: what is there comes along. */
  moveFrom(from: Mail): void;
  /** Nothing is on its way any more. @throws ModelError when something could not be brought to the server */
  arrived(): Promise<void>;
  /** Nothing more is uploaded. */
  abort(): void;
}

export interface FilesParts {
  connection: Connection;
  toasts: Toasts;
  account: ReadonlySignal<Mail>;
  draft: Draft;
  /** Of a file: another one each time. */
  newKey(): string;
}

export const openFiles = ({ connection, toasts, account, draft, newKey }: FilesParts): Files => {
  const uploads = new Map<string, AbortController>();
  const arriving = new Set<Promise<void>>();
  /** One after another: a server takes few at once (RFC 8620 §2 `maxConcurrentUpload`). */
  const queue = new SerialQueue();

  const all = (): readonly Attached[] => draft.letter.peek().attachments;

  const patch = (key: string, change: Partial<Attached>): void =>
    draft.change({ attachments: all().map((each) => (each.key === key ? { ...each, ...change } : each)) });

  const bring = (attached: Attached, bytes: (abort: AbortSignal) => Promise<BlobId>): void => {
    const abort = new AbortController();
    uploads.set(attached.key, abort);
    const way: Promise<void> = queue
      .run(() => bytes(abort.signal))
      .then(
        (blobId) => patch(attached.key, { upload: { at: 'ready', blobId } }),
        (error: unknown) => patch(attached.key, { upload: { at: 'failed', why: wordsOf(error) } }),
      )
      .then(() => {
        uploads.delete(attached.key);
        arriving.delete(way);
      });
    arriving.add(way);
  };

  const attachOne = (file: { name: string; type: string; size: number; body: Blob }, cid: string | null): void => {
    const attached: Attached = {
      key: newKey(),
      name: file.name,
      // A saved page (.mhtml) is a multipart to browsers, and no file may be one.
      type: file.type.replace(/^(|multipart.*)$/u, 'application/octet-stream'),
      size: file.size,
      cid,
      upload: { at: 'uploading', sent: 0 },
    };
    draft.change({ attachments: [...all(), attached] });
    bring(attached, (abort) => upload(connection, account.peek(), file.body, attached.type, abort));
  };

  /** The same file in the account that the letter went to: down from the one before, and up again. */
  const carry = async (attached: Attached, from: Mail, to: Mail, abort: AbortSignal): Promise<BlobId> => {
    const body = await download(connection, from, attached);
    if (!body) throw new ModelError('jmap/request', `it could not be taken along from ${from.account.name}`);
    return upload(connection, to, body, attached.type, abort);
  };

  return {
    attach: (files) => {
      for (const file of files) {
        if (all().reduce((sum, each) => sum + each.size, file.size) > mostUploaded)
          toasts.show(
            `With “${file.name}” the letter is larger than the ${mostUploaded / 1_000_000} MB that may be sent.`,
            { tone: 'failed' },
          );
        else attachOne({ name: file.name, type: file.type, size: file.size, body: file }, null);
      }
    },
    attachImage: ({ cid, name, type, bytes }) =>
      attachOne({ name, type, size: bytes.byteLength, body: new Blob([bytes], { type }) }, cid),
    imageBytes: async (cid) => {
      const found = all().find((each) => each.cid === cid);
      return found ? download(connection, account.peek(), found) : null;
    },
    remove: (attached) => {
      uploads.get(attached.key)?.abort();
      draft.change({ attachments: all().filter((each) => each.key !== attached.key) });
    },
    isBusy: () => all().some((each) => each.upload.at === 'uploading'),
    moveFrom: (from) => {
      const to = account.peek();
      const moving = all().filter((each) => each.upload.at === 'ready');
      draft.change({
        attachments: all().map((each) =>
          moving.includes(each) ? { ...each, upload: { at: 'uploading', sent: 0 } } : each,
        ),
      });
      for (const attached of moving) bring(attached, (abort) => carry(attached, from, to, abort));
    },
    arrived: async () => {
      while (arriving.size > 0) await Promise.all(arriving);
      const lost = all().find((each) => each.upload.at === 'failed');
      if (lost) throw new ModelError('jmap/request', `“${lost.name}” was not uploaded. Remove it or attach it again.`);
    },
    abort: () => {
      for (const each of uploads.values()) each.abort();
    },
  };
};
