import { Worker } from 'node:worker_threads';
import { StoreError } from './errors.ts';
import type { Outcome, SqliteHandle } from './sqlite-handle.ts';

/** `sql` null: close. */
export interface ThreadQuestion {
  id: number;
  sql: string | null;
  parameters: readonly unknown[];
}

export type ThreadAnswer = { id: number; ok: Outcome } | { id: number; error: { code: string; message: string } };

interface Waiting {
  resolve: (outcome: Outcome) => void;
  reject: (error: Error) => void;
}

/** A driver's error as it came from the other thread. */
class ThreadedError extends Error {
  override readonly name = 'ThreadedError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Blobs cross threads as plain Uint8Arrays. */
const withBuffers = (row: unknown): unknown =>
  Object.fromEntries(
    Object.entries(row as Record<string, unknown>).map(([key, value]) => [
      key,
      value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
    ]),
  );

/** Opens the file in a thread of its own, so that the calling one never waits for a disk. */
export const openSqliteThread = async (path: string): Promise<SqliteHandle> => {
  const worker = new Worker(new URL('sqlite-worker.ts', import.meta.url), { workerData: path, name: 'store' });
  const waiting = new Map<number, Waiting>();
  let count = 0;
  let ended = false;

  worker.on('message', (answer: ThreadAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ('error' in answer) asked?.reject(new ThreadedError(answer.error.code, answer.error.message));
    else asked?.resolve({ rows: answer.ok.rows.map(withBuffers), changes: answer.ok.changes });
  });
  const end = (cause?: unknown): void => {
    ended = true;
    const options = cause === undefined ? {} : { cause };
    for (const { reject } of waiting.values())
      reject(new StoreError('store/unavailable', "the database's thread has ended", options));
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', () => end());

  const expect = (id: number): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.ref();
    });
  const ask = (sql: string | null, parameters: readonly unknown[]): Promise<Outcome> => {
    if (ended) return Promise.reject(new StoreError('store/unavailable', "the database's thread has ended"));
    count += 1;
    const answer = expect(count);
    const question: ThreadQuestion = { id: count, sql, parameters };
    worker.postMessage(question);
    return answer;
  };

  await expect(0);
  return {
    run: ask,
    close: async () => {
      if (ended) return;
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      await ask(null, []);
      worker.ref();
      await gone;
    },
  };
};
