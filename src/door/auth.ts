import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { DiscoveryStep, NewToken, TokenFacts } from '#jmap/auth.ts';
import type { ApiToken } from '#store/types.ts';
import type { SlotId } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import { signedIn } from './accounts.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { clearSession, readKnown, readUnlockKey, setKnown, setSession } from './cookies.ts';
import { type Entered, openEntrance } from './entrance.ts';
import { eventStream } from './event-stream.ts';
import { SignInLimits, WorkLimit } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { DoorParts } from './parts.ts';
import { checkOrigin, checkTransport, type Peer } from './peer.ts';
import { DoorError, locked, malformed, notFound } from './problems.ts';
import { doesNotOpen, type Sessions, tokenPrefix, type Visitor } from './sessions.ts';
import { readSignIn, readUnlock } from './sign-in-form.ts';
import { asDoorError } from './words.ts';

const TokenForm = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  expires: v.optional(v.nullable(v.pipe(v.string(), v.isoTimestamp())), null),
  readOnly: v.optional(v.boolean(), false),
});
const AddressForm = v.object({ address: v.pipe(v.string(), v.maxLength(320)) });

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const tokenFacts = (token: ApiToken): TokenFacts => ({
  id: token.id,
  name: token.name,
  readOnly: token.readOnly,
  createdAt: new Date(token.createdAt).toISOString(),
  lastUsedAt: iso(token.lastUsedAt),
  expiresAt: iso(token.expiresAt),
});

