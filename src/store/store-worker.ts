import { parentPort, workerData } from 'node:worker_threads';
import { must } from '#base/must.ts';
import { StoreError } from './errors.ts';
import { openStore } from './open.ts';
import { withBuffers, type ThreadAnswer, type ThreadQuestion } from './thread-store.ts';

/** The thread of {@link openThreadStore}: a direct store that answers calls in the order they come. */
const port = must(parentPort, 'a worker has a parent');
const send = (answer: ThreadAnswer): void => port.postMessage(answer);

const failure = (error: unknown) => ({
  code: error instanceof StoreError ? error.code : null,
  message: error instanceof Error ? error.message : 'a defect in the store',
});

let now = 0;
const clock = { now: () => now, after: () => () => undefined };

try {
  const store = await openStore(workerData as string, { mode: 'direct', clock });
  port.on('message', async (question: ThreadQuestion) => {
    if (question.method === 'close') {
      await store[Symbol.asyncDispose]();
      port.close();
      return;
    }
    const { id, method, args } = question;
    now = question.now;
    try {
      const call = store[method] as (...args: unknown[]) => Promise<unknown>;
      send({ id, ok: await call.apply(store, withBuffers(args) as unknown[]) });
    } catch (error) {
      send({ id, error: failure(error) });
    }
  });
  send({ id: 0, ok: null });
} catch (error) {
  send({ id: 0, error: failure(error) });
  port.close();
}
