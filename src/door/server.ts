import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { type DoorApp, openDoorApp } from './app.ts';
import type { DoorParts } from './parts.ts';

/** The door on a socket. */
export interface Door extends AsyncDisposable {
  readonly port: number;
  /** `http://host:port` as it listens. */
  readonly url: string;
}

const lastAnswersMs = 3_000;

/** Listens at `config.host` and `config.port`. @throws the error of listen, `EADDRINUSE` for one */
export const openDoor = async (parts: DoorParts): Promise<Door> => {
  const { host, port } = parts.config;
  const app: DoorApp = openDoorApp(parts);
  const { promise, resolve, reject } = Promise.withResolvers<AddressInfo>();
  const server = serve({ fetch: app.fetch, hostname: host, port, overrideGlobalObjects: false }, resolve) as Server;
  server.once('error', reject);
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
