import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { ControlStream } from './control-stream.ts';
import { ImapError } from './errors.ts';
import { defaultLimits, type LiteralSink, ResponseReader, type ReaderLimits } from './wire/reader.ts';
import { parseStatusLine, type StatusLine } from './wire/status.ts';

/** A literal to send: its bytes, or a stream of exactly `size` of them. */
export type Literal = Buffer | { size: number; chunks: AsyncIterable<Buffer> };
/** A command after its tag: text with the literals between. Text is bytes, one character each, without line ends. */
export type Pieces = readonly (string | Literal)[];

/** An untagged response, `bytes[start, end)`. true: taken, nobody else gets it. */
export type Untagged = (bytes: Buffer, start: number, end: number) => boolean;

export interface Listening {
  untagged?: Untagged;
  literal?: (head: Buffer, size: number) => LiteralSink | null;
  /** Limits of the reader while this command runs. */
  limits?: Partial<ReaderLimits>;
}

export interface RunOptions extends Listening {
  /** Called at each "+" that asks for no literal (IDLE). From then on silence is no time-out. */
  onContinue?: () => void;
}

export interface LineOptions {
  /** Milliseconds of silence, while something is expected, after which the line is cut. */
  timeout: number;
  clock: Clock;
  /** Whatever comes unasked: EXISTS, EXPUNGE, VANISHED, FETCH, and STATUS or LIST of NOTIFY. */
  unsolicited: Untagged;
  onAlert: (words: string) => void;
}

interface Running extends RunOptions {
  tag: string;
  name: string;
  done: (status: StatusLine) => void;
  failed: (error: ImapError) => void;
  /** Resolves the wait for "+". */
  proceed: (() => void) | null;
}

const crlf = Buffer.from('\r\n');
/** LITERAL- allows so much without asking (RFC 7888 §5). */
const SHORT = 4096;
/** Copied rather than written by itself. */
const SMALL = 1 << 16;

const unasked = /^\* (?:\d+ (?:EXISTS|RECENT|EXPUNGE|FETCH)|VANISHED)\b/i;

/**
 * The byte stream of one connection. Its reader sees every response first; what concerns messages never reaches
 * imapflow, which writes and reads its own commands through {@link control}. One command at a time, imapflow's or ours:
 * the session sees to that.
 */
export class Line {
  /** imapflow's end of the line. */
  readonly control: ControlStream;
  /** LITERAL+ or LITERAL- (RFC 7888): literals up to 4,096 bytes go without asking. */
  shortLiterals = false;
  readonly #stream: Duplex;
  readonly #options: LineOptions;
  readonly #reader: ResponseReader;
  readonly #holds = new Set<string>();
  readonly #endListeners = new Set<(error: ImapError) => void>();
  #running: Running | null = null;
  /** The last tagged answer imapflow got. */
  #answer: StatusLine | null = null;
  #listening: Listening = {};
  #ended: ImapError | null = null;
  #bye: string | null = null;
  #tags = 0;
  #expecting = 0;
  #heardAt = 0;
  #stopWatch: () => void = () => undefined;

