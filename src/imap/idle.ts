import type { Clock } from '#base/clock.ts';
import type { Line } from './line.ts';

export interface IdleOptions {
  line: Line;
  clock: Clock;
  /** Milliseconds after which IDLE is renewed (RFC 2177 asks for less than 29 minutes, NATs for less than 10). */
  renewal: number;
  /** Runs an empty turn: it breaks IDLE, and IDLE begins again behind it. */
  renew: () => Promise<void>;
  /** Runs NOOP as a turn of its own. */
  poll: () => Promise<void>;
}

/** How to listen: by IDLE, by NOOP every so many milliseconds, or by both. */
export interface Manner {
  idle: boolean;
  poll: number | null;
}

/** Rest between the last command and IDLE, so that a row of commands does not start and break it each time. */
const REST = 50;
/** A server that refuses IDLE is asked by NOOP this often. */
export const POLL = 120_000;

/** Keeps the connection listening between commands (RFC 2177). The session calls `pause` before and `resume` after each. */
export class Idle {
  readonly #options: IdleOptions;
  #manner: Manner | null = null;
  #running: { ready: Promise<void>; finished: Promise<void> } | null = null;
  #cancel: () => void = () => undefined;
  #cancelPoll: () => void = () => undefined;

  constructor(options: IdleOptions) {
    this.#options = options;
    options.line.onEnd(() => this.stop());
  }

  /** Listens from the next {@link resume} on. */
  start(manner: Manner): void {
    this.#manner = manner;
  }

  stop(): void {
    this.#manner = null;
    this.#cancel();
    this.#cancelPoll();
  }

  /** Ends IDLE, if it runs, so that a command can be sent. */
  async pause(): Promise<void> {
    this.#cancel();
    this.#cancelPoll();
    const running = this.#running;
    if (running === null) return;
    await Promise.race([running.ready, running.finished]);
    if (this.#running === running) this.#options.line.say('DONE\r\n');
    await running.finished;
  }

  /** No command is waiting. */
  resume(rest = REST): void {
    const { clock } = this.#options;
    this.#cancel();
    this.#cancelPoll();
    if (this.#manner?.poll)
      this.#cancelPoll = clock.after(this.#manner.poll, () => void this.#later(this.#options.poll));
    if (this.#manner?.idle) this.#cancel = clock.after(rest, () => this.#begin());
  }

  /** Resolves when the server listens, or at once when it does not do IDLE. */
  async begun(): Promise<void> {
    if (this.#manner?.idle && this.#running === null) this.#begin();
    const running = this.#running;
    if (running !== null) await Promise.race([running.ready, running.finished]);
  }

  #begin(): void {
    const { line, clock, renewal, renew } = this.#options;
    if (this.#running !== null || line.ended !== null) return;
    this.#cancel();
    const ready = Promise.withResolvers<void>();
    const running = { ready: ready.promise, finished: this.#idling(ready.resolve) };
    this.#running = running;
    this.#cancel = clock.after(renewal, () => void this.#later(renew));
  }

  async #idling(ready: () => void): Promise<void> {
    try {
      await this.#options.line.run('IDLE', ['IDLE'], { onContinue: ready });
    } catch {
      // Refused; or the line ended, and then everything has stopped already.
      if (this.#manner !== null) {
        this.#manner = { idle: false, poll: this.#manner.poll ?? POLL };
        this.resume();
      }
    } finally {
      this.#running = null;
    }
  }

  async #later(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch {
      // The line ended, which its listeners are told; or NOOP was refused, which says nothing.
    }
  }
}
