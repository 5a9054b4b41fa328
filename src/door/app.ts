import { timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { logError } from '#base/log.ts';
import { oncePerKey } from '#base/once.ts';
import { loudness } from '#base/problem.ts';
import { openAudit } from './audit.ts';
import { authRoutes } from './auth.ts';
import { type DoorEnv, type Routes } from './context.ts';
import { eventSourceRoutes } from './event-source.ts';
import { Hub } from './hub.ts';
import { jmapRoutes } from './jmap.ts';
import { type Lane, openLane } from './lane.ts';
import { mailRoutes } from './mail.ts';
import { Heights } from './measure.ts';
import { Metrics } from './metrics.ts';
import { openOrders } from './orders.ts';
import { outRoutes } from './out.ts';
import type { DoorParts } from './parts.ts';
import { openPeers } from './peer.ts';
import { DoorError, notFound, problemResponse, unauthenticated } from './problems.ts';
import { Sessions } from './sessions.ts';
import { openStatic } from './static.ts';
import { asDoorError } from './words.ts';

/** Everything between a Request and its Response; sockets are none of its business. */
export interface DoorApp extends Disposable {
  fetch: Hono<DoorEnv>['fetch'];
  /** Answers a JMAP request right at the socket; false: `fetch` has to. */
  lane: Lane;
}

const healthMs = 3_000;

/** Names of routes for the metrics: never a path that somebody typed. */
const routeOf = (path: string): string =>
  /^\/(auth\/(?:sign-in|sign-out|unlock|lock|session|tokens|oauth|accounts|user|unlockers|prove|rotate-keys|audit|discover|key)|jmap\/(?:api|eventsource|upload|download)|mail|out|healthz|metrics|\.well-known\/jmap)(?:\/|$)/.exec(
    path,
  )?.[1] ?? 'static';

const ours = /^\/(auth|jmap|mail|out|healthz|metrics|\.well-known)(\/|$)/;

/** What may be done at a path; all but ours are pages and files of the app. RFC 9110 §10.2.1 */
const methodsOf = (app: Routes, path: string): string[] => {
  if (!ours.test(path)) return ['GET', 'HEAD'];
  const taken = ['GET', 'POST', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return taken.includes('GET') ? ['HEAD', ...taken] : taken;
};

const everywhere = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'SAMEORIGIN',
} as const;

const sameText = (a: string, b: string): boolean => {
  const [one, two] = [Buffer.from(a), Buffer.from(b)];
  return one.length === two.length && timingSafeEqual(one, two);
};

export const openDoorApp = (parts: DoorParts): DoorApp => {
  const { config, secrets, store, mailrooms, clock, links, log } = parts;
  const audit = openAudit(parts);
  const sessions = new Sessions(parts, audit);
  const unwatch = openOrders(parts, (user) => sessions.recheck(user));
  const hub = new Hub();
  const heights = new Heights(clock, hub);
  const metrics = new Metrics();
  const peers = openPeers(config);
  const files = openStatic(parts.dist, config);
  const unlisten = mailrooms.onChange((user, account, states) => hub.tell(user, { kind: 'states', account, states }));
  const unlistenAccounts = mailrooms.onAccounts((user) =>
    hub.tell(user, { kind: 'session', sent: { event: 'session', data: '{}' } }),
  );
  const mailHost = config.mailOrigin === null ? null : new URL(config.mailOrigin).host;

  const app: Routes = new Hono<DoorEnv>();

  app.use(async (c, next) => {
    const start = performance.now();
    const { req } = c;
    const remote = c.env?.incoming?.socket.remoteAddress ?? c.env?.remoteAddress ?? '127.0.0.1';
    const onMailOrigin = mailHost !== null && req.header('host') === mailHost;
    if (onMailOrigin && !/^\/mail\/(document|img|m)\//.test(req.path)) c.res = problemResponse(notFound());
    else {
      try {
        if (req.path !== '/healthz') c.set('peer', peers(req.raw, remote));
        await next();
      } catch (error) {
        c.res = problemResponse(asDoorError(error));
      }
    }
    for (const [name, value] of Object.entries(everywhere))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    metrics.request(routeOf(req.path), c.res.status, performance.now() - start);
  });

  const refusal = (error: unknown): Response => {
    const problem = asDoorError(error);
    if (loudness(problem) !== 'info') logError(log, 'request', problem.cause ?? problem, { answer: problem.code });
    return problemResponse(problem);
  };
  app.onError(refusal);

  // One question at a time: those who ask while the store is slow must not make it slower.
  const healthy = oncePerKey((asked: typeof store) => asked.healthy().catch(() => false));
  app.get('/healthz', async () => {
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, healthMs, false).unref());
    const ok = await Promise.race([healthy(store), late]);
    return new Response(JSON.stringify({ status: ok ? 'ok' : 'unavailable' }), {
      status: ok ? 200 : 503,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    });
  });

  app.get('/metrics', (c) => {
    const token = secrets.metricsToken?.reveal();
    const given = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    if (!(token === undefined ? c.get('peer').local : sameText(given, token))) throw unauthenticated();
    const present = sessions.presence.users;
    return new Response(metrics.text({ ...mailrooms.census(), streams: hub.streams, present }), {
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' },
    });
  });

  const { jmap, wellKnown, api } = jmapRoutes(sessions);
  app.route('/auth', authRoutes(parts, sessions, metrics, audit));
  app.route('/.well-known', wellKnown);
  app.route('/jmap/eventsource', eventSourceRoutes(sessions, hub, clock));
  app.route('/jmap', jmap);
  app.route('/mail', mailRoutes(parts, sessions, heights));
  app.route('/out', outRoutes(links));
  app.notFound((c) => {
    const found = ours.test(c.req.path) ? null : files(c.req.raw);
    if (found) return found;
    const { method, path } = c.req;
    const taken = methodsOf(app, path);
    if (taken.length === 0 || taken.includes(method)) return problemResponse(notFound());
    const refusal = problemResponse(
      new DoorError('method-not-allowed', 'This cannot be done here.', `${method} is not taken here.`),
    );
    refusal.headers.set('Allow', taken.join(', '));
    return refusal;
  });

  return {
    fetch: app.fetch,
    lane: openLane({ api, peers, mailHost, everywhere, problem: refusal, metrics }),
    [Symbol.dispose]: () => {
      unlisten();
      unlistenAccounts();
      unwatch();
      hub.close();
      sessions.close();
      metrics.close();
    },
  };
};
