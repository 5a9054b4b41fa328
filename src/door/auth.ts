import { accountRoutes } from './account-routes.ts';
import { signedIn } from './accounts.ts';
import type { Audit } from './audit.ts';
import { bearerOf } from './bearer.ts';
import { json } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { clearSession } from './cookies.ts';
import { Desk } from './desk.ts';
import { Entrance } from './entrance.ts';
import { SignInLimits } from './limits.ts';
import { lockRoutes } from './lock.ts';
import { lookingRoutes } from './looking.ts';
import type { Metrics } from './metrics.ts';
import { oauthRoutes } from './oauth.ts';
import type { DoorParts } from './parts.ts';
import { recoveryRoutes, totpRoutes } from './once-shown.ts';
import { Challenges } from './passkeys.ts';
import { checkOrigin, checkTransport } from './peer.ts';
import { DoorError } from './problems.ts';
import { triedLogins } from './servers.ts';
import type { Sessions } from './sessions.ts';
import { readSignIn } from './sign-in-form.ts';
import { siteSignInRoutes } from './site-sign-in.ts';
import { tokenRoutes } from './tokens.ts';
import { turnRoutes } from './turn-keys.ts';
import { unlockerRoutes } from './unlockers.ts';
import { Unlocks } from './unlocks.ts';
import { cookieVisitor } from './visitors.ts';

/** `/auth/*`: signing in and out, locking, unlockers, tokens, looking for servers. */
export const authRoutes = (parts: DoorParts, sessions: Sessions, metrics: Metrics, audit: Audit): Routes => {
  const { config, store, keeper } = parts;
  const challenges = new Challenges(parts.clock);
  const unlocks = new Unlocks(parts, sessions.presence, challenges, audit);
  const entrance = new Entrance(parts, sessions.presence, unlocks, audit);
  const guesses = new SignInLimits(parts.clock);
  const desk = new Desk(parts, sessions, guesses, metrics, audit);
  const routes = newRoutes();
  parts.mailrooms.onEnded((user) => void entrance.tidy(user));

  routes.get('/key', async () => json({ key: (await keeper.publicKey()).toString('base64url') }));

  routes.post('/sign-in', async (c) => {
    const peer = c.get('peer');
    checkOrigin(c.req.raw, peer, true);
    checkTransport(peer, config);
    const { form, secrets } = await readSignIn(c.req.raw, config.jsonSignIn);
    const by = 'mail-password';
    const code = form.totp !== undefined;
    const [account = ''] = triedLogins(form);
    const attempt = { request: c.req.raw, peer, account, secrets, by, code } as const;
    const entered = await desk.try(attempt, () => entrance.signIn(form, secrets, peer));
    return desk.welcome({ ...entered, ...(form.opens?.kind === 'recovery' ? { recovery: true } : {}) }, peer, by);
  });

  routes.get('/session', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    return json(signedIn(visitor.user, await store.accounts(visitor.user)));
  });

  routes.post('/sign-out', async (c) => {
    const peer = c.get('peer');
    const headers = new Headers({ 'Clear-Site-Data': '"cache", "storage"', 'Cache-Control': 'no-store' });
    if (bearerOf(c.req.raw) === null) checkOrigin(c.req.raw, peer);
    clearSession(headers, peer);
    const visitor = await cookieVisitor(sessions, c.req.raw, peer).catch((error: unknown) => {
      if (error instanceof DoorError && error.code === 'door/unauthenticated') return null;
      throw error;
    });
    if (visitor) {
      await sessions.remove(visitor.session.id);
      audit('sign-out', visitor.user, peer);
      await entrance.tidy(visitor.user);
    }
    return new Response(null, { status: 204, headers });
  });

  siteSignInRoutes(routes, { parts, desk, entrance, unlocks, challenges });
  lockRoutes(routes, { parts, sessions, desk, entrance, unlocks, audit });
  const unlockers = { parts, sessions, desk, unlocks, challenges, audit };
  recoveryRoutes(routes, unlockers);
  totpRoutes(routes, unlockers);
  unlockerRoutes(routes, unlockers);
  turnRoutes(routes, unlockers);
  const { accounts, user } = accountRoutes(parts, sessions, guesses);
  routes.route('/accounts', accounts);
  routes.route('/user', user);
  routes.route('/tokens', tokenRoutes(parts, sessions));
  routes.route('/discover', lookingRoutes(parts));
  routes.route('/oauth', oauthRoutes({ parts, sessions, desk }));
  return routes;
};
