import { Worker } from 'node:worker_threads';
import { type Log, logError } from '#base/log.ts';
import type { Piece } from '#imap/types.ts';
import { readySheet } from '#index/sheet.ts';
import { UpstreamError } from '../errors.ts';
import type { ReadPiece } from './read.ts';
import type { ToRead, WasRead } from './thread.ts';

/** A thread that reads, and those who wait for it. */
interface Reader {
  worker: Worker;
  isReady: boolean;
  /** Of those who use it. */
  users: number;
  waiting: Map<number, { resolve: (read: ReadPiece) => void; reject: (error: unknown) => void }>;
}

/**
 * Reads the rows of a first sync in a thread of its own, so that the mailroom's thread has only to store them. There is
 * one while somebody uses it, for all accounts of a mailroom.
 */
export class Reading {
  readonly #log: Log;
  #reader: Reader | null = null;
  #pieces = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether {@link read} may be called now. */
  get isReady(): boolean {
    return this.#reader?.isReady === true;
  }

  /** Starts the thread, if there is none. The function says that it is needed no more: once, with nothing being read. */
  begin(): () => void {
    const reader = (this.#reader ??= this.#start());
    reader.users += 1;
    return () => {
      reader.users -= 1;
      if (reader.users > 0) return;
      if (this.#reader === reader) this.#reader = null;
      void reader.worker.terminate();
    };
  }

  /** The bytes of the piece go over to the thread. @throws UpstreamError `engine/closed` when it ended. */
  read({ bytes, ends }: Piece): Promise<ReadPiece> {
    const reader = this.#reader;
    if (reader === null) return Promise.reject(ended());
    this.#pieces += 1;
    const toRead: ToRead = { id: this.#pieces, bytes, ends };
    return new Promise((resolve, reject) => {
      reader.waiting.set(toRead.id, { resolve, reject });
      reader.worker.postMessage(toRead, [bytes.buffer]);
    });
  }

  #start(): Reader {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      name: 'reading',
      resourceLimits: { maxYoungGenerationSizeMb: 96 },
    });
    const reader: Reader = { worker, isReady: false, users: 0, waiting: new Map() };
    worker.on('message', (message: 'ready' | WasRead) => {
      if (message === 'ready') {
        reader.isReady = true;
        return;
      }
      const waiting = reader.waiting.get(message.id);
      reader.waiting.delete(message.id);
      if ('error' in message) waiting?.reject(message.error);
      else waiting?.resolve({ messages: readySheet(message.sheet), report: message.report });
    });
    worker.on('error', (error) => logError(this.#log, 'upstream.reading-failed', error));
    worker.on('exit', () => {
      if (this.#reader === reader) this.#reader = null;
      for (const { reject } of reader.waiting.values()) reject(ended());
      reader.waiting.clear();
    });
    // Listening holds the process up, and the thread does not end by itself.
    worker.unref();
    return reader;
  }
}

const ended = (): UpstreamError => new UpstreamError('engine/closed', 'the thread that reads has ended');
