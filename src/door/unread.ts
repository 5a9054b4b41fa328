import { maxHeaderSize } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { type DoorError, malformed, tooLarge } from './problems.ts';
import { asDoorError } from './words.ts';

/** Bytes that did not become a request, by Node's code. */
const complaint = (code = ''): DoorError => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return tooLarge(maxHeaderSize);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return malformed('The request did not arrive in time.');
    default:
      return malformed('This is no HTTP request.');
  }
};

/** Answers what the parser of HTTP could not read, and hangs up: where the next request begins is anybody's guess. */
export const refuseUnread = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  const { document } = complaint(error.code);
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(document);
  const head = [
    `HTTP/1.1 ${document.status} ${document.status === 413 ? 'Content Too Large' : 'Bad Request'}`,
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};

/** A request whose URL or Host header is none; or whatever else stopped it before it got to a route. */
export const unreadable = (error: unknown): DoorError =>
  error instanceof RequestError ? malformed('The address of this request cannot be read.') : asDoorError(error);
