import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { NewToken, TokenFacts } from '#jmap/auth/tokens.ts';
import { newSlot } from '#store/new-rows.ts';
import type { ApiToken } from '#store/types.ts';
import type { SlotId } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import { tokenPrefix } from './bearer.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import type { DoorParts } from './parts.ts';
import { malformed, notFound } from './problems.ts';
import { needProof } from './proof.ts';
import type { Sessions } from './sessions.ts';
import { writer } from './visitors.ts';

const TokenForm = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
  expires: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.check((text) => !Number.isNaN(Date.parse(text)), 'is no time in ISO 8601'),
      ),
    ),
    null,
  ),
  readOnly: v.optional(v.boolean(), false),
});

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const tokenFacts = (token: ApiToken): TokenFacts => ({
  id: token.id,
  name: token.name,
  readOnly: token.readOnly,
  createdAt: new Date(token.createdAt).toISOString(),
  lastUsedAt: iso(token.lastUsedAt),
  expiresAt: iso(token.expiresAt),
});

/** `/auth/tokens`: API tokens, each of which opens its user by itself. */
export const tokenRoutes = (parts: DoorParts, sessions: Sessions): Routes => {
  const { store, keeper, clock } = parts;
  const routes = newRoutes();

  routes.post('/', async (c) => {
    const visitor = await writer(sessions, c.req.raw, c.get('peer'));
    const { user } = visitor;
    const { name, expires, readOnly } = await readJson(c.req.raw, TokenForm);
    // A token opens its user by itself: who only found a browser open makes none, and neither does another token.
    const justSignedIn = visitor.kind === 'session' && sessions.signedIn.has(visitor.session.id);
    if (!justSignedIn) await needProof(sessions, store, visitor);
    const now = clock.now();
    const expiresAt = expires === null ? null : Date.parse(expires);
    if (expiresAt !== null && expiresAt <= now) throw malformed('expires: a time to come is expected.');
    const { slot, secret } = await keeper.makeToken(user, randomUUID() as SlotId);
    const facts = { name, readOnly, createdAt: now, lastUsedAt: null, expiresAt };
    const token: ApiToken = {
      id: randomUUID(),
      user,
      tokenHash: hashToken(secret),
      slot: newSlot(slot, now),
      ...facts,
    };
    await store.saveToken(token);
    const fresh: NewToken = { ...tokenFacts(token), token: `${tokenPrefix}${secret.toString('base64url')}` };
    secret.fill(0);
    return json(fresh, { status: 201 });
  });

  routes.get('/', async (c) => {
    const { user } = await sessions.visitor(c.req.raw, c.get('peer'));
    return json({ tokens: (await store.tokens(user)).map((token) => tokenFacts(token)) });
  });

  routes.delete('/:id', async (c) => {
    const { user } = await writer(sessions, c.req.raw, c.get('peer'));
    const id = c.req.param('id');
    if (!(await store.tokens(user)).some((token) => token.id === id)) throw notFound();
    await sessions.removeToken(user, id);
    return new Response(null, { status: 204 });
  });

  return routes;
};
