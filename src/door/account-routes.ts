import type { AccountCheck } from '#jmap/auth/accounts.ts';
import { AccountDesk, type Asking } from './account-desk.ts';
import { PatchForm, readAdd, readRenew } from './account-form.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { clearSession } from './cookies.ts';
import { type SignInLimits, WorkLimit } from './limits.ts';
import type { DoorParts } from './parts.ts';
import { checkTransport, type Peer } from './peer.ts';
import type { Secrets } from './secret-form.ts';
import { triedLogins } from './servers.ts';
import type { Sessions } from './sessions.ts';
import { writer } from './visitors.ts';
import { asDoorError } from './words.ts';

const changing = async (sessions: Sessions, request: Request, peer: Peer): Promise<Asking> => ({
  visitor: await writer(sessions, request, peer),
  peer,
});

/**
 * Work is limited as for signing in, and guesses with it: only a wrong password counts as one, whether it is thrown or
 * `wrong` sees it in the answer. `known`: as there.
 */
const openLimits = (clock: DoorParts['clock'], guesses: SignInLimits) => {
  const work = new WorkLimit(clock, 60, 2_000);
  return async <T>(
    peer: Peer,
    { logins, known, wrong = () => false }: { logins: readonly string[]; known: boolean; wrong?: (done: T) => boolean },
    secrets: Secrets | null,
    task: () => Promise<T>,
  ): Promise<T> => {
    try {
      work.spend(peer.address);
      const forgive = guesses.attempt(peer.address, logins, known);
      try {
        const done = await task();
        if (!wrong(done)) forgive();
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
export const accountRoutes = (
  parts: DoorParts,
  sessions: Sessions,
  guesses: SignInLimits,
): { accounts: Routes; user: Routes } => {
  const { config } = parts;
  const desk = new AccountDesk(parts, sessions);
  const limited = openLimits(parts.clock, guesses);
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
    const tried = { logins: triedLogins(form), known: false };
    const facts = await limited(peer, tried, secrets, () => desk.add(asking, form, secrets));
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
    const id = c.req.param('id');
    const { address, imap, smtp } = await desk.find(asking.visitor, id);
    const { form, secrets } = await readRenew(c.req.raw, config.jsonSignIn);
    const logins = triedLogins({ address, imap: { ...imap, ...form.imap }, smtp: { ...smtp, ...form.smtp } });
    // At the server that let this user in before, nobody else's password can be tried.
    const known = !form.imap && !form.smtp && form.only === undefined && secrets.previous === null;
    return json(await limited(peer, { logins, known }, secrets, () => desk.renew(asking, id, form, secrets)));
  });

  accounts.post('/:id/check', async (c) => {
    const peer = c.get('peer');
    const asking = await changing(sessions, c.req.raw, peer);
    const id = c.req.param('id');
    const logins = triedLogins(await desk.find(asking.visitor, id));
    // A sign-in proves the password at IMAP's server alone: SMTP's may be somebody else's.
    const wrong = ({ smtp }: AccountCheck): boolean => smtp.state === 'refused';
    return json(await limited(peer, { logins, known: false, wrong }, null, () => desk.check(asking, id)));
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
