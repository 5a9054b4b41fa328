import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { ImapSession } from '#imap/session.ts';
import { backoff, reconnectBackoff } from './backoff.ts';
import type { Connection } from './engine.ts';
import { UpstreamError } from './errors.ts';
import type { Lines } from './lines.ts';

/** A connection that stood this long was a good one, milliseconds. */
const settled = 30_000;
/** The user's own "now" is heard at most this often, milliseconds. */
const patience = 5_000;

export interface WatchParts {
  lines: Lines;
  connect: () => Promise<ImapSession>;
  clock: Clock;
  log: Log;
  random: () => number;
  /** The server refused the password at an earlier time (Unix ms): it is not asked before {@link Watch.retry}. */
  refusedSince?: number | null;
  /** The connection stands; what is done first with it. Its failure is the connection's end, or nothing. */
  begin: (session: ImapSession) => Promise<void>;
  /** {@link Watch.connection} changed. */
  told: (connection: Connection) => void;
}

const wordsOf = (error: unknown): string | null =>
  typeof error === 'object' && error !== null && 'words' in error && typeof error.words === 'string'
    ? error.words
    : null;

const codeOf = (error: unknown): string => (error instanceof Problem ? error.code : 'net/away');

/** Keeps the one connection that is always there, and says how it is (rules S1, S3, S4). */
export class Watch {
  readonly #parts: WatchParts;
  #connection: Connection = { at: 'connecting' };
  #failures = 0;
  #triedAt = 0;
  #awaySince: number | null = null;
  #wake: (() => void) | null = null;
  #closed = false;
  #loop: Promise<void> | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  get connection(): Connection {
    return this.#connection;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Connect now, whatever was waited for. */
  retry(): void {
    this.#failures = 0;
    this.#wake?.();
  }

  /** The user is here: no need to wait out a long back-off. */
  hurry(): void {
    if (this.#connection.at !== 'away' || this.#parts.clock.now() - this.#triedAt < patience) return;
    this.#parts.lines.watch.admit();
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const since = this.#parts.refusedSince ?? null;
    if (since !== null) await this.#wait(since, null);
    while (!this.#closed) {
      this.#triedAt = this.#parts.clock.now();
      this.#parts.lines.watch.admit();
      let session: ImapSession;
      try {
        session = await this.#parts.connect();
      } catch (error) {
        await this.#failed(error);
        continue;
      }
      if (this.#closed) {
        await session.close();
        return;
      }
      await this.#stand(session);
    }
  }

  async #stand(session: ImapSession): Promise<void> {
    const { clock, lines, log } = this.#parts;
    const since = clock.now();
    const ended = new Promise<void>((resolve) => session.onEnd(() => resolve()));
    this.#awaySince = null;
    lines.watch.attach(session);
    this.#set({ at: 'live' });
    try {
      // What it waits for may be waiting for the next connection.
      await Promise.race([this.#parts.begin(session), ended]);
    } catch (error) {
      if (session.ended === null && !this.#closed) logError(log, 'upstream.begin', error);
    }
    await ended;
    if (this.#closed) return;
    log('info', 'upstream.lost', { code: session.ended?.code });
    if (clock.now() - since >= settled) {
      this.#failures = 0;
      this.#set({ at: 'connecting' });
      return;
    }
    await this.#failed(session.ended);
  }

  /** Says so, and waits as long as is right. */
  async #failed(error: unknown): Promise<void> {
    const { clock, lines, log, random } = this.#parts;
    const code = codeOf(error);
    const words = wordsOf(error);
    const now = clock.now();
    if (code === 'auth/refused') {
      log('info', 'upstream.refused');
      await this.#wait(now, words, error);
      return;
    }
    this.#failures += 1;
    this.#awaySince ??= now;
    const wait = backoff(reconnectBackoff, this.#failures, random());
    logError(log, 'upstream.away', error, { failures: this.#failures, wait });
    // A line that broke and comes back within the second is no news; what waits for it goes on waiting.
    if (this.#failures > 1 || this.#connection.at === 'connecting') {
      const locked = code === 'user/locked';
      this.#set({ at: 'away', since: this.#awaySince, retryAt: now + wait, code, words });
      lines.watch.fail(
        new UpstreamError(locked ? 'user/locked' : 'net/away', 'the server cannot be reached now', {
          words,
          cause: error,
        }),
      );
    } else this.#set({ at: 'connecting' });
    await this.#sleep(wait);
  }

  /** For the user: only they can say another password. */
  async #wait(since: number, words: string | null, cause?: unknown): Promise<void> {
    this.#set({ at: 'refused', since, words });
    this.#parts.lines.watch.fail(
      new UpstreamError('auth/refused', 'the server refused the password', { words, cause }),
    );
    await this.#sleep(null);
    if (!this.#closed) this.#set({ at: 'connecting' });
  }

  #sleep(ms: number | null): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = ms === null ? null : this.#parts.clock.after(ms, () => this.#wake?.());
      this.#wake = () => {
        cancel?.();
        this.#wake = null;
        resolve();
      };
    });
  }

  #set(connection: Connection): void {
    this.#connection = connection;
    this.#parts.told(connection);
  }
}
