import * as v from 'valibot';
import type { OAuthFinished } from '#jmap/auth/oauth.ts';
import type { SignedIn } from '#jmap/auth/sign-in.ts';
import { AccountDesk, type Asking } from './account-desk.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import type { Desk } from './desk.ts';
import { WorkLimit } from './limits.ts';
import { enterByOAuth } from './oauth-entrance.ts';
import { type Waiting, WaitingRoom } from './oauth-waiting.ts';
import { declined, expired, notAdmitted, notSent } from './oauth-words.ts';
import type { DoorParts } from './parts.ts';
import { checkOrigin, checkTransport, type Peer } from './peer.ts';
import { DoorError, notFound } from './problems.ts';
import { openServers, type Servers } from './servers.ts';
import type { Sessions } from './sessions.ts';
import { Server } from './sign-in-form.ts';
import { sessionOnly } from './visitors.ts';

const Begin = v.object({
  issuer: v.optional(v.pipe(v.string(), v.maxLength(32))),
  address: v.pipe(v.string(), v.trim(), v.maxLength(320)),
  purpose: v.picklist(['sign-in', 'add', 'renew']),
  account: v.optional(v.string()),
  remember: v.optional(v.boolean(), false),
  imap: v.optional(Server),
  smtp: v.optional(Server),
});
type Begin = v.InferOutput<typeof Begin>;

const Returned = v.pipe(v.string(), v.maxLength(8_192));
const Finish = v.object({
  state: v.pipe(v.string(), v.maxLength(64)),
  code: v.optional(Returned),
  iss: v.optional(Returned),
  error: v.optional(v.pipe(v.string(), v.maxLength(200), v.regex(/^[\x20-\x7e]*$/))),
  startAfresh: v.optional(v.boolean(), false),
});
type Finish = v.InferOutput<typeof Finish>;

const callbackPath = '/auth/oauth/callback';
/** Of the issuer's answer these go on to the app, in the fragment: no server and no log sees them again. */
const passedOn = ['state', 'code', 'iss', 'error'] as const;

interface Rooms {
  parts: DoorParts;
  sessions: Sessions;
  desk: Desk;
}

/** Somebody of this session. @throws DoorError */
const asking = async (sessions: Sessions, request: Request, peer: Peer): Promise<Asking> => {
  const visitor = await sessions.visitor(request, peer);
  if (visitor.kind !== 'session') throw sessionOnly();
  return { visitor, peer };
};

