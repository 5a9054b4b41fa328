import { Worker } from 'node:worker_threads';
import type { Clock } from '#base/clock.ts';
import { StoreError, type StoreCode } from './errors.ts';
import type { Store } from './types.ts';

const methods = [
  'healthy',
  'user',
  'userByLogin',
  'userBySiteName',
  'users',
  'usersNamed',
  'setSiteName',
  'setLocked',
  'takeTotpStep',
  'createUser',
  'addSession',
  'deleteUser',
  'accounts',
  'account',
  'saveAccount',
  'keepAccount',
  'changeAccount',
  'deleteAccount',
  'detachLogin',
  'credentials',
  'credential',
  'saveCredentials',
  'sessionByTokenHash',
  'session',
  'sessions',
  'sessionByRetiredToken',
  'saveSession',
  'touchSession',
  'deleteSession',
  'deleteExpiredSessions',
  'slots',
  'slot',
  'saveSlots',
  'sealSlots',
  'renameSlot',
  'touchSlot',
  'deleteSlot',
  'turnKeys',
  'saveToken',
  'tokenByHash',
  'tokens',
  'touchToken',
  'deleteToken',
  'records',
  'allRecords',
  'record',
  'saveRecord',
  'deleteRecord',
  'submissions',
  'submission',
  'dueSubmissions',
  'saveSubmission',
  'moveSubmission',
  'deleteSubmission',
  'forgetSubmissions',
  'audit',
  'auditOf',
  'dropAudit',
] as const satisfies readonly (keyof Store)[];

type Methods = Pick<Store, (typeof methods)[number]>;

/** To the thread: one call of a method, with the caller's time; `close` ends it. */
export type ThreadQuestion =
  | { id: number; method: (typeof methods)[number]; args: unknown[]; now: number }
  | { id: number; method: 'close' };

/** `code` null: an error that is not the store's, a defect. */
export type ThreadAnswer =
  | { id: number; ok: unknown }
  | { id: number; error: { code: StoreCode | null; message: string } };

/** Bytes cross threads as plain Uint8Arrays. */
export const withBuffers = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(withBuffers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withBuffers(entry)]));
};

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Calls to the thread and their answers. Keeps the process alive only while it waits. */
class Calls {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #ended = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    worker.on('error', (cause) => this.#end(cause));
    worker.on('exit', () => this.#end());
  }

  #settle(answer: ThreadAnswer): void {
    // `node --watch` reports loaded files through the same channel.
    if (typeof answer.id !== 'number') return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('ok' in answer) waiting?.resolve(withBuffers(answer.ok));
    else {
      const { code, message } = answer.error;
      waiting?.reject(code === null ? new Error(message) : new StoreError(code, message));
    }
  }

  #end(cause?: unknown): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(ended(cause));
    this.#waiting.clear();
  }

  /** The answer numbered `id`; 0 is that the thread has opened the store. */
  expect(id: number): Promise<unknown> {
    if (this.#ended) return Promise.reject(ended());
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
  }

  call(question: { method: (typeof methods)[number]; args: unknown[]; now: number }): Promise<unknown> {
    this.#count += 1;
    const answer = this.expect(this.#count);
    if (!this.#ended) this.#worker.postMessage({ id: this.#count, ...question } satisfies ThreadQuestion);
    return answer;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.ref();
    this.#worker.postMessage({ id: -1, method: 'close' } satisfies ThreadQuestion);
    await gone;
  }
}

const ended = (cause?: unknown): StoreError =>
  new StoreError('store/unavailable', "the database's thread has ended", cause === undefined ? {} : { cause });

/**
 * A store that lives in a thread of its own: the calling thread never waits for a disk, and a transaction never waits
 * for the calling thread. @throws StoreError as `openStore`
 */
export const openThreadStore = async (url: string, clock: Clock): Promise<Store> => {
  const worker = new Worker(new URL('store-worker.ts', import.meta.url), { workerData: url, name: 'store' });
  const calls = new Calls(worker);
  await calls.expect(0);
  const entries = methods.map((method) => [
    method,
    (...args: unknown[]) => calls.call({ method, args, now: clock.now() }),
  ]);
  const made = Object.fromEntries(entries) as Methods;
  return {
    ...made,
    healthy: async () => {
      try {
        return await made.healthy();
      } catch {
        return false;
      }
    },
    [Symbol.asyncDispose]: () => calls.close(),
  };
};
