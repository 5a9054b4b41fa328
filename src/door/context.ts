import type { IncomingMessage } from 'node:http';
import { Hono } from 'hono';
import type { Peer } from './peer.ts';

/** What Hono hands every handler: the socket's facts, and who is asking. */
export interface DoorEnv {
  Bindings: {
    incoming?: IncomingMessage;
    /** Address of the client where there is no socket, in tests. */
    remoteAddress?: string;
  };
  Variables: { peer: Peer; signal: AbortSignal };
}

export type Routes = Hono<DoorEnv>;
export const newRoutes = (): Routes => new Hono<DoorEnv>();