class OAuthDesk {
  readonly #rooms: Rooms;
  readonly #accounts: AccountDesk;
  readonly #waiting: WaitingRoom;
  readonly #serversOf: ReturnType<typeof openServers>;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    const { parts, sessions } = rooms;
    this.#accounts = new AccountDesk(parts, sessions);
    this.#waiting = new WaitingRoom(parts.clock);
    this.#serversOf = openServers(parts.config, parts.discover);
  }

  async #goalOf(form: Begin, request: Request, peer: Peer): Promise<{ goal: Waiting['goal']; servers: Servers }> {
    const { sessions } = this.#rooms;
    if (form.purpose === 'sign-in') {
      const goal = { purpose: 'sign-in', remember: form.remember } as const;
      return { goal, servers: await this.#serversOf(form) };
    }
    const { visitor } = await asking(sessions, request, peer);
    const { user } = visitor;
    if (form.purpose === 'add') return { goal: { purpose: 'add', user }, servers: await this.#serversOf(form) };
    const account = await this.#accounts.find(visitor, form.account ?? '');
    const { address, imap, smtp } = account;
    return {
      goal: { purpose: 'renew', user, account },
      servers: { address, imap, smtp, provider: null, otherLogin: null },
    };
  }

  async begin(request: Request, peer: Peer): Promise<Response> {
    const { parts } = this.#rooms;
    const form = await readJson(request, Begin);
    const { goal, servers } = await this.#goalOf(form, request, peer);
    const wished = form.issuer ?? (goal.purpose === 'renew' ? goal.account.authId : null);
    const issuer = parts.issuers.find(({ id }) => id === wished);
    if (!issuer) throw notFound();
    const state = this.#waiting.newState();
    const wish = { issuer: issuer.id, redirectUri: `${peer.origin}${callbackPath}`, state, address: servers.address };
    const { url, handle } = await parts.keeper.beginOAuth(wish).catch((error: unknown) => {
      throw notSent(error, issuer.name);
    });
    const headers = new Headers();
    this.#waiting.put(state, { issuer, servers, handle, goal, admission: null }, peer, headers);
    return json({ url }, { headers });
  }

  async finish(request: Request, peer: Peer): Promise<Response> {
    const form = await readJson(request, Finish);
    const waiting = this.#waiting.find(form.state, request, peer);
    if (!waiting) throw expired();
    let over = true;
    try {
      const answer = await this.#finish(waiting, form, request, peer);
      this.#waiting.clear(peer, answer.headers);
      return answer;
    } catch (error) {
      // The same person may yet choose to start afresh: what was proven is good for that.
      over = !(error instanceof DoorError && error.code === 'door/slot-does-not-open');
      throw error;
    } finally {
      if (over) this.#waiting.drop(form.state);
    }
  }

  async #finish(waiting: Waiting, form: Finish, request: Request, peer: Peer): Promise<Response> {
    const { parts, sessions, desk } = this.#rooms;
    const { goal, issuer, servers } = waiting;
    if (goal.purpose === 'sign-in') {
      const { remember } = goal;
      const secrets = { wipe: () => undefined };
      const attempt = { request, peer, account: servers.address, secrets, by: 'oauth', code: false } as const;
      const entered = await desk.try(attempt, async () => {
        const admission = await this.#admit(waiting, form, peer);
        return enterByOAuth(parts, waiting, { admission, remember, startAfresh: form.startAfresh }, peer);
      });
      const welcome = await desk.welcome(entered, peer, 'oauth');
      const signedIn = (await welcome.json()) as SignedIn;
      return finished({ purpose: 'sign-in', signedIn }, welcome.headers);
    }
    const who = await asking(sessions, request, peer);
    if (who.visitor.user !== goal.user) throw expired();
    const admission = await this.#admit(waiting, form, peer);
    const auth = { auth: 'oauth', authId: issuer.id } as const;
    if (goal.purpose === 'renew') {
      const account = await this.#accounts.reconnect(who, goal.account, admission, auth);
      return finished({ purpose: 'renew', account });
    }
    const { address, imap, smtp } = servers;
    const account = await this.#accounts.addProven(who, {
      address,
      imap,
      smtp,
      form: {},
      admission,
      sending: null,
      auth,
    });
    return finished({ purpose: 'add', account });
  }

  async #admit(waiting: Waiting, form: Finish, peer: Peer): Promise<string> {
    if (waiting.admission !== null) return waiting.admission;
    const { keeper } = this.#rooms.parts;
    const { issuer, servers, handle } = waiting;
    if (form.code === undefined) throw declined(issuer.name, form.error ?? 'no code');
    const answer = { handle, code: Buffer.from(form.code), iss: form.iss ?? null };
    try {
      const admitted = await keeper.admitOAuth(servers.imap, answer, peer.address);
      waiting.admission = admitted.handle;
      return admitted.handle;
    } catch (error) {
      throw notAdmitted(error, waiting);
    }
  }
}

const finished = (done: OAuthFinished, headers = new Headers()): Response => {
  headers.delete('content-length');
  return json(done, { headers });
};

/** `/auth/oauth/*`: to an issuer of the operator's and back. */
export const oauthRoutes = (rooms: Rooms): Routes => {
  const { parts } = rooms;
  const desk = new OAuthDesk(rooms);
  const work = new WorkLimit(parts.clock, 30, 4_000);
  const routes = newRoutes();

  for (const step of ['begin', 'finish'] as const)
    routes.post(`/${step}`, async (c) => {
      const peer = c.get('peer');
      checkOrigin(c.req.raw, peer);
      checkTransport(peer, parts.config);
      work.spend(peer.address);
      return desk[step](c.req.raw, peer);
    });

  // It comes from another site, without our cookies: the app goes on from a page of ours.
  routes.get('/callback', (c) => {
    const said = new URL(c.req.url).searchParams;
    const kept = passedOn.flatMap((name) => {
      const value = said.get(name);
      return value === null ? [] : [[name, value.slice(0, 8_192)] as const];
    });
    const location = `/connect#${new URLSearchParams(Object.fromEntries(kept)).toString()}`;
    return new Response(null, { status: 303, headers: { Location: location, 'Cache-Control': 'no-store' } });
  });

  return routes;
};
