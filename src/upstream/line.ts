import type { ImapSession } from '#imap/session.ts';
import { UpstreamError } from './errors.ts';

/** Who goes first on a line: the smaller number. Within one number, first come first served. */
export const urgency = { user: 0, intent: 1, arrival: 2, visible: 3, folders: 4, background: 5 } as const;
export type Urgency = (typeof urgency)[keyof typeof urgency];

/** Several commands that belong together; it has the session for itself while it runs. */
export type Task<T> = (session: ImapSession) => Promise<T>;

export interface TaskOptions {
  urgency: Urgency;
  /** Begin again after the connection broke under it: only for what may be repeated. Default true. */
  again?: boolean;
  /** Not on any other connection: when this one ends before the job has begun, it is rejected. */
  only?: ImapSession;
}

interface Job {
  urgency: Urgency;
  order: number;
  /** Starts left. */
  starts: number;
  only: ImapSession | null;
  run(session: ImapSession): Promise<void>;
  reject(error: unknown): void;
}

const broken = (cause?: unknown): UpstreamError => new UpstreamError('net/away', 'the connection broke', { cause });

/**
 * The jobs of one connection, the most urgent first, one at a time. A line without session keeps its jobs until one is
 * attached or {@link fail} is called.
 */
export class Line {
  #session: ImapSession | null = null;
  readonly #jobs: Job[] = [];
  #order = 0;
  #busy = false;
  /** Why jobs are turned away; null while a session stands or is hoped for. */
  #away: UpstreamError | null = null;
  #pumping: Promise<void> = Promise.resolve();
  readonly #resting: () => void;

  /** `resting` is told whenever the last job is done. */
  constructor(resting: () => void = () => undefined) {
    this.#resting = resting;
  }

  get session(): ImapSession | null {
    return this.#session;
  }

  /** A job runs or waits. */
  get busy(): boolean {
    return this.#busy || this.#jobs.length > 0;
  }

  /** A job that is at least as urgent waits or runs. */
  waiting(least: Urgency): boolean {
    return this.#jobs.some((job) => job.urgency <= least);
  }

  run<T>(task: Task<T>, { urgency: level, again = true, only }: TaskOptions): Promise<T> {
    if (this.#away !== null) return Promise.reject(this.#away);
    if (only !== undefined && only !== this.#session) return Promise.reject(broken());
    return new Promise<T>((resolve, reject) => {
      this.#put({
        urgency: level,
        order: (this.#order += 1),
        starts: again ? 2 : 1,
        only: only ?? null,
        run: async (session) => resolve(await task(session)),
        reject,
      });
      this.#start();
    });
  }

  attach(session: ImapSession): void {
    this.#away = null;
    this.#session = session;
    session.onEnd(() => this.#detach(session));
    this.#start();
  }

  /** Rejects all that waits, and all that comes until {@link admit} or {@link attach}. */
  fail(error: UpstreamError): void {
    this.#away = error;
    for (const job of this.#jobs.splice(0)) job.reject(error);
  }

  /** The job that runs has ended; with a session, all that waited as well. */
  quiet(): Promise<void> {
    return this.#pumping;
  }

  /** A connection is being made: jobs may wait for it. */
  admit(): void {
    this.#away = null;
  }

  #detach(session: ImapSession): void {
    if (this.#session === session) this.#session = null;
    const bound = this.#jobs.filter((job) => job.only === session);
    for (const job of bound) {
      this.#jobs.splice(this.#jobs.indexOf(job), 1);
      job.reject(broken());
    }
  }

  #put(job: Job): void {
    const at = this.#jobs.findIndex(
      (other) => other.urgency > job.urgency || (other.urgency === job.urgency && other.order > job.order),
    );
    if (at === -1) this.#jobs.push(job);
    else this.#jobs.splice(at, 0, job);
  }

  #start(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#pumping = this.#pump();
  }

  async #pump(): Promise<void> {
    let worked = false;
    for (;;) {
      const session = this.#session;
      if (session === null || session.ended !== null) break;
      const job = this.#jobs.shift();
      if (job === undefined) break;
      worked = true;
      job.starts -= 1;
      try {
        await job.run(session);
      } catch (error) {
        if (session.ended === null) job.reject(error);
        else if (this.#away !== null) job.reject(this.#away);
        else if (job.starts > 0 && job.only === null) this.#put(job);
        else job.reject(broken(error));
      }
    }
    this.#busy = false;
    if (worked && this.#jobs.length === 0 && this.#session !== null) this.#resting();
  }
}
