import type { DoorParts } from './parts.ts';
import type { Routes } from './context.ts';
import { readJson, json } from './body.ts';
import type { Desk } from './desk.ts';
import type { Entrance } from './entrance.ts';
import { WorkLimit } from './limits.ts';
import type { Challenges } from './passkeys.ts';
import { checkOrigin, checkTransport, type Peer } from './peer.ts';
import { readPasskeySignIn, readRecoverySignIn, readSiteSignIn } from './sign-in-form.ts';
import type { Unlocks } from './unlocks.ts';
import * as v from 'valibot';

/** `/auth/sign-in/*`: ways in that open the user without asking a mail server. */
export const siteSignInRoutes = (
  routes: Routes,
  {
    parts,
    desk,
    entrance,
    unlocks,
    challenges,
  }: {
    parts: DoorParts;
    desk: Desk;
    entrance: Entrance;
    unlocks: Unlocks;
    challenges: Challenges;
  },
): void => {
  const { config, store, clock } = parts;
  const asking = new WorkLimit(clock, 60, 2_000);

  const check = (request: Request, peer: Peer): void => {
    checkOrigin(request, peer, true);
    checkTransport(peer, config);
  };

  routes.post('/sign-in/site', async (c) => {
    const peer = c.get('peer');
    check(c.req.raw, peer);
    const { form, secrets } = await readSiteSignIn(c.req.raw, config.jsonSignIn);
    const name = form.name.toLowerCase();
    const by = 'site-password';
    const attempt = { request: c.req.raw, peer, account: name, secrets, by, code: form.totp !== undefined } as const;
    const user = async () => (await store.userBySiteName(name))?.user.id ?? null;
    const entered = await desk.try({ ...attempt, user }, async () =>
      entrance.by(await unlocks.bySiteName(name, secrets), secrets, form, peer),
    );
    return desk.welcome(entered, peer, by);
  });

  routes.post('/sign-in/passkey/begin', async (c) => {
    const peer = c.get('peer');
    check(c.req.raw, peer);
    asking.spend(peer.address);
    await readJson(c.req.raw, v.object({}));
    return json(challenges.give(peer, null));
  });

  routes.post('/sign-in/passkey', async (c) => {
    const peer = c.get('peer');
    check(c.req.raw, peer);
    const { form, secrets } = await readPasskeySignIn(c.req.raw);
    const by = 'passkey';
    const attempt = { request: c.req.raw, peer, account: form.credentialId, secrets, by, code: false } as const;
    const entered = await desk.try(attempt, async () =>
      entrance.by(await unlocks.byPasskey(form, peer), secrets, form, peer),
    );
    return desk.welcome(entered, peer, by);
  });

  routes.post('/sign-in/recovery', async (c) => {
    const peer = c.get('peer');
    check(c.req.raw, peer);
    const { form, secrets } = await readRecoverySignIn(c.req.raw, config.jsonSignIn);
    const by = 'recovery';
    // Who is meant is not known before the code is right: the network alone is counted.
    const attempt = {
      request: c.req.raw,
      peer,
      account: `recovery ${peer.address}`,
      secrets,
      by,
      code: false,
    } as const;
    const entered = await desk.try(attempt, async () =>
      entrance.by(await unlocks.byRecovery(secrets), secrets, form, peer),
    );
    return desk.welcome({ ...entered, recovery: true }, peer, by);
  });
};
