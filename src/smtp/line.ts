import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { type Reply, ReplyError, ReplyReader } from './replies.ts';

/** The line is gone or silent; who knows what that means for the message makes an SmtpError of it. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

/** Commands out, replies in, in order. */
export class SmtpLine {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #replies: Reply[] = [];
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | null = null;
  #ended: LineError | null = null;

  constructor(stream: Duplex, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    const reader = new ReplyReader((reply) => this.#reply(reply));
    stream.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch (cause) {
        if (!(cause instanceof ReplyError)) throw cause;
        this.#end(new LineError('not SMTP', { cause }));
      }
    });
    stream.on('error', (cause) => this.#end(new LineError('error', { cause })));
    stream.once('end', () => this.#end(new LineError('end')));
    stream.once('close', () => this.#end(new LineError('close')));
    stream.resume();
  }

  /** A reply that has come before anything asked for it. */
  get early(): Reply | undefined {
    return this.#replies[0];
  }

  /** The next reply. @throws LineError when none comes within `wait` milliseconds */
  async reply(wait: number): Promise<Reply> {
    const known = this.#replies.shift();
    if (known !== undefined) return known;
    if (this.#ended !== null) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#waiting = { resolve, reject };
    const stop = this.#clock.after(wait, () => this.#end(new LineError('silent')));
    try {
      return await promise;
    } finally {
      stop();
    }
  }

  /** Resolves when the stream wants more. @throws LineError */
  async write(bytes: string | Buffer, wait: number): Promise<void> {
    this.assertOpen();
    if (this.#stream.write(bytes)) return;
    const drained = Promise.withResolvers<void>();
    const stop = this.#clock.after(wait, () => this.#end(new LineError('silent')));
    this.#stream.once('drain', drained.resolve);
    this.#stream.once('close', drained.resolve);
    await drained.promise;
    stop();
    this.assertOpen();
  }

  /** @throws LineError when the line is known to be gone */
  assertOpen(): void {
    if (this.#ended !== null) throw this.#ended;
  }

  /** Says good-bye and gives the server a moment to hang up. */
  quit(): void {
    if (this.#ended === null) {
      this.#stream.end('QUIT\r\n');
      this.#clock.after(5000, () => this.#stream.destroy());
    }
    this.#end(new LineError('quit'));
  }

  destroy(): void {
    this.#end(new LineError('destroyed'));
    this.#stream.destroy();
  }

  #reply(reply: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) waiting.resolve(reply);
    else if (this.#replies.length < 1000) this.#replies.push(reply);
    else this.destroy();
  }

  #end(error: LineError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    if (error.message !== 'quit') this.#stream.destroy();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}
