import type { MessagePort } from 'node:worker_threads';
import { fromWire, RoomError } from './errors.ts';
import type { Pull, Pulled } from './protocol.ts';

/**
 * The bytes of a download as the reader pulls them, once the first have come.
 * @throws RoomError when not even those can be had
 */
export const pulling = async (port: MessagePort): Promise<ReadableStream<Uint8Array>> => {
  const ask = (pull: Pull): void => port.postMessage(pull);
  const begun = Promise.withResolvers<void>();
  let settle: (() => void) | null = null;
  /** The reader left: what was on its way then still comes, and the stream takes nothing more. */
  let left = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        port.on('message', (pulled: Pulled) => {
          if (left) return;
          if ('chunk' in pulled) controller.enqueue(pulled.chunk);
          else {
            port.close();
            if ('end' in pulled) controller.close();
            else {
              const error = fromWire(pulled.failed);
              begun.reject(error);
              controller.error(error);
            }
          }
          begun.resolve();
          settle?.();
        });
        port.on('close', () => {
          settle?.();
          const error = new RoomError('room/gone', 'the mailroom ended');
          begun.reject(error);
          try {
            controller.error(error);
          } catch {
            // Already closed: the usual end.
          }
        });
      },
      pull: () =>
        new Promise<void>((resolve) => {
          settle = resolve;
          ask('more');
        }),
      cancel: () => {
        left = true;
        ask('stop');
        port.close();
      },
    },
    { highWaterMark: 2 },
  );
  await begun.promise;
  return stream;
};