/** `/auth/*`: signing in and out, locking, tokens, looking for servers. */
export const authRoutes = (parts: DoorParts, sessions: Sessions, metrics: Metrics): Routes => {
  const { config, store, keeper, discover, clock, links } = parts;
  const entrance = openEntrance(parts);
  const limits = new SignInLimits(clock);
  const looking = new WorkLimit(clock);
  const routes = newRoutes();

  const welcome = async (entered: Entered, peer: Peer, headers: Headers): Promise<Response> => {
    sessions.enter({ kind: 'session', user: entered.user, session: entered.session });
    setSession(headers, peer, entered.secrets, entered.maxAge);
    const accounts = await store.accounts(entered.user);
    setKnown(headers, peer, links, (accounts[0]?.address ?? '').toLowerCase());
    return json(signedIn(entered.user, accounts), { headers });
  };

  /** Tries what needs a password, within the limits; a right password is not counted. */
  const guarded = async <T>(request: Request, peer: Peer, address: string, work: () => Promise<T>): Promise<T> => {
    const account = address.toLowerCase();
    const forgive = limits.attempt(peer.address, account, readKnown(request, peer, links, account));
    try {
      const result = await work();
      forgive();
      metrics.signIn('ok');
      return result;
    } catch (error) {
      const problem = asDoorError(error);
      // Only a wrong password is a guess; a server that is away is nobody's fault.
      if (problem.code !== 'door/wrong-password') forgive();
      metrics.signIn(problem.code.slice('door/'.length));
      throw problem;
    }
  };

  routes.get('/key', async () => json({ key: (await keeper.publicKey()).toString('base64url') }));

  routes.post('/sign-in', async (c) => {
    const peer = c.get('peer');
    checkOrigin(c.req.raw, peer, true);
    checkTransport(peer, config);
    const { form, secrets } = await readSignIn(c.req.raw, config.jsonSignIn);
    try {
      const entered = await guarded(c.req.raw, peer, form.address, () => entrance.signIn(form, secrets, peer));
      return await welcome(entered, peer, new Headers());
    } finally {
      secrets.wipe();
    }
  });

  routes.get('/session', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    return json(signedIn(visitor.user, await store.accounts(visitor.user)));
  });

  const cookieVisitor = async (request: Request, peer: Peer): Promise<Extract<Visitor, { kind: 'session' }>> => {
    checkOrigin(request, peer);
    const visitor = await sessions.identify(request, peer);
    if (visitor.kind !== 'session') throw malformed('This is for browser sessions.');
    return visitor;
  };

  routes.post('/unlock', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(c.req.raw, peer);
    const headers = new Headers();
    const secrets = await readUnlock(c.req.raw, config.jsonSignIn);
    if (secrets) {
      const address = await sessions.username(visitor.user);
      try {
        const entered = await guarded(c.req.raw, peer, address, () => entrance.again(visitor.session, secrets, peer));
        await sessions.remove(visitor.session.id);
        return await welcome(entered, peer, headers);
      } finally {
        secrets.wipe();
      }
    }
    const unlockKey = readUnlockKey(c.req.raw, peer);
    if (!unlockKey) throw locked(true);
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
    const { session, ...visitor } = await cookieVisitor(c.req.raw, peer);
    if (!sessions.presence.isHere(session.id)) throw locked(true);
    const headers = new Headers();
    setSession(headers, peer, await sessions.lock(session), maxAgeOf({ ...visitor, session }, clock.now()), false);
    return new Response(null, { status: 204, headers });
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
      await entrance.tidy(visitor.user);
    }
    return new Response(null, { status: 204, headers });
  });

  /** Whoever may change things; a token may make tokens when it may change things itself. */
  const mayChange = async (request: Request, peer: Peer): Promise<Visitor> => {
    if (!request.headers.has('authorization')) checkOrigin(request, peer);
    const visitor = await sessions.visitor(request, peer);
    if (visitor.kind === 'token' && visitor.token.readOnly)
      throw new DoorError('read-only', 'This token may only read.', 'Use one that may change things.');
    return visitor;
  };

  routes.post('/tokens', async (c) => {
    const { user } = await mayChange(c.req.raw, c.get('peer'));
    const { name, expires, readOnly } = await readJson(c.req.raw, TokenForm);
    const expiresAt = expires === null ? null : Date.parse(expires);
    if (expiresAt !== null && expiresAt <= clock.now()) throw malformed('expires: a time to come is expected.');
    const { slot, secret } = await keeper.makeToken(user, randomUUID() as SlotId);
    const token: ApiToken = {
      id: randomUUID(),
      user,
      name,
      tokenHash: hashToken(secret),
      slot,
      readOnly,
      createdAt: clock.now(),
      lastUsedAt: null,
      expiresAt,
    };
    await store.saveToken(token);
    const fresh: NewToken = { ...tokenFacts(token), token: `${tokenPrefix}${secret.toString('base64url')}` };
    secret.fill(0);
    return json(fresh, { status: 201 });
  });

  routes.get('/tokens', async (c) => {
    const { user } = await sessions.visitor(c.req.raw, c.get('peer'));
    return json({ tokens: (await store.tokens(user)).map((token) => tokenFacts(token)) });
  });

  routes.delete('/tokens/:id', async (c) => {
    const { user } = await mayChange(c.req.raw, c.get('peer'));
    const id = c.req.param('id');
    if (!(await store.tokens(user)).some((token) => token.id === id)) throw notFound();
    await sessions.removeToken(user, id);
    return new Response(null, { status: 204 });
  });

  routes.post('/discover', async (c) => {
    const peer = c.get('peer');
    checkOrigin(c.req.raw, peer, true);
    const { address } = await readJson(c.req.raw, AddressForm);
    looking.spend(peer.address);
    if (!(c.req.header('accept') ?? '').includes('application/json'))
      return eventStream(async function* (gone) {
        for await (const step of discover(address, gone)) yield { event: 'step', data: JSON.stringify(step) };
      });
    const steps: DiscoveryStep[] = [];
    for await (const step of discover(address, c.req.raw.signal)) steps.push(step);
    return json({ steps });
  });

  return routes;
};

const maxAgeOf = ({ session }: Extract<Visitor, { kind: 'session' }>, now: number): number | null =>
  session.remember ? Math.max(1, Math.floor((session.expiresAt - now) / 1_000)) : null;
