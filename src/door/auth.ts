import { signedIn } from './accounts.ts';
import { json } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { clearSession, readKnown, readUnlockKey, setKnown, setSession } from './cookies.ts';
import { type Entered, Entrance } from './entrance.ts';
import { SignInLimits, WorkLimit } from './limits.ts';
import { lookingRoutes } from './looking.ts';
import type { Metrics } from './metrics.ts';
import type { DoorParts } from './parts.ts';
import { checkOrigin, checkTransport, type Peer } from './peer.ts';
import { DoorError, locked, malformed } from './problems.ts';
import { doesNotOpen, type Sessions, type Visitor } from './sessions.ts';
import type { Secrets } from './secret-form.ts';
import { readSignIn, readUnlock } from './sign-in-form.ts';
import { tokenRoutes } from './tokens.ts';
import { asDoorError } from './words.ts';

type SessionVisitor = Extract<Visitor, { kind: 'session' }>;

/** Signing in by password within limits, and the cookies that follow. */
class Desk {
  readonly entrance: Entrance;
  readonly #parts: DoorParts;
  readonly #sessions: Sessions;
  readonly #metrics: Metrics;
  readonly #guesses: SignInLimits;
  /** Whatever the outcome, each attempt makes us connect somewhere. */
  readonly #work: WorkLimit;

  constructor(parts: DoorParts, sessions: Sessions, metrics: Metrics) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#metrics = metrics;
    this.entrance = new Entrance(parts);
    this.#guesses = new SignInLimits(parts.clock);
    this.#work = new WorkLimit(parts.clock, 60, 2_000);
  }

  /** Tries a password and welcomes whoever it lets in; a right password is not counted, and the secrets are wiped. */
  async try(
    { request, peer, address, secrets }: { request: Request; peer: Peer; address: string; secrets: Secrets },
    enter: () => Promise<Entered>,
  ): Promise<Response> {
    const account = address.toLowerCase();
    try {
      this.#work.spend(peer.address);
      const known = readKnown(request, peer, this.#parts.links, account);
      const forgive = this.#guesses.attempt(peer.address, account, known);
      let entered: Entered;
      try {
        entered = await enter();
        forgive();
      } catch (error) {
        // Only a wrong password is a guess; a server that is away is nobody's fault.
        if (asDoorError(error).code !== 'door/wrong-password') forgive();
        throw error;
      }
      this.#metrics.signIn('ok');
      return await this.#welcome(entered, peer);
    } catch (error) {
      this.#metrics.signIn(asDoorError(error).code.slice('door/'.length));
      throw error;
    } finally {
      secrets.wipe();
    }
  }

  async #welcome({ user, session, secrets, maxAge }: Entered, peer: Peer): Promise<Response> {
    const headers = new Headers();
    this.#sessions.enter({ kind: 'session', user, session });
    setSession(headers, peer, secrets, maxAge);
    const accounts = await this.#parts.store.accounts(user);
    setKnown(headers, peer, this.#parts.links, (accounts[0]?.address ?? '').toLowerCase());
    return json(signedIn(user, accounts), { headers });
  }
}

/** Opening a session again, by the unlock key of its cookie or by a password; and locking it. */
const lockRoutes = (routes: Routes, parts: DoorParts, sessions: Sessions, desk: Desk): void => {
  const { config, store, clock } = parts;

  const cookieVisitor = async (request: Request, peer: Peer): Promise<SessionVisitor> => {
    checkOrigin(request, peer);
    const visitor = await sessions.identify(request, peer);
    if (visitor.kind !== 'session') throw malformed('This is for browser sessions.');
    return visitor;
  };

  routes.post('/unlock', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(c.req.raw, peer);
    const secrets = await readUnlock(c.req.raw, config.jsonSignIn);
    if (secrets) {
      const address = await sessions.username(visitor.user);
      return desk.try({ request: c.req.raw, peer, address, secrets }, async () => {
        const entered = await desk.entrance.again(visitor.session, secrets, peer);
        await sessions.remove(visitor.session.id);
        return entered;
      });
    }
    const unlockKey = readUnlockKey(c.req.raw, peer);
    if (!unlockKey) throw locked(true);
    const headers = new Headers();
    try {
      const turned = await sessions.unlock(visitor, unlockKey);
      if (turned) setSession(headers, peer, turned, maxAgeOf(visitor, clock.now()));
    } catch (error) {
      if (doesNotOpen(error)) throw locked(true);
      throw error;
    }
    return json(signedIn(visitor.user, await store.accounts(visitor.user)), { headers });
  });

  routes.post('/lock', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(c.req.raw, peer);
    if (!sessions.presence.isHere(visitor.session.id)) throw locked(true);
    const headers = new Headers();
    setSession(headers, peer, await sessions.lock(visitor.session), maxAgeOf(visitor, clock.now()), false);
    return new Response(null, { status: 204, headers });
  });
};

const maxAgeOf = ({ session }: SessionVisitor, now: number): number | null =>
  session.remember ? Math.max(1, Math.floor((session.expiresAt - now) / 1_000)) : null;

/** `/auth/*`: signing in and out, locking, tokens, looking for servers. */
export const authRoutes = (parts: DoorParts, sessions: Sessions, metrics: Metrics): Routes => {
  const { config, store, keeper } = parts;
  const desk = new Desk(parts, sessions, metrics);
  const routes = newRoutes();
  parts.mailrooms.onEnded((user) => void desk.entrance.tidy(user));

  routes.get('/key', async () => json({ key: (await keeper.publicKey()).toString('base64url') }));

  routes.post('/sign-in', async (c) => {
    const peer = c.get('peer');
    checkOrigin(c.req.raw, peer, true);
    checkTransport(peer, config);
    const { form, secrets } = await readSignIn(c.req.raw, config.jsonSignIn);
    const attempt = { request: c.req.raw, peer, address: form.address, secrets };
    return desk.try(attempt, () => desk.entrance.signIn(form, secrets, peer));
  });

  routes.get('/session', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    return json(signedIn(visitor.user, await store.accounts(visitor.user)));
  });

  routes.post('/sign-out', async (c) => {
    const peer = c.get('peer');
    const headers = new Headers({ 'Clear-Site-Data': '"cache", "storage"', 'Cache-Control': 'no-store' });
    checkOrigin(c.req.raw, peer);
    clearSession(headers, peer);
    const visitor = await sessions.identify(c.req.raw, peer).catch((error: unknown) => {
      if (error instanceof DoorError && error.code === 'door/unauthenticated') return null;
      throw error;
    });
    if (visitor?.kind === 'session') {
      await sessions.remove(visitor.session.id);
      await desk.entrance.tidy(visitor.user);
    }
    return new Response(null, { status: 204, headers });
  });

  lockRoutes(routes, parts, sessions, desk);
  routes.route('/tokens', tokenRoutes(parts, sessions));
  routes.route('/discover', lookingRoutes(parts));
  return routes;
};
