import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { AuditFacts, PasskeyOffer, UnlockerFacts, UnlockerKind, Unlockers } from '#jmap/auth/unlockers.ts';
import { jmapAccountId } from '#mailroom/account-id.ts';
import { StoreError } from '#store/errors.ts';
import { newSlot } from '#store/new-rows.ts';
import type { MailAccount, Slot, User } from '#store/types.ts';
import type { SlotId, UserId } from '#vault/keeper.ts';
import type { Audit } from './audit.ts';
import { json, readJson } from './body.ts';
import type { Routes } from './context.ts';
import type { DoorParts } from './parts.ts';
import type { Challenges } from './passkeys.ts';
import type { Peer } from './peer.ts';
import { DoorError, locked, malformed, notFound, unauthenticated } from './problems.ts';
import { needProof } from './proof.ts';
import { readSecretForm } from './secret-form.ts';
import type { Sessions } from './sessions.ts';
import { SiteName } from './sign-in-form.ts';
import { cookieVisitor, type SessionVisitor } from './visitors.ts';
import { algorithms, readMadePasskey } from './webauthn.ts';

export interface UnlockerParts {
  parts: DoorParts;
  sessions: Sessions;
  challenges: Challenges;
  audit: Audit;
}

const Label = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(100), v.regex(/^\P{Cc}*$/u, 'is no name'));
const bytes = v.pipe(v.string(), v.regex(/^[\w-]{1,8000}$/, 'is no base64url'));

const SiteForm = v.object({ name: SiteName, endOthers: v.optional(v.boolean(), false) });
const PasskeyForm = v.object({
  id: v.pipe(v.string(), v.maxLength(100)),
  name: Label,
  credentialId: bytes,
  clientData: bytes,
  authenticatorData: bytes,
  transports: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(30))), v.maxLength(10)), []),
});

const defaultNames: Record<UnlockerKind, string> = {
  'mail-password': 'Mail password',
  'site-password': 'Postern password',
  passkey: 'Passkey',
  recovery: 'Recovery code',
};

const iso = (ms: number): string => new Date(ms).toISOString();

export const unlockerFacts = (slot: Slot, accounts: readonly MailAccount[]): UnlockerFacts => {
  const kind = slot.kind as UnlockerKind;
  const account = accounts.find((each) => each.id === slot.account);
  return {
    id: slot.id,
    kind,
    name: slot.name ?? account?.address ?? defaultNames[kind],
    account: account ? jmapAccountId(account) : null,
    createdAt: iso(slot.createdAt),
    lastUsedAt: slot.lastUsedAt === null ? null : iso(slot.lastUsedAt),
  };
};

/** Somebody whose keys are here, from our own pages. @throws DoorError `locked` */
export const openVisitor = async (sessions: Sessions, request: Request, peer: Peer): Promise<SessionVisitor> => {
  const visitor = await cookieVisitor(sessions, request, peer);
  if (!sessions.presence.isHere(visitor.session.id)) throw locked(false);
  return visitor;
};

/** As {@link openVisitor}, having shown an unlocker. @throws DoorError `locked`, `proof-needed` */
export const provenVisitor = async (
  { parts, sessions }: Pick<UnlockerParts, 'parts' | 'sessions'>,
  request: Request,
  peer: Peer,
): Promise<SessionVisitor> => {
  const visitor = await openVisitor(sessions, request, peer);
  await needProof(sessions, parts.store, visitor);
  return visitor;
};

const nameTaken = (name: string): DoorError =>
  new DoorError('name-taken', 'Somebody signs in here by this name.', `Choose another one than ${name}.`);

const lastUnlocker = (): DoorError =>
  new DoorError(
    'last-unlocker',
    'This is the last key that opens what Postern keeps for you.',
    'Add another one first. Nothing was removed.',
  );

const notMade = (): DoorError =>
  new DoorError(
    'wrong-passkey',
    'No passkey was made.',
    'What the browser sent does not fit what was asked. Try again.',
  );

/** Ends all sessions of a user but one. */
const endOthers = async (
  { parts, sessions, audit }: UnlockerParts,
  { user, session }: SessionVisitor,
  peer: Peer,
): Promise<void> => {
  const others = (await parts.store.sessions(user)).filter(({ id }) => id !== session.id);
  for (const { id } of others) await sessions.remove(id);
  if (others.length > 0) audit('session-ended', user, peer, { sessions: others.length });
};

