import type { MessagePort } from 'node:worker_threads';
import { fromWire, RoomError } from './errors.ts';
import type { Pull, Pulled } from './protocol.ts';

/** The bytes of a download as the reader pulls them. */
export const pulling = (port: MessagePort): ReadableStream<Uint8Array> => {
  const ask = (pull: Pull): void => port.postMessage(pull);
  let settle: (() => void) | null = null;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        port.on('message', (pulled: Pulled) => {
          if ('chunk' in pulled) controller.enqueue(pulled.chunk);
          else {
            port.close();
            if ('end' in pulled) controller.close();
            else controller.error(fromWire(pulled.failed));
          }
          settle?.();
        });
        port.on('close', () => {
          settle?.();
          try {
            controller.error(new RoomError('room/gone', 'the mailroom ended'));
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
        ask('stop');
        port.close();
      },
    },
    { highWaterMark: 2 },
  );
};
