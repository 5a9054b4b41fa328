import { parentPort, workerData } from 'node:worker_threads';
import { must } from '#base/must.ts';
import { openSqlite } from './sqlite-handle.ts';
import type { ThreadAnswer, ThreadQuestion } from './sqlite-thread.ts';

/** Owns one SQLite connection for a thread that must not block. Questions are answered in order. */
const port = must(parentPort, 'a worker has a parent');
const send = (answer: ThreadAnswer): void => port.postMessage(answer);

const failure = (error: unknown): { code: string; message: string } => {
  const { code, message } = error as NodeJS.ErrnoException;
  return { code: code ?? 'unknown', message };
};

try {
  const handle = openSqlite(workerData as string);
  port.on('message', async ({ id, sql, parameters }: ThreadQuestion) => {
    if (sql === null) {
      await handle.close();
      send({ id, ok: { rows: [], changes: null } });
      port.close();
      return;
    }
    try {
      send({ id, ok: await handle.run(sql, parameters) });
    } catch (error) {
      send({ id, error: failure(error) });
    }
  });
  send({ id: 0, ok: { rows: [], changes: null } });
} catch (error) {
  send({ id: 0, error: failure(error) });
  port.close();
}
