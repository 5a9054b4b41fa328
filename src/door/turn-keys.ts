import { must } from '#base/must.ts';
import type { TurnedKeysFacts } from '#jmap/auth/unlockers.ts';
import { StoreError } from '#store/errors.ts';
import type { MailAccount, Slot, TurnedKeys, User } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { SealedCredential, TurnedPart, TurnPart } from '#vault/keeper.ts';
import { json } from './body.ts';
import type { Routes } from './context.ts';
import { setSession } from './cookies.ts';
import type { Desk } from './desk.ts';
import type { Peer } from './peer.ts';
import { DoorError, unauthenticated } from './problems.ts';
import type { Secrets } from './secret-form.ts';
import { readUnlock, type UnlockForm } from './sign-in-form.ts';
import { needProof } from './proof.ts';
import { openVisitor, unlockerFacts, type UnlockerParts } from './unlockers.ts';
import { asWrong, passkeyName, slotKinds, type Found, type Unlocks } from './unlocks.ts';
import type { SessionVisitor } from './visitors.ts';

/** Records in one message to the keeper. */
const atOnce = 1_000;
/** A record that is saved in the last moment makes it begin again. */
const tries = 4;

const nothing: TurnPart = { records: [], credentials: [], mailSlots: [], unlockers: [], session: null };

const noUnlocker = (): DoorError =>
  new DoorError(
    'last-unlocker',
    'Nothing would open the new key.',
    'Show your Postern password, a passkey or your recovery code for it. Nothing was changed.',
  );

type Turned = Pick<TurnedKeys, 'records' | 'credentials' | 'slots'> & { opened: NonNullable<TurnedPart['opened']> };

/** Turns a user's key: a new one, and all that hung on the former sealed anew. */
class KeyTurner {
  readonly #all: UnlockerParts;

  constructor(all: UnlockerParts) {
    this.#all = all;
  }

  async turn(
    visitor: SessionVisitor,
    shown: { found: Found; secrets: Secrets } | null,
  ): Promise<{ opened: Turned['opened']; dropped: Slot[] }> {
    const { parts } = this.#all;
    await parts.mailrooms.ask('close', { user: visitor.user, readOnly: true, proven: false, sessionState: '' }, {});
    for (let left = tries; ; left -= 1) {
      try {
        return await this.#once(visitor, shown);
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'store/conflict' || left === 1) throw error;
      }
    }
  }

  async #once(visitor: SessionVisitor, shown: { found: Found; secrets: Secrets } | null) {
    const { store, keeper, clock } = this.#all.parts;
    const user = await store.user(visitor.user);
    if (!user) throw unauthenticated();
    const keys = await keeper.beginTurn(user.id);
    try {
      const slots = await store.slots(user.id);
      const turned = await this.#sealAnew(user, slots, visitor, shown);
      const kept = new Set(turned.slots.map(({ id }) => id));
      if (kept.size === 0) throw noUnlocker();
      const session = { ...visitor.session, ...turned.opened.session, lastSeenAt: clock.now() };
      const { records, credentials } = turned;
      await store.turnKeys({ user: user.id, keys, session, records, credentials, slots: turned.slots });
      await keeper.endTurn(user.id, true);
      return { opened: turned.opened, dropped: slots.filter(({ id }) => !kept.has(id)) };
    } catch (error) {
      await keeper.endTurn(user.id, false).catch(() => undefined);
      throw error;
    }
  }

  async #sealAnew(
    user: User,
    slots: readonly Slot[],
    { session }: SessionVisitor,
    shown: { found: Found; secrets: Secrets } | null,
  ): Promise<Turned> {
    const { store, keeper } = this.#all.parts;
    const [accounts, stored, all] = await Promise.all([
      store.accounts(user.id),
      store.credentials(user.id),
      store.allRecords(user.id),
    ]);
    const records: Turned['records'] = [];
    for (let at = 0; at < all.length; at += atOnce) {
      const some = all.slice(at, at + atOnce);
      const wrapped = some.map((row) => ({ binding: recordBinding(row), wrapped: row.wrapped }));
      const part = await keeper.turnPart(user.id, { ...nothing, records: wrapped });
      for (const [i, { id, wrapped: before }] of some.entries())
        records.push({ id, before, wrapped: must(part.records[i], 'a record for each') });
    }
    const placed = stored.map((row) => ({
      row,
      account: must(
        accounts.find(({ id }) => id === row.account),
        'its account',
      ),
    }));
    const sealed = placed.map(({ row, account }): SealedCredential => ({
      binding: row.binding,
      target: account[row.protocol],
      sealed: row.sealed,
    }));
    const current = (await store.session(session.id)) ?? session;
    const last = await keeper
      .turnPart(user.id, {
        ...nothing,
        credentials: sealed,
        mailSlots: this.#mailSlots(slots, accounts, sealed),
        unlockers: shown ? [{ unlocking: unlockingOf(shown), keys: user.keys }] : [],
        session: current,
      })
      .catch((error: unknown) => {
        throw shown ? asWrong(error, kindOf(shown.found.slot)) : error;
      });
    const credentials = placed.map(({ row }, i) => ({
      before: row.sealed,
      credential: { ...row, sealed: must(last.credentials[i], 'a credential for each') },
    }));
    return { records, credentials, slots: last.slots, opened: must(last.opened, 'a session') };
  }

  /** Slots of mail passwords that are kept, so that they need not be shown. */
  #mailSlots(
    slots: readonly Slot[],
    accounts: readonly MailAccount[],
    sealed: readonly SealedCredential[],
  ): TurnPart['mailSlots'] {
    return slots.flatMap((slot) => {
      if (slot.kind !== 'mail-password') return [];
      const account = accounts.find(({ id }) => id === slot.account);
      const typed = account?.state === 'ok' && (account.auth === 'password' || account.auth === 'app-password');
      const credential = sealed.find(
        ({ binding, target }) => binding.account === slot.account && target.protocol === 'imap',
      );
      return account && typed && credential ? [{ slot, credential, servers: account }] : [];
    });
  }
}