const listRoutes = (routes: Routes, { parts, sessions, audit }: UnlockerParts): void => {
  const { store } = parts;

  routes.get('/unlockers', async (c) => {
    const { user, ...visitor } = await sessions.visitor(c.req.raw, c.get('peer'));
    const [row, slots, accounts, totp] = await Promise.all([
      store.user(user),
      store.slots(user),
      store.accounts(user),
      store.records(user, null, 'totp'),
    ]);
    const answer: Unlockers = {
      unlockers: slots.map((slot) => unlockerFacts(slot, accounts)),
      siteName: row?.siteName ?? accounts[0]?.address.toLowerCase() ?? '',
      totp: totp.length > 0,
      proven: visitor.kind === 'session' && sessions.proven.has(visitor.session.id),
    };
    return json(answer);
  });

  routes.get('/audit', async (c) => {
    const { user } = await sessions.visitor(c.req.raw, c.get('peer'));
    const entries: AuditFacts[] = (await store.auditOf(user, { since: 0, most: 200 })).map((entry) => ({
      at: iso(entry.at),
      kind: entry.kind,
      address: entry.address,
      userAgent: entry.userAgent,
      facts: entry.facts,
    }));
    return json({ entries });
  });

  routes.patch('/unlockers/:id', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { name } = await readJson(c.req.raw, v.object({ name: Label }));
    const id = c.req.param('id') as SlotId;
    const slot = (await store.slots(user)).find((each) => each.id === id);
    if (!slot || !(await store.renameSlot(user, id, name))) throw notFound();
    audit('unlocker-renamed', user, peer, { kind: slot.kind, name });
    return json(unlockerFacts({ ...slot, name }, await store.accounts(user)));
  });

  routes.delete('/unlockers/:id', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const id = c.req.param('id') as SlotId;
    const slot = (await store.slots(user)).find((each) => each.id === id);
    if (!slot) throw notFound();
    if (!(await store.deleteSlot(user, id))) throw lastUnlocker();
    audit('unlocker-removed', user, peer, { kind: slot.kind, name: slot.name });
    return new Response(null, { status: 204 });
  });
};

const siteRoutes = (routes: Routes, all: UnlockerParts): void => {
  const { parts, sessions, audit } = all;
  const { config, store, keeper, clock } = parts;

  routes.post('/unlockers/site', async (c) => {
    const peer = c.get('peer');
    const visitor = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { user } = visitor;
    const { form, secrets } = await readSecretForm(c.req.raw, SiteForm, config.jsonSignIn);
    if (!secrets) throw malformed('password: a text is expected.');
    try {
      const [before] = await store.slots(user, 'site-password');
      const id = before?.id ?? (randomUUID() as SlotId);
      const generation = (before?.generation ?? 0) + 1;
      const wish = { user, slot: id, generation, kind: 'site-password' } as const;
      const made = await keeper.makeUnlocker({ ...wish, secret: secrets.password() });
      const slot = newSlot(made, clock.now(), { name: before?.name ?? null });
      await store.saveSlots([slot], form.name).catch((error: unknown) => {
        throw error instanceof StoreError && error.code === 'store/conflict' ? nameTaken(form.name) : error;
      });
      audit(before ? 'unlocker-changed' : 'unlocker-added', user, peer, { kind: 'site-password' });
      if (form.endOthers) await endOthers(all, visitor, peer);
      return json(unlockerFacts(slot, []), { status: before ? 200 : 201 });
    } finally {
      secrets.wipe();
    }
  });
};

const passkeyRoutes = (routes: Routes, { parts, sessions, challenges, audit }: UnlockerParts): void => {
  const { store, keeper, clock } = parts;

  /** What an authenticator shows when it asks which passkey. */
  const named = async (id: UserId): Promise<{ user: User; name: string }> => {
    const [user, accounts] = await Promise.all([store.user(id), store.accounts(id)]);
    if (!user) throw unauthenticated();
    return { user, name: user.siteName ?? accounts[0]?.address ?? '' };
  };

  routes.post('/unlockers/passkey/begin', async (c) => {
    const peer = c.get('peer');
    const visitor = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { user, name } = await named(visitor.user);
    const challenge = challenges.give(peer, user.id);
    const known = await store.slots(user.id, 'passkey');
    const offer: PasskeyOffer = {
      ...challenge,
      rpName: 'Postern',
      user: { id: Buffer.from(user.id).toString('base64url'), name, displayName: name },
      exclude: known.flatMap(({ facts }) =>
        facts?.rpId === challenge.rpId ? [{ id: facts.credentialId, transports: facts.transports }] : [],
      ),
      algorithms: [...algorithms],
    };
    return json(offer);
  });

  routes.post('/unlockers/passkey', async (c) => {
    const peer = c.get('peer');
    const { user } = await provenVisitor({ parts, sessions }, c.req.raw, peer);
    const { form, secrets } = await readSecretForm(c.req.raw, PasskeyForm, false);
    if (!secrets) throw malformed('The output of the PRF is expected, sealed.');
    const expected = challenges.take(form.id, peer, user);
    const given = {
      credentialId: Buffer.from(form.credentialId, 'base64url'),
      clientData: Buffer.from(form.clientData, 'base64url'),
      authenticatorData: Buffer.from(form.authenticatorData, 'base64url'),
    };
    const made = expected && readMadePasskey(given, expected);
    if (!made) throw notMade();
    const { rpId } = expected;
    const { credentialId, publicKey, signCount } = made;
    if ((await store.slots(user, 'passkey')).some(({ facts }) => facts?.credentialId === credentialId)) throw notMade();
    const wish = { user, slot: randomUUID() as SlotId, generation: 1, kind: 'passkey' } as const;
    const passkey = { credentialId, publicKey, rpId };
    const row = await keeper.makeUnlocker({ ...wish, passkey, secret: secrets.password() });
    const facts = { ...passkey, signCount, transports: form.transports };
    const slot = newSlot(row, clock.now(), { name: form.name, facts });
    await store.saveSlots([slot]);
    audit('unlocker-added', user, peer, { kind: 'passkey', name: form.name });
    return json(unlockerFacts(slot, []), { status: 201 });
  });
};

/** `/auth/unlockers` and `/auth/audit`: what opens a user, and who did what with it. */
export const unlockerRoutes = (routes: Routes, all: UnlockerParts): void => {
  siteRoutes(routes, all);
  passkeyRoutes(routes, all);
  listRoutes(routes, all);
};
