import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { ImapSession } from '#imap/session.ts';
import { UpstreamError } from './errors.ts';
import { Line, urgency } from './line.ts';
import type { Task, TaskOptions } from './line.ts';

/** A connection of its own for long work, closed after this long without any. */
const idleClose = 60_000;

/** Most connections of one account. */
const mostConnections = 3;

/** After this long without a refusal one more connection is tried. */
const recoverEvery = 3_600_000;

type Extra = 'bulk' | 'read';

/** The server, or the keeper for it, says that this account has too many connections. */
export const tooMany = (error: unknown): boolean => error instanceof Problem && error.code === 'limit/connections';

/** The password was changed under a connection that still stands: that one goes on. */
const isRefusal = (error: unknown): boolean => error instanceof Problem && error.code === 'auth/refused';

/**
 * The connections of one account (rule S2). `watch` is attached by the watch; the others are opened by the first job and
 * closed after a minute of rest. When the server allows fewer, their jobs run on the watch line, behind the user's.
 */
export class Lines {
  readonly watch: Line;
  readonly #extra: Record<Extra, { line: Line; opening: Promise<void> | null; cancel: (() => void) | null }>;
  readonly #connect: () => Promise<ImapSession>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #told: (most: number | null) => void;
  #most: number;
  /** What the quirk table allows. */
  #ceiling = mostConnections;
  #recover: (() => void) | null = null;
  #closed = false;

  constructor(parts: {
    connect: () => Promise<ImapSession>;
    clock: Clock;
    log: Log;
    resting: () => void;
    /** As many as the server was known to take; null: as many as there are. */
    most?: number | null;
    /** That number has changed. */
    told?: (most: number | null) => void;
  }) {
    this.#told = parts.told ?? (() => undefined);
    this.#most = Math.max(1, Math.min(mostConnections, parts.most ?? mostConnections));
    this.#connect = parts.connect;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.watch = new Line(parts.resting);
    this.#extra = {
      bulk: { line: new Line(() => this.#rest('bulk')), opening: null, cancel: null },
      read: { line: new Line(() => this.#rest('read')), opening: null, cancel: null },
    };
    this.#recoverLater();
  }

  /** Connections this account may have. */
  get most(): number {
    return this.#most;
  }

  /** The server refused one more: never above what stands now. */
  lower(): void {
    const standing = [this.watch, this.#extra.bulk.line, this.#extra.read.line].filter(
      (line) => line.session !== null,
    ).length;
    this.#most = Math.max(1, Math.min(this.#most - 1, standing));
    this.#log('info', 'upstream.fewer-connections', { most: this.#most });
    this.#told(this.#most);
    this.#recoverLater();
  }

  /** The quirk table knows how many connections this server takes. */
  atMost(connections: number): void {
    this.#ceiling = Math.max(1, Math.min(mostConnections, connections));
    this.#most = Math.min(this.#most, this.#ceiling);
  }

  /** One more at a time: other programs of the user may have ended meanwhile. */
  #recoverLater(): void {
    this.#recover?.();
    this.#recover = null;
    if (this.#most >= mostConnections || this.#closed) return;
    this.#recover = this.#clock.after(recoverEvery, () => {
      const before = this.#most;
      this.#most = Math.min(before + 1, this.#ceiling);
      if (this.#most > before) this.#told(this.#most >= this.#ceiling ? null : this.#most);
      if (this.#most < this.#ceiling) this.#recoverLater();
    });
  }

  /** Work nobody waits for: on a line of its own, or behind all else on the watch line when there is `little` of it. */
  background<T>(task: Task<T>, little: boolean): Promise<T> {
    const options: TaskOptions = { urgency: urgency.background };
    const own = this.#most >= 2 && (!little || this.#extra.bulk.line.session !== null);
    return own ? this.#onExtra('bulk', task, options) : this.watch.run(task, options);
  }

  /** A long body: not in the way of the watch line while a third connection may be had. */
  read<T>(task: Task<T>, options: TaskOptions): Promise<T> {
    return this.#most >= 3 ? this.#onExtra('read', task, options) : this.watch.run(task, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new UpstreamError('engine/closed', 'the account was closed');
    const lines = [this.watch, this.#extra.bulk.line, this.#extra.read.line];
    this.#recover?.();
    for (const { cancel } of Object.values(this.#extra)) cancel?.();
    for (const line of lines) line.fail(error);
    await Promise.all(lines.map(async (line) => line.session?.close()));
    await Promise.all(lines.map((line) => line.quiet()));
    for (const { opening } of Object.values(this.#extra)) await opening;
  }

  async #onExtra<T>(kind: Extra, task: Task<T>, options: TaskOptions): Promise<T> {
    const extra = this.#extra[kind];
    extra.cancel?.();
    extra.cancel = null;
    const result = extra.line.run(task, options);
    if (extra.line.session === null) this.#open(kind);
    try {
      return await result;
    } catch (error) {
      const cause = error instanceof UpstreamError ? error.cause : error;
      if (tooMany(cause) || isRefusal(cause)) return this.watch.run(task, options);
      throw error;
    }
  }

  #open(kind: Extra): void {
    const extra = this.#extra[kind];
    extra.opening ??= this.#connected(kind).finally(() => (extra.opening = null));
  }

  async #connected(kind: Extra): Promise<void> {
    const extra = this.#extra[kind];
    try {
      const session = await this.#connect();
      if (this.#closed) {
        await session.close();
        return;
      }
      session.onEnd(() => {
        if (extra.line.busy && !this.#closed) this.#open(kind);
      });
      extra.line.attach(session);
    } catch (error) {
      if (tooMany(error)) this.lower();
      else logError(this.#log, 'upstream.no-second-connection', error, { kind });
      extra.line.fail(new UpstreamError('net/away', 'no second connection', { cause: error }));
      extra.line.admit();
    }
  }

  #rest(kind: Extra): void {
    const extra = this.#extra[kind];
    extra.cancel?.();
    extra.cancel = this.#clock.after(idleClose, () => {
      if (!extra.line.busy) void extra.line.session?.close();
    });
  }
}
