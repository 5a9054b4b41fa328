import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '#mailroom/limits.ts';
import { release } from '#mailroom/protocol.ts';
import type { Api, ApiAnswer } from './jmap.ts';
import type { Metrics } from './metrics.ts';
import type { Head, Peer } from './peer.ts';
import { malformed } from './problems.ts';

interface LaneParts {
  api: Api;
  peers: (head: Head, remote: string) => Peer;
  /** Host of mail documents: nothing is called there. */
  mailHost: string | null;
  /** Sent with every answer. */
  everywhere: Readonly<Record<string, string>>;
  problem: (error: unknown) => Response;
  metrics: Metrics;
}

const usualHost = /^[\w.-]+(?::\d{1,5})?$/;

/** Takes a request and answers it, or leaves it: false. */
export type Lane = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** A body of known and allowed length, a plain host name: what every browser sends. */
const isUsual = ({ headers }: IncomingMessage): boolean =>
  usualHost.test(headers.host ?? '') &&
  /^\d{1,12}$/.test(headers['content-length'] ?? '') &&
  Number(headers['content-length']) <= limits.maxSizeRequest &&
  headers['transfer-encoding'] === undefined &&
  headers.expect === undefined;

const headOf = ({ headers, url }: IncomingMessage): Head => ({
  url: `http://${headers.host}${url}`,
  headers: {
    get: (name) => {
      const value = headers[name];
      return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
    },
    has: (name) => headers[name] !== undefined,
  },
});

/** The body; it is whole when as much has come as was announced. */
const bodyOf = (incoming: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const announced = Number(incoming.headers['content-length']);
    const chunks: Buffer[] = [];
    let length = 0;
    let whole = false;
    const end = (): void => {
      whole = true;
      resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks));
    };
    // Every request is closed at last: no error with its stack is made for one that came whole.
    const broken = (cause?: Error): void => {
      if (!whole) reject(malformed('The body broke off.', { cause }));
    };
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length === announced) end();
    });
    if (announced === 0) end();
    // Who left while it was looked up who asks is not heard of again.
    else if (incoming.destroyed) broken();
    incoming.once('error', broken);
    incoming.once('close', broken);
  });

/**
 * The way of the one request that counts, `POST /jmap/api`, from the socket to the mailroom and back without a Request and
 * a Response between: the same checks, the same answer (`jmap.ts`), a third of the time. false: not such a request, or an
 * unusual one, which goes the general way.
 */
export const openLane = ({ api, peers, mailHost, everywhere, problem, metrics }: LaneParts): Lane => {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const start = performance.now();
    const head = headOf(incoming);
    let found: ApiAnswer;
    let common = everywhere;
    try {
      const peer = peers(head, incoming.socket.remoteAddress ?? '127.0.0.1');
      found = await api(head, peer, () => bodyOf(incoming));
    } catch (error) {
      const refusal = problem(error);
      common = Object.fromEntries(new Headers(everywhere));
      const headers = Object.fromEntries(refusal.headers);
      found = { status: refusal.status, headers, body: Buffer.from(await refusal.arrayBuffer()) };
    }
    const { status, headers, body } = found;
    metrics.request('jmap/api', status, performance.now() - start);
    outgoing.writeHead(status, { ...common, ...headers, 'Content-Length': body.length });
    // By then the system has it.
    outgoing.end(body, () => release(body));
    // What was refused before it was read: the client hears our answer, and then we hear its rest.
    incoming.resume();
  };
  return (incoming, outgoing) => {
    const isOurs = incoming.method === 'POST' && incoming.url === '/jmap/api' && isUsual(incoming);
    if (!isOurs || incoming.headers.host === mailHost) return false;
    void answer(incoming, outgoing);
    return true;
  };
};
