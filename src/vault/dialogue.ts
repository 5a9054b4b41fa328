import type { Duplex } from 'node:stream';
import { base64, join, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';

const mostBuffered = 64 * 1024;

type Waiter = { resolve: (line: string) => void; reject: (error: Error) => void };

/** Lines to and from a server before its stream is handed on. Server lines are text; what we send is bytes. */
export class Dialogue {
  readonly #stream: Duplex;
  #buffered = Buffer.alloc(0);
  #failure: Error | null = null;
  #waiter: Waiter | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onError);
    stream.resume();
  }

  /** Bytes read and not yet taken as lines. */
  get pending(): number {
    return this.#buffered.length;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    if (this.#buffered.length > mostBuffered)
      this.#fail(new VaultError('net/unreachable', 'the server sent a line that is too long'));
    this.#deliver();
  };

  readonly #onEnd = (): void => this.#fail(new VaultError('net/unreachable', 'the server closed the connection'));

  readonly #onError = (cause: Error): void =>
    this.#fail(new VaultError('net/unreachable', 'the connection broke', {}, { cause }));

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#deliver();
  }

  #deliver(): void {
    const waiter = this.#waiter;
    if (!waiter) return;
    const end = this.#buffered.indexOf(10);
    if (end >= 0) {
      const line = this.#buffered.subarray(0, end).toString('utf8').replace(/\r$/, '');
      this.#buffered = this.#buffered.subarray(end + 1);
      waiter.resolve(line);
    } else if (this.#failure) waiter.reject(this.#failure);
    else return;
    this.#waiter = null;
  }

  /** The next line without its end. @throws VaultError `net/timeout`, `net/unreachable` */
  line(ms: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const late = (): void => this.#fail(new VaultError('net/timeout', 'the server did not answer in time'));
    const timer = setTimeout(late, ms);
    this.#waiter = { resolve, reject };
    this.#deliver();
    return promise.finally(() => clearTimeout(timer));
  }

  /** Resolves when the bytes have left the process, so that the caller can wipe them. */
  send(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (cause) => {
        if (cause) reject(new VaultError('net/unreachable', 'the connection broke', {}, { cause }));
        else resolve();
      });
    });
  }

  /** Sends head, base64 of `secret`, CRLF; wipes `secret`. */
  async sendEncoded(head: Uint8Array, secret: Buffer): Promise<void> {
    const encoded = base64(secret);
    const line = join(head, encoded, Buffer.from('\r\n'));
    try {
      await this.send(line);
    } finally {
      wipe(secret, encoded, line);
    }
  }

  /** Ends the dialogue: the stream is paused and without our listeners; returns what was read beyond the last line. */
  detach(): Buffer {
    this.#stream.pause();
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    this.#stream.off('error', this.#onError);
    return this.#buffered;
  }
}
