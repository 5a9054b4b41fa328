import { AccountDesk, type Asking } from './account-desk.ts';
import { PatchForm, readAdd, readRenew } from './account-form.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { clearSession } from './cookies.ts';
import { SignInLimits, WorkLimit } from './limits.ts';
import type { DoorParts } from './parts.ts';
import { checkTransport, type Peer } from './peer.ts';
import type { Secrets } from './secret-form.ts';
import type { Sessions } from './sessions.ts';
import { writer } from './visitors.ts';
import { asDoorError } from './words.ts';

const changing = async (sessions: Sessions, request: Request, peer: Peer): Promise<Asking> => ({
  visitor: await writer(sessions, request, peer),
  peer,
});

/** Guesses and work are limited as for signing in: only a wrong password counts as a guess. */
const openLimits = (clock: DoorParts['clock']) => {
  const guesses = new SignInLimits(clock);
  const work = new WorkLimit(clock, 60, 2_000);
  return async <T>(peer: Peer, address: string, secrets: Secrets | null, task: () => Promise<T>): Promise<T> => {
    try {
      work.spend(peer.address);
      const forgive = guesses.attempt(peer.address, address.toLowerCase(), true);
      try {
        const done = await task();
        forgive();
        return done;
      } catch (error) {
        if (asDoorError(error).code !== 'door/wrong-password') forgive();
        throw error;
      }
    } finally {
      secrets?.wipe();
    }
  };
};

/** `/auth/accounts`: the mail accounts of a user, and `DELETE /auth/user`. */
export const accountRoutes = (parts: DoorParts, sessions: Sessions): { accounts: Routes; user: Routes } => {
  const { config } = parts;
  const desk = new AccountDesk(parts, sessions);
  const limited = openLimits(parts.clock);
  const accounts = newRoutes();
  const user = newRoutes();

  accounts.get('/', async (c) => {
    const peer = c.get('peer');
    const visitor = await sessions.visitor(c.req.raw, peer);
    return json({ accounts: await desk.list({ visitor, peer }) });
  });

  accounts.post('/', async (c) => {
    const peer = c.get('peer');
    checkTransport(peer, config);
    const asking = await changing(sessions, c.req.raw, peer);
    const { form, secrets } = await readAdd(c.req.raw, config.jsonSignIn);
    const facts = await limited(peer, form.address, secrets, () => desk.add(asking, form, secrets));
    return json(facts, { status: 201 });
  });

  accounts.patch('/:id', async (c) => {
    const asking = await changing(sessions, c.req.raw, c.get('peer'));
    return json(await desk.patch(asking, c.req.param('id'), await readJson(c.req.raw, PatchForm)));
  });

  accounts.post('/:id/password', async (c) => {
    const peer = c.get('peer');
    checkTransport(peer, config);
    const asking = await changing(sessions, c.req.raw, peer);
    const { form, secrets } = await readRenew(c.req.raw, config.jsonSignIn);
    return json(await limited(peer, form.address, secrets, () => desk.renew(asking, c.req.param('id'), form, secrets)));
  });

  accounts.post('/:id/check', async (c) => {
    const peer = c.get('peer');
    const asking = await changing(sessions, c.req.raw, peer);
    return json(await limited(peer, c.req.param('id'), null, () => desk.check(asking, c.req.param('id'))));
  });

  accounts.delete('/:id', async (c) => {
    await desk.remove(await changing(sessions, c.req.raw, c.get('peer')), c.req.param('id'));
    return new Response(null, { status: 204 });
  });

  user.delete('/', async (c) => {
    const peer = c.get('peer');
    await desk.removeUser(await changing(sessions, c.req.raw, peer));
    const headers = new Headers({ 'Clear-Site-Data': '"cache", "storage"', 'Cache-Control': 'no-store' });
    clearSession(headers, peer);
    return new Response(null, { status: 204, headers });
  });

  return { accounts, user };
};