const unlockingOf = ({ found: { slot }, secrets }: { found: Found; secrets: Secrets }) => ({
  slot,
  secret: secrets.password(),
  ...(slot.kind === 'passkey' ? { passkey: passkeyName(slot) } : {}),
});

const kindOf = ({ kind }: Slot): UnlockForm['kind'] =>
  kind === 'site-password' ? 'site' : kind === 'passkey' ? 'passkey' : 'recovery';

/** `POST /auth/rotate-keys` */
export const turnRoutes = (routes: Routes, all: UnlockerParts & { desk: Desk; unlocks: Unlocks }): void => {
  const { parts, sessions, audit, desk, unlocks } = all;
  const { config, store, clock } = parts;
  const turner = new KeyTurner(all);

  /**
   * The unlocker that comes along: it counts as the proof, and the new key is sealed for it, unless it is a mail password,
   * whose slot is made from what is kept. A recovery code that is shown here goes on.
   */
  const shownBy = async (
    { user, session }: SessionVisitor,
    { form, secrets }: { form: UnlockForm; secrets: Secrets },
    peer: Peer,
  ): Promise<{ found: Found; secrets: Secrets } | null> => {
    const found = await unlocks.ofUser(user, form, secrets, peer);
    await unlocks.check(found, secrets, form.totp);
    await store.touchSlot(found.slot.id, clock.now(), found.signCount);
    sessions.proven.add(session.id);
    return form.kind === 'mail' ? null : { found, secrets };
  };

  routes.post('/rotate-keys', async (c) => {
    const peer = c.get('peer');
    const visitor = await openVisitor(sessions, c.req.raw, peer);
    const given = await readUnlock(c.req.raw, config.jsonSignIn);
    const accounts = await store.accounts(visitor.user);
    const tokens = (await store.tokens(visitor.user)).length;
    const turn = (shown: { found: Found; secrets: Secrets } | null) =>
      sessions.alone(visitor.user, () => turner.turn(visitor, shown));
    if (!given) await needProof(sessions, store, visitor);
    const attempt = given && {
      request: c.req.raw,
      peer,
      account: await sessions.username(visitor.user),
      secrets: given.secrets,
      by: slotKinds[given.form.kind],
      code: given.form.totp !== undefined,
      user: async () => visitor.user,
    };
    const { opened, dropped } = await (attempt
      ? desk.try(attempt, async () => turn(await shownBy(visitor, given, peer)))
      : turn(null));
    sessions.turned(visitor.user, visitor.session.id);
    const headers = new Headers();
    const left = Math.floor((visitor.session.expiresAt - clock.now()) / 1_000);
    setSession(headers, peer, opened.secrets, visitor.session.remember ? Math.max(1, left) : null);
    audit('user-key-rotated', visitor.user, peer, { dropped: dropped.length, tokens });
    const facts: TurnedKeysFacts = { dropped: dropped.map((slot) => unlockerFacts(slot, accounts)), tokens };
    return json(facts, { headers });
  });
};
