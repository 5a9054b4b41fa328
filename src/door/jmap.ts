import type { RequestErrorType } from '#jmap/errors.ts';
import { limits } from '#mailroom/limits.ts';
import { asBuffer, release } from '#mailroom/protocol.ts';
import { pulling } from '#mailroom/pulling.ts';
import { readBytes } from './body.ts';
import { type DoorEnv, newRoutes, type Routes } from './context.ts';
import { Concurrency } from './limits.ts';
import type { Head, Peer } from './peer.ts';
import { DoorError, notFound } from './problems.ts';
import { Recall } from './recall.ts';
import type { Sessions, Visitor } from './sessions.ts';
import { changer } from './visitors.ts';

/** An answer before it is put on a socket or into a Response. */
export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer<ArrayBuffer>;
}

/** One JMAP request; `read` gives its bytes, at most `limit` of them. @throws DoorError, RoomError */
export type Api = (head: Head, peer: Peer, read: (limit: number) => Promise<Buffer>) => Promise<ApiAnswer>;

/** The request as a whole is refused – RFC 8620 §3.6.1 */
const requestProblem = (
  type: RequestErrorType,
  status: number,
  detail: string,
  more: { limit?: keyof typeof limits } = {},
): ApiAnswer => ({
  status,
  headers: { 'Content-Type': 'application/problem+json', ...(status === 429 ? { 'Retry-After': '1' } : {}) },
  body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:jmap:error:${type}`, status, detail, ...more })),
});

/** A limit of the session object was passed. */
const limitProblem = (status: 413 | 429, limit: keyof typeof limits, detail: string): ApiAnswer =>
  requestProblem('limit', status, detail, { limit });

/** A body that was too large, in JMAP's words. @throws the error, when it is another */
const tooLarge = (error: unknown, limit: 'maxSizeRequest' | 'maxSizeUpload'): ApiAnswer => {
  if (error instanceof DoorError && error.code === 'door/too-large')
    return limitProblem(413, limit, `At most ${limits[limit]} bytes.`);
  throw error;
};

/** With or without parameters, which say nothing: JSON is UTF-8. */
const isJson = (type: string | null): boolean =>
  type === 'application/json' || type?.split(';')[0]?.trim().toLowerCase() === 'application/json';

const apiAnswer = (status: number, type: string, body: Buffer<ArrayBuffer>): ApiAnswer => ({
  status,
  headers: { 'Content-Type': type, 'Cache-Control': 'private, no-store' },
  body,
});

const asResponse = ({ status, headers, body }: ApiAnswer): Response => new Response(body, { status, headers });

/** Printable ASCII for old clients, and the whole name as RFC 8187 says it. */
const contentDisposition = (name: string): string => {
  const clean = name.replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, '_').slice(0, 200) || 'file';
  const plain = clean.replaceAll(/[^\x20-\x7e]|["%]/g, '_');
  const coded = encodeURIComponent(clean.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${coded}`;
};

/** type/subtype – RFC 6838 §4.2; parameters are not taken over. */
const mediaType = (text: string): string | null =>
  /^[\w.+-]+\/[\w.+-]+$/.exec(text.split(';')[0]?.trim() ?? '')?.[0] ?? null;

/** Whatever a blob is, it does nothing in our origin. */
export const blobHeaders = (type: string): Record<string, string> => ({
  'Content-Type': type,
  'Content-Security-Policy': "sandbox; default-src 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'private, no-store',
});

/** A blob never changes. Programs with a token keep their own mail; a browser would go on giving it after a lock. */
const tokenCaching = { 'Cache-Control': 'private, max-age=31536000, immutable' };

/** The head goes out before the second piece is asked for, so that bytes which break off are seen to. HTTP/1.0 has no pieces. */
const inPieces = (env: DoorEnv['Bindings'] | undefined): Record<string, string> =>
  env?.incoming?.httpVersion === '1.1' ? { 'Transfer-Encoding': 'chunked' } : {};

/** `/jmap/*` and the session resource: bytes go to the user's mailroom and come back, nothing is parsed here. */
export const jmapRoutes = (sessions: Sessions): { jmap: Routes; wellKnown: Routes; api: Api } => {
  const jmap = newRoutes();
  const wellKnown = newRoutes();
  const requests = new Concurrency(limits.maxConcurrentRequests);
  const uploads = new Concurrency(limits.maxConcurrentUpload);
  const { recall } = sessions;

  wellKnown.get('/jmap', async (c) => {
    const peer = c.get('peer');
    const visitor = await sessions.visitor(c.req.raw, peer);
    const username = await sessions.username(visitor.user);
    const { body } = await sessions.ask(visitor, 'session', { origin: peer.origin, username });
    return new Response(asBuffer(body), {
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'private, no-store' },
    });
  });

  const asked = async (visitor: Visitor, bytes: Buffer, key: string | null): Promise<ApiAnswer> => {
    const tide = sessions.tide(visitor);
    const answer = await sessions.ask(visitor, 'api', { body: bytes });
    const id = sessions.idOf(visitor);
    // Who has left meanwhile leaves nothing here.
    if (tide === sessions.tide(visitor) && sessions.presence.knows(id)) recall.keep(id, key, tide, answer);
    return apiAnswer(answer.status, answer.type, asBuffer(answer.body));
  };

  /** What was given from memory is asked for behind it; what goes wrong there, the next one hears who has to be answered. */
  const anew = async (visitor: Visitor, bytes: Buffer, key: string | null): Promise<void> => {
    try {
      release((await asked(visitor, bytes, key)).body);
    } catch {
      recall.forget(sessions.idOf(visitor));
    }
  };

  const api: Api = async (head, peer, read) => {
    const found = changer(sessions, head, peer);
    const visitor = found instanceof Promise ? await found : found;
    if (!isJson(head.headers.get('content-type')))
      return requestProblem('notJSON', 400, 'The Content-Type of a JMAP request is application/json.');
    const end = requests.begin(visitor.user);
    if (!end) return limitProblem(429, 'maxConcurrentRequests', `${limits.maxConcurrentRequests} requests at once.`);
    try {
      const bytes = await read(limits.maxSizeRequest);
      const key = Recall.keyOf(bytes);
      const known = recall.find(sessions.idOf(visitor), key, sessions.tide(visitor));
      if (known?.due) void anew(visitor, bytes, key);
      return known ? apiAnswer(200, 'application/json', known.body) : await asked(visitor, bytes, key);
    } catch (error) {
      return tooLarge(error, 'maxSizeRequest');
    } finally {
      end();
    }
  };

  jmap.post('/api', async (c) =>
    asResponse(await api(c.req.raw, c.get('peer'), (limit) => readBytes(c.req.raw, limit))),
  );

  jmap.post('/upload/:account', async (c) => {
    const visitor = await changer(sessions, c.req.raw, c.get('peer'));
    const end = uploads.begin(visitor.user);
    if (!end)
      return asResponse(limitProblem(429, 'maxConcurrentUpload', `${limits.maxConcurrentUpload} uploads at once.`));
    try {
      const bytes = await readBytes(c.req.raw, limits.maxSizeUpload);
      const type = mediaType(c.req.header('content-type') ?? '') ?? 'application/octet-stream';
      const { status, body } = await sessions.ask(visitor, 'upload', { account: c.req.param('account'), type, bytes });
      const kind = status < 400 ? 'application/json' : 'application/problem+json';
      return new Response(asBuffer(body), { status, headers: { 'Content-Type': kind, 'Cache-Control': 'no-store' } });
    } catch (error) {
      return asResponse(tooLarge(error, 'maxSizeUpload'));
    } finally {
      end();
    }
  });

  jmap.get('/download/:account/:blob/:name{[^/]*}', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    const { account, blob, name } = c.req.param();
    const found = await sessions.ask(visitor, 'download', { account, blob });
    if (!found) throw notFound();
    const type =
      mediaType(c.req.query('accept') ?? c.req.query('type') ?? '') ??
      mediaType(found.type) ??
      'application/octet-stream';
    const length = found.size === null ? inPieces(c.env) : { 'Content-Length': String(found.size) };
    return new Response(await pulling(found.port), {
      headers: {
        ...blobHeaders(type),
        ...(visitor.kind === 'token' ? tokenCaching : {}),
        'Content-Disposition': contentDisposition(name),
        ...length,
      },
    });
  });

  return { jmap, wellKnown, api };
};
