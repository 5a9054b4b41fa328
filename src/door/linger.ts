import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

/** As long as nginx listens on. */
const lingerMs = 30_000;
const lingerBytes = 256_000_000;

/**
 * Who still sends a body when the answer is out is listened to for a while before the line is closed: what arrives at a
 * closed line destroys the answer on its way (RFC 9112 §9.6), and a proxy in between makes 502 of it.
 */
export const linger = (request: IncomingMessage): void => {
  const { socket } = request;
  const close = (): void => Socket.prototype.destroySoon.call(socket);
  socket.destroySoon = () => {
    if (request.complete) {
      close();
      return;
    }
    socket.destroySoon = () => undefined;
    socket.end();
    let left = lingerBytes;
    const late = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(late));
    // Whoever read it before would hold it up.
    request.removeAllListeners('data').on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
    request.once('end', close);
    request.resume();
  };
};
