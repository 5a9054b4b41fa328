import { Duplex } from 'node:stream';
import { ImapError } from './errors.ts';

/** What imapflow takes for its socket: it hears what the line lets through and speaks on the line. */
export class ControlStream extends Duplex {
  readonly #line: Duplex;
  readonly #told: { drained: () => void; closed: () => void };

  constructor(line: Duplex, told: { drained: () => void; closed: () => void }) {
    super();
    this.#line = line;
    this.#told = told;
    this.on('error', () => undefined);
  }

  /** false: enough for now. */
  hear(bytes: Buffer): boolean {
    return this.destroyed || this.push(bytes);
  }

  /** The line is gone. */
  cut(): void {
    if (this.destroyed) return;
    this.push(null);
    this.destroy();
  }

  /** imapflow's watchdog; the line has its own. */
  setTimeout(): this {
    return this;
  }

  override _read(): void {
    this.#told.drained();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#line.destroyed) done(new ImapError('imap/closed'));
    else this.#line.write(chunk, (error) => done(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#told.closed();
    done(error);
  }
}
