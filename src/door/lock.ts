import { signedIn } from './accounts.ts';
import type { Audit } from './audit.ts';
import { json } from './body.ts';
import type { Routes } from './context.ts';
import { readUnlockKey, setSession } from './cookies.ts';
import type { Desk } from './desk.ts';
import type { Entrance } from './entrance.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { locked, malformed } from './problems.ts';
import { doesNotOpen, type Sessions } from './sessions.ts';
import { readUnlock, type UnlockForm } from './sign-in-form.ts';
import type { Secrets } from './secret-form.ts';
import { slotKinds, type Unlocks } from './unlocks.ts';
import { cookieVisitor, type SessionVisitor } from './visitors.ts';

export interface LockParts {
  parts: DoorParts;
  sessions: Sessions;
  desk: Desk;
  entrance: Entrance;
  unlocks: Unlocks;
  audit: Audit;
}

const maxAgeOf = ({ session }: SessionVisitor, now: number): number | null =>
  session.remember ? Math.max(1, Math.floor((session.expiresAt - now) / 1_000)) : null;

/** Locking a session, opening it again by the unlock key of its cookie or an unlocker, and proving one. */
export const lockRoutes = (routes: Routes, { parts, sessions, desk, entrance, unlocks, audit }: LockParts): void => {
  const { config, store, clock } = parts;

  /** Tries an unlocker of this session's user. */
  const show = async <T>(
    request: Request,
    peer: Peer,
    { user }: SessionVisitor,
    { form, secrets }: { form: UnlockForm; secrets: Secrets },
    work: () => Promise<T>,
  ): Promise<T> => {
    const account = await sessions.username(user);
    const attempt = { request, peer, account, secrets, by: slotKinds[form.kind], code: form.totp !== undefined };
    return desk.try({ ...attempt, user: async () => user }, work);
  };

  const byKey = async (request: Request, peer: Peer, visitor: SessionVisitor): Promise<Response> => {
    const unlockKey = readUnlockKey(request, peer);
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
  };

  routes.post('/unlock', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(sessions, c.req.raw, peer);
    const given = await readUnlock(c.req.raw, config.jsonSignIn);
    if (!given) return byKey(c.req.raw, peer, visitor);
    const { form, secrets } = given;
    return sessions.presence.coming(visitor.user, async () => {
      await show(c.req.raw, peer, visitor, given, async () => {
        if (form.kind === 'mail') return entrance.again(visitor.session, form, secrets, peer);
        return unlocks.open(await unlocks.ofUser(visitor.user, form, secrets, peer), secrets, form.totp, peer);
      });
      return desk.reopen(visitor.session.id, peer, slotKinds[form.kind], form.kind === 'recovery');
    });
  });

  routes.post('/prove', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(sessions, c.req.raw, peer);
    if (!sessions.presence.isHere(visitor.session.id)) throw locked(false);
    const given = await readUnlock(c.req.raw, config.jsonSignIn);
    if (!given) throw malformed('password: a text is expected.');
    const { form, secrets } = given;
    const { user } = visitor;
    await show(c.req.raw, peer, visitor, given, async () => {
      if (form.kind === 'mail' && (await store.slots(user)).length === 0) return unlocks.compare(user, secrets);
      return unlocks.open(await unlocks.ofUser(user, form, secrets, peer), secrets, form.totp, peer);
    });
    sessions.proven.add(visitor.session.id);
    return new Response(null, { status: 204 });
  });

  routes.post('/lock', async (c) => {
    const peer = c.get('peer');
    const visitor = await cookieVisitor(sessions, c.req.raw, peer);
    if (!sessions.presence.isHere(visitor.session.id)) throw locked(true);
    const headers = new Headers();
    setSession(headers, peer, await sessions.lock(visitor.session), maxAgeOf(visitor, clock.now()), false);
    audit('locked', visitor.user, peer);
    return new Response(null, { status: 204, headers });
  });
};