  constructor(stream: Duplex, options: LineOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#reader = new ResponseReader({
      response: (bytes, start, end) => this.#response(bytes, start, end),
      literal: (head, size) => (this.#running ?? this.#listening).literal?.(head, size) ?? null,
    });
    this.control = new ControlStream(stream, {
      drained: () => this.release('control'),
      closed: () => this.cut(),
    });
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.resume();
    stream.once('end', () => this.cut());
    stream.once('close', () => this.cut());
    stream.on('error', (cause) => this.end(new ImapError('imap/closed', { words: this.#bye, cause })));
  }

  get ended(): ImapError | null {
    return this.#ended;
  }

  onEnd(listener: (error: ImapError) => void): () => void {
    if (this.#ended !== null) listener(this.#ended);
    else this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Cuts the line; the first reason counts. Every pending call gets it. */
  end(error: ImapError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#stopWatch();
    const running = this.#running;
    this.#running = null;
    this.#stream.destroy();
    this.control.cut();
    running?.proceed?.();
    running?.failed(error);
    for (const listener of this.#endListeners) listener(error);
    this.#endListeners.clear();
  }

  /** Hangs up. */
  cut(): void {
    this.end(new ImapError('imap/closed', { words: this.#bye }));
  }

  /** Stops reading until released under the same name; the server is held back by TCP. */
  hold(name: string): void {
    this.#holds.add(name);
    this.#stream.pause();
  }

  release(name: string): void {
    if (!this.#holds.delete(name) || this.#holds.size > 0) return;
    this.#heardAt = this.#options.clock.now();
    this.#stream.resume();
  }

  /**
   * Sends a command of ours and waits for its tagged OK. The name is for errors.
   * @throws ImapError `imap/refused` for NO and BAD, or why the line ended
   */
  async run(name: string, pieces: Pieces, options: RunOptions = {}): Promise<StatusLine> {
    if (this.#ended !== null) throw this.#ended;
    this.#tags += 1;
    const tag = `P${this.#tags}`;
    const { promise, resolve, reject } = Promise.withResolvers<StatusLine>();
    const running: Running = { ...options, tag, name, done: resolve, failed: reject, proceed: null };
    this.#running = running;
    this.#reader.limits = { ...defaultLimits, ...options.limits };
    this.#expect();
    try {
      const sending = this.#send(running, pieces);
      sending.catch(() => undefined);
      await Promise.race([sending, promise.then(() => sending)]);
      const status = await promise;
      if (status.status !== 'OK') throw refusal(status, name);
      return status;
    } finally {
      promise.catch(() => undefined);
      this.#unexpect();
      this.#reader.limits = defaultLimits;
      if (this.#running === running) this.#running = null;
    }
  }

  /** Writes raw bytes into a running command of ours (DONE). The answer is waited for again. */
  say(text: string): void {
    if (this.#ended !== null) return;
    this.#heardAt = this.#options.clock.now();
    this.#watch(this.#options.timeout);
    this.#stream.write(Buffer.from(text, 'latin1'));
  }

  /**
   * Runs a task of imapflow's: untagged responses go to `listening` first, silence counts. The last tagged answer.
   * @throws ImapError `imap/refused` when that was NO or BAD and imapflow took it for a failure, or why the line ended
   */
  async listen(name: string, listening: Listening, task: () => Promise<unknown>): Promise<StatusLine | null> {
    if (this.#ended !== null) throw this.#ended;
    this.#listening = listening;
    this.#answer = null;
    this.#expect();
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    const stop = this.onEnd(reject);
    try {
      await Promise.race([task(), promise]);
      return this.#answer;
    } catch (cause) {
      const { ended } = this;
      if (ended !== null) throw ended;
      // Asserted: assigned by #response while the task ran.
      const answer = this.#answer as StatusLine | null;
      if (answer !== null && answer.status !== 'OK') throw refusal(answer, name);
      throw new ImapError('imap/protocol', { command: name, cause });
    } finally {
      stop();
      this.#unexpect();
      this.#listening = {};
    }
  }

  async #send(running: Running, pieces: Pieces): Promise<void> {
    /** What goes out with the next write: a small literal with what follows it, so that it is one packet. */
    let ready: Buffer[] = [Buffer.from(`${running.tag} `)];
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        ready.push(Buffer.from(piece, 'latin1'));
        continue;
      }
      const size = Buffer.isBuffer(piece) ? piece.length : piece.size;
      if (Buffer.isBuffer(piece) && this.shortLiterals && size <= SHORT) {
        ready.push(Buffer.from(`{${size}+}\r\n`), piece);
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      running.proceed = resolve;
      await this.#write(Buffer.concat([...ready, Buffer.from(`{${size}}\r\n`)]));
      ready = [];
      await promise;
      if (this.#running !== running) return;
      if (Buffer.isBuffer(piece) && size <= SMALL) ready.push(piece);
      else await this.#writeLiteral(piece, size);
    }
    await this.#write(Buffer.concat([...ready, crlf]));
  }

  async #writeLiteral(literal: Literal, size: number): Promise<void> {
    if (Buffer.isBuffer(literal)) {
      await this.#write(literal);
      return;
    }
    let sent = 0;
    try {
      for await (const chunk of literal.chunks) {
        sent += chunk.length;
        if (sent > size) break;
        await this.#write(chunk);
      }
    } catch (cause) {
      this.end(new ImapError('imap/closed', { cause }));
      throw cause;
    }
    // A command that stops in the middle of its literal cannot be taken back but by hanging up.
    if (sent !== size) this.end(new ImapError('imap/closed', { cause: new RangeError('literal of another size') }));
  }

  /** Resolves when the stream wants more. Bytes going out are signs of life as well. */
  async #write(bytes: Buffer): Promise<void> {
    if (this.#ended !== null) throw this.#ended;
    const wantsMore = this.#stream.write(bytes);
    this.#heardAt = this.#options.clock.now();
    if (wantsMore) return;
    await new Promise<void>((resolve) => {
      const off = this.onEnd(() => resolve());
      this.#stream.once('drain', () => {
        off();
        this.#heardAt = this.#options.clock.now();
        resolve();
      });
    });
  }

  #data(chunk: Buffer): void {
    if (this.#ended !== null) return;
    this.#heardAt = this.#options.clock.now();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.end(error instanceof ImapError ? error : new ImapError('imap/protocol', { cause: error }));
    }
  }

  #response(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start];
    if (first === 42) this.#untagged(bytes, start, end);
    else if (this.#running === null) {
      if (first !== 43) this.#answer = answerIn(bytes, start, end) ?? this.#answer;
      this.#toControl(bytes, start, end);
    } else if (first === 43) this.#continue(this.#running);
    else this.#tagged(this.#running, bytes, start, end);
  }

  #untagged(bytes: Buffer, start: number, end: number): void {
    const listening = this.#running ?? this.#listening;
    if (listening.untagged?.(bytes, start, end)) return;
    const isStatus = (bytes[start + 2] ?? 0) > 57;
    const status = isStatus ? parseStatusLine(bytes, start, end) : undefined;
    if (status?.code === 'ALERT') this.#options.onAlert(status.text);
    if (status?.status === 'BYE') {
      this.#bye = status.text;
      if (this.#expecting === 0 || this.#running !== null)
        this.end(new ImapError('imap/closed', { words: status.text }));
    }
    if (status === undefined && this.#options.unsolicited(bytes, start, end)) return;
    if (status === undefined && unasked.test(bytes.toString('latin1', start, Math.min(end, start + 40)))) return;
    this.#toControl(bytes, start, end);
  }

  /** imapflow hears only what comes while a command of its own runs, and BYE. */
  #toControl(bytes: Buffer, start: number, end: number): void {
    if (this.#running !== null || this.#expecting === 0) return;
    if (!this.control.hear(bytes.subarray(start, end))) this.hold('control');
  }

  #continue(running: Running): void {
    const { proceed } = running;
    running.proceed = null;
    if (proceed !== null) proceed();
    else if (running.onContinue !== undefined) {
      this.#quiet();
      running.onContinue();
    }
  }

  #tagged(running: Running, bytes: Buffer, start: number, end: number): void {
    const status = answerIn(bytes, start, end);
    if (status === undefined || (status.tag !== running.tag && status.tag !== '')) return;
    this.#running = null;
    running.proceed?.();
    running.done(status);
  }

  #expect(): void {
    this.#expecting += 1;
    this.#heardAt = this.#options.clock.now();
    if (this.#expecting === 1) this.#watch(this.#options.timeout);
  }

  #unexpect(): void {
    this.#expecting = Math.max(0, this.#expecting - 1);
    if (this.#expecting === 0) this.#stopWatch();
  }

  /** The running command waits for events now: silence is what is expected. */
  #quiet(): void {
    this.#stopWatch();
  }

  #watch(wait: number): void {
    this.#stopWatch();
    const { clock, timeout } = this.#options;
    this.#stopWatch = clock.after(wait, () => {
      if (this.#holds.size > 0) this.#heardAt = clock.now();
      const silent = clock.now() - this.#heardAt;
      if (silent >= timeout) this.end(new ImapError('imap/timeout', { command: this.#running?.name ?? null }));
      else this.#watch(timeout - silent);
    });
  }
}

/** Lenient: Namecheap answers NO or BAD without the tag (imapflow, rejectTaglessCompletion). */
const untaggedRefusal = (bytes: Buffer, start: number, end: number): StatusLine | undefined => {
  const line = Buffer.concat([Buffer.from('x '), bytes.subarray(start, end)]);
  const status = parseStatusLine(line, 0, line.length);
  return status?.status === 'NO' || status?.status === 'BAD' ? { ...status, tag: '' } : undefined;
};

const answerIn = (bytes: Buffer, start: number, end: number): StatusLine | undefined =>
  parseStatusLine(bytes, start, end) ?? untaggedRefusal(bytes, start, end);

export const refusal = ({ code, text }: StatusLine, command: string): ImapError => {
  const backoff = /Backoff Time[:=\s]+(\d{1,9})/i.exec(text);
  return new ImapError('imap/refused', {
    words: text,
    responseCode: code,
    command,
    retryAfter: backoff === null ? null : Number(backoff[1]),
  });
};
