import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import { must } from '#base/must.ts';
import { Problem } from '#base/problem.ts';
import { newSlot, newUser, usualAccount } from '#store/new-rows.ts';
import type { Credential, MailAccount, Session, User } from '#store/types.ts';
import { credentialBinding, sameTarget } from '#vault/associated.ts';
import type { MailAccountId, Opened, SessionId, SessionSecrets, SlotId, SlotRow, UserId } from '#vault/keeper.ts';
import type { Audit } from './audit.ts';
import { inTurn } from './in-turn.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import type { Presence } from './presence.ts';
import { DoorError, lockedByOperator, malformed } from './problems.ts';
import { type Kept, OwnPasswords, plainAuth } from './own-passwords.ts';
import { admit, openServers, type Servers } from './servers.ts';
import type { Secrets } from './secret-form.ts';
import { doesNotOpen } from './sessions.ts';
import type { OtherUnlockerForm, SignInForm } from './sign-in-form.ts';
import { asWrong, type Found, opensBesides, type Unlocks } from './unlocks.ts';
import { opensOtherwise, slotDoesNotOpen } from './words.ts';

const hour = 3_600_000;
const remembered = 30 * 24 * hour;
const unremembered = 24 * hour;

/** What a browser gets after its password was right. `maxAge` in seconds; null: until the browser ends. */
export interface Entered {
  user: UserId;
  session: Session;
  secrets: SessionSecrets;
  maxAge: number | null;
  /** A recovery code was used for it. */
  recovery?: true;
}

export const sessionOf = (opened: Pick<Opened, 'session'>, peer: Peer, remember: boolean, now: number): Session => ({
  ...opened.session,
  createdAt: now,
  lastSeenAt: now,
  expiresAt: now + (remember ? remembered : unremembered),
  userAgent: peer.userAgent,
  address: peer.address,
  remember,
});

export const credentialsOf = (opened: Opened, user: UserId): Credential[] =>
  opened.credentials.map(({ account, protocol, generation, sealed }) => ({
    account,
    protocol,
    binding: credentialBinding(user, account, protocol, generation),
    sealed,
  }));

/** What of a later sign-in takes the place of what is kept: a password of SMTP's own stays. */
const renewed = ({ ownSmtp }: MailAccount, opened: Opened): Opened['credentials'] =>
  opened.credentials.filter(({ protocol }) => !(protocol === 'smtp' && ownSmtp));

export const entered = (opened: Pick<Opened, 'secrets'>, session: Session): Entered => ({
  user: session.user,
  session,
  secrets: opened.secrets,
  maxAge: session.remember ? remembered / 1_000 : null,
});

export const newAccount = (
  id: MailAccountId,
  user: UserId,
  { address, imap, smtp }: Servers,
  now: number,
): MailAccount => ({
  id,
  user,
  address,
  name: address.slice(address.lastIndexOf('@') + 1),
  position: 0,
  colour: 'patina',
  imap,
  smtp,
  ...usualAccount(now),
  checkedAt: now,
});

interface Known {
  user: User;
  account: MailAccount;
  slot: SlotRow;
}

/** The way in by password: proves it at the mail server, opens or makes the user. */
export class Entrance {
  readonly #parts: DoorParts;
  readonly #clock: Clock;
  readonly #serversOf: ReturnType<typeof openServers>;
  readonly #alone = inTurn();

  readonly #presence: Presence;
  readonly #unlocks: Unlocks;
  readonly #audit: Audit;
  readonly #own: OwnPasswords;

  constructor(parts: DoorParts, presence: Presence, unlocks: Unlocks, audit: Audit) {
    this.#parts = parts;
    this.#presence = presence;
    this.#unlocks = unlocks;
    this.#audit = audit;
    this.#own = new OwnPasswords(parts);
    this.#clock = parts.clock;
    this.#serversOf = openServers(parts.config, parts.discover);
  }

