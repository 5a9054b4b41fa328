import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type DoorApp, openDoorApp } from './app.ts';
import type { DoorParts } from './parts.ts';
import { linger } from './linger.ts';
import { problemResponse } from './problems.ts';
import { refuseUnread, unreadable } from './unread.ts';

/** The door on a socket. */
export interface Door extends AsyncDisposable {
  readonly port: number;
  /** `http://host:port` as it listens. */
  readonly url: string;
}

const lastAnswersMs = 3_000;
/** Longer than any proxy keeps a line: one that we close may carry a request by then, and no proxy sends a POST again. */
const idleLineMs = 150_000;

/** Listens at `config.host` and `config.port`. @throws the error of listen, `EADDRINUSE` for one */
export const openDoor = async (parts: DoorParts): Promise<Door> => {
  const { host, port } = parts.config;
  const app: DoorApp = openDoorApp(parts);
  const listener = getRequestListener(app.fetch, {
    hostname: host,
    overrideGlobalObjects: false,
    errorHandler: (error) => problemResponse(unreadable(error)),
  });
  // Who vanished without a word holds an event stream open on which nothing has to be sent: the system asks after them.
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: 60_000 };
  const server = createServer({ ...keepAlive, keepAliveTimeout: idleLineMs }, (request, response) => {
    linger(request);
    if (!app.lane(request, response)) void listener(request, response);
  });
  server.on('clientError', refuseUnread);
  // An expectation we do not know is none: RFC 9110 §10.1.1 lets a server go on.
  server.on('checkExpectation', (request, response) => void listener(request, response));
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  server.once('error', reject);
  server.listen(port, host, () => resolve(server.address() as AddressInfo));
  let address: AddressInfo;
  try {
    address = await promise;
  } catch (error) {
    app[Symbol.dispose]();
    throw error;
  }
  return {
    port: address.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      app[Symbol.dispose]();
      const closed = new Promise((done) => server.close(done));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), lastAnswersMs);
      await closed;
      clearTimeout(late);
    },
  };
};