  /**
   * Signs in with address and mail password.
   * @throws DoorError
   */
  async signIn(form: SignInForm, secrets: Secrets, peer: Peer): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const { servers, admission } = await admit(keeper, await this.#serversOf(form), secrets, null, peer.address);
    const { host, port, username } = servers.imap;
    return this.#alone(`${host} ${port} ${username}`, async () => {
      const known = form.leaveNothing ? null : await store.userByLogin(servers.imap);
      if (!known) return this.#enroll(admission.handle, servers, form, peer);
      const { user, account, slot } = known;
      if (user.lockedAt !== null) throw lockedByOperator();
      if (form.startAfresh) {
        await this.#giveUp(account, peer);
        await this.#own.mainChanged(user.id, servers.imap);
        return this.#enroll(admission.handle, servers, form, peer);
      }
      if (!slot) throw opensOtherwise(opensBesides(await store.slots(user.id), account.id));
      // What was set for this account is not overwritten by what is found, and a password of its own stays with its server.
      const smtp = form.smtp && !account.ownSmtp ? servers.smtp : account.smtp;
      const theirs = { user, account, slot };
      return this.#presence.coming(user.id, async () => {
        const opened = await this.#enter(admission.handle, theirs, { ...servers, smtp }, { ...form, secrets }, peer);
        const session = sessionOf(opened, peer, form.remember, this.#clock.now());
        await store.addSession({ session, credentials: credentialsOf(opened, user.id), slots: opened.slots });
        await opened.stored();
        this.#presence.enter(session.id, user.id);
        return entered(opened, session);
      });
    });
  }

  /**
   * Opens the user of a locked session with the mail password they sign in with.
   * @throws DoorError
   */
  async again(former: Session, form: { totp?: string | undefined }, secrets: Secrets, peer: Peer): Promise<void> {
    const { keeper, store } = this.#parts;
    const user = await store.user(former.user);
    const [slot] = await store.slots(former.user, 'mail-password');
    const account = slot?.account ? await store.account(slot.account) : null;
    if (!user || !slot || !account)
      throw new DoorError(
        'unauthenticated',
        'This session cannot be opened again.',
        'Its mail password opens nothing that is kept here. Use another key, or sign in anew.',
      );
    if (user.lockedAt !== null) throw lockedByOperator();
    const { address, imap, smtp } = account;
    const servers = { address, imap, smtp, provider: null, otherLogin: null };
    const { admission } = await admit(keeper, servers, secrets, slot, peer.address);
    const opened = await this.#enter(admission.handle, { user, account, slot }, account, { ...form, secrets }, peer);
    opened.secrets.token.fill(0);
    opened.secrets.unlockKey.fill(0);
    await store.saveCredentials(credentialsOf(opened, user.id));
    await store.sealSlots(opened.slots);
    await opened.stored();
  }

  /**
   * Signs in with an unlocker that was found, without asking a mail server.
   * @throws DoorError
   */
  async by(
    found: Found,
    secrets: Secrets,
    form: { totp?: string | undefined; remember: boolean },
    peer: Peer,
  ): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const user = found.user.id;
    return this.#presence.coming(user, async () => {
      await this.#unlocks.open(found, secrets, form.totp, peer);
      const nothing = Buffer.alloc(0);
      const id = randomUUID() as SessionId;
      const opened = await keeper.rotate({ id, user, tokenHash: nothing, sealed: nothing, generation: 0 });
      const session = sessionOf(opened, peer, form.remember, this.#clock.now());
      await store.addSession({ session, credentials: [], slots: [] });
      await this.#own.mend(user);
      await store.deleteExpiredSessions(this.#clock.now());
      this.#presence.enter(id, user);
      return entered(opened, session);
    });
  }

  /** After the last session of somebody who wanted nothing kept, nothing is. */
  async tidy(user: UserId): Promise<void> {
    const { store, log } = this.#parts;
    try {
      const left = await store.sessions(user);
      if (left.some((session) => session.expiresAt > this.#clock.now())) return;
      await this.#own.rest(user);
      if ((await store.slots(user)).length === 0) await this.erase(user);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      logError(log, 'user not tidied', error);
    }
  }

  /** The first time: a user is made. */
  async #enroll(admission: string, servers: Servers, form: SignInForm, peer: Peer): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const user = randomUUID() as UserId;
    const account = randomUUID() as MailAccountId;
    const plain = plainAuth(servers.provider);
    const kept = await this.#own.keep({ user, servers, account: null, plain, ownSmtp: false });
    try {
      const opened = await keeper.enroll({
        admission,
        user,
        account,
        imap: servers.imap,
        smtp: servers.smtp,
        leaveNothing: form.leaveNothing,
        session: randomUUID() as SessionId,
        slot: randomUUID() as SlotId,
        ...kept.seal,
      });
      const now = this.#clock.now();
      const session = sessionOf(opened, peer, form.remember, now);
      await store.createUser({
        user: newUser(user, now, must(opened.keys, 'a new user has keys')),
        account: { ...newAccount(account, user, servers, now), ...kept.auth },
        credentials: credentialsOf(opened, user),
        slots: opened.slots.map((slot) => newSlot(slot, now, { lastUsedAt: now })),
        session,
      });
      return entered(opened, session);
    } catch (error) {
      await kept.undone();
      throw error;
    }
  }

  /** A user who was here before: the user key is opened with the password, the credentials are sealed anew. */
  async #enter(
    admission: string,
    { user, account, slot }: Known,
    { imap, smtp }: Pick<Servers, 'imap' | 'smtp'>,
    wish: { secrets: Secrets; opens?: OtherUnlockerForm | undefined; totp?: string | undefined },
    peer: Peer,
  ): Promise<Opened & Pick<Kept, 'stored'>> {
    const { keeper, store } = this.#parts;
    const before = await Promise.all([store.credential(account.id, 'imap'), store.credential(account.id, 'smtp')]);
    const { opens } = wish;
    const { previous } = wish.secrets;
    if (opens && !previous) throw malformed('opens: its secret is missing.');
    const other = opens && previous ? await this.#unlocks.instead(user.id, opens, previous, peer) : null;
    const totp = opens && opens.kind !== 'site' ? null : await this.#unlocks.totpOf(user, wish.totp);
    const hasChanged = previous !== null || other !== null;
    const kept = await this.#own.keep({
      user: user.id,
      servers: { imap, smtp },
      account,
      plain: plainAuth(account),
      ownSmtp: account.ownSmtp,
    });
    const opened = await keeper
      .enter({
        admission,
        slot,
        keys: user.keys,
        account: account.id,
        imap,
        smtp,
        credentialGeneration: Math.max(0, ...before.map((credential) => credential?.binding.generation ?? 0)),
        session: randomUUID() as SessionId,
        ...(other ? { opens: other.unlocking } : previous ? { previous: previous() } : {}),
        ...(totp ? { totp } : {}),
        ...kept.seal,
      })
      .then((all) => ({ ...all, credentials: renewed(account, all) }))
      .catch(async (error: unknown) => {
        await kept.undone();
        if (!doesNotOpen(error)) throw error;
        if (opens) throw asWrong(error, opens.kind);
        throw slotDoesNotOpen(opensBesides(await store.slots(user.id), account.id), { cause: error });
      });
    try {
      await this.#unlocks.admit(user, opened.totpStep);
      if (other) await this.#unlocks.used(other.found, peer);
    } catch (error) {
      await kept.undone();
      throw error;
    }
    const now = this.#clock.now();
    const stateAt = account.state === 'ok' ? account.stateAt : now;
    const auth = { ...kept.auth, ...(hasChanged && !kept.seal.instead ? { authSince: now } : {}) };
    const hold = sameTarget(smtp, account.smtp) ? {} : { smtpHold: null };
    const row = { imap, smtp, state: 'ok', stateAt, refused: null, checkedAt: now, ...hold, ...auth } as const;
    await store.changeAccount(account.id, row);
    await store.touchSlot(slot.id, now);
    await store.deleteExpiredSessions(now);
    if (hasChanged) await this.#own.mainChanged(user.id, imap);
    const moved = !sameTarget(imap, account.imap) || !sameTarget(smtp, account.smtp);
    const stored = async (): Promise<void> => {
      await kept.stored();
      if (kept.differs || moved || hasChanged) await this.#own.tell(account);
    };
    return { ...opened, stored };
  }

  /**
   * Somebody who has the mail password starts afresh. What other unlockers still open goes on beside; what nothing opens
   * any more goes.
   */
  async #giveUp({ id, user }: MailAccount, peer: Peer): Promise<void> {
    const { store } = this.#parts;
    const others = (await store.slots(user)).filter((slot) => slot.account !== id);
    if (others.length === 0) return this.erase(user);
    await store.detachLogin(id);
    this.#audit('unlocker-removed', user, peer, { kind: 'mail-password', why: 'start-afresh' });
  }

  /** Drops everything kept for a user: rows, keys, indexes. */
  async erase(user: UserId): Promise<void> {
    const { mailrooms, keeper, store } = this.#parts;
    for (const account of await store.accounts(user)) await this.#own.end(account);
    await mailrooms.ask('erase', { user, readOnly: true, proven: false, sessionState: '' }, {});
    await keeper.forget(user);
    await store.deleteUser(user);
  }
}
