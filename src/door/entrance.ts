import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import { must } from '#base/must.ts';
import { Problem } from '#base/problem.ts';
import { newSlot, newUser, usualAccount } from '#store/new-rows.ts';
import type { Credential, MailAccount, Session, User } from '#store/types.ts';
import { credentialBinding } from '#vault/associated.ts';
import type { MailAccountId, Opened, SessionId, SessionSecrets, SlotId, SlotRow, UserId } from '#vault/keeper.ts';
import { inTurn } from './in-turn.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { DoorError } from './problems.ts';
import { admit, openServers, type Servers } from './servers.ts';
import type { Secrets } from './secret-form.ts';
import type { SignInForm } from './sign-in-form.ts';

const hour = 3_600_000;
const remembered = 30 * 24 * hour;
const unremembered = 24 * hour;

/** What a browser gets after its password was right. `maxAge` in seconds; null: until the browser ends. */
export interface Entered {
  user: UserId;
  session: Session;
  secrets: SessionSecrets;
  maxAge: number | null;
}

const sessionOf = (opened: Opened, peer: Peer, remember: boolean, now: number): Session => ({
  ...opened.session,
  createdAt: now,
  lastSeenAt: now,
  expiresAt: now + (remember ? remembered : unremembered),
  userAgent: peer.userAgent,
  address: peer.address,
  remember,
});

const credentialsOf = (opened: Opened, user: UserId): Credential[] =>
  opened.credentials.map(({ account, protocol, generation, sealed }) => ({
    account,
    protocol,
    binding: credentialBinding(user, account, protocol, generation),
    sealed,
  }));

const entered = (opened: Opened, session: Session): Entered => ({
  user: session.user,
  session,
  secrets: opened.secrets,
  maxAge: session.remember ? remembered / 1_000 : null,
});

const newAccount = (id: MailAccountId, user: UserId, { address, imap, smtp }: Servers, now: number): MailAccount => ({
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

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#serversOf = openServers(parts.config, parts.discover);
  }

  /**
   * Signs in with address and password.
   * @throws DoorError
   */
  async signIn(form: SignInForm, secrets: Secrets, peer: Peer): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const { servers, admission } = await admit(keeper, await this.#serversOf(form), secrets);
    const { host, port, username } = servers.imap;
    return this.#alone(`${host} ${port} ${username}`, async () => {
      const known = form.leaveNothing ? null : await store.userByLogin(servers.imap);
      if (known && form.startAfresh) await this.#erase(known.user.id);
      if (!known?.slot || form.startAfresh) return this.#enroll(admission.handle, servers, form, peer);
      const { user, account, slot } = known;
      const wish = { previous: secrets.previous, remember: form.remember };
      return this.#enter(admission.handle, { user, account, slot }, servers, wish, peer);
    });
  }

  /**
   * Opens a locked session with the password of its user. A new session takes its place.
   * @throws DoorError
   */
  async again(former: Session, secrets: Secrets, peer: Peer): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const user = await store.user(former.user);
    const [slot] = await store.slots(former.user, 'mail-password');
    const account = (await store.accounts(former.user)).find((each) => each.id === slot?.account);
    if (!user || !slot || !account)
      throw new DoorError(
        'unauthenticated',
        'This session cannot be opened again.',
        'Nothing was to be kept on this server. Sign in anew.',
      );
    const { address, imap, smtp } = account;
    const servers = { address, imap, smtp, provider: null, otherLogin: null };
    const { admission } = await admit(keeper, servers, secrets, slot);
    const wish = { previous: secrets.previous, remember: former.remember };
    return this.#enter(admission.handle, { user, account, slot }, account, wish, peer);
  }

  /** After the last session of somebody who wanted nothing kept, nothing is. */
  async tidy(user: UserId): Promise<void> {
    const { store, log } = this.#parts;
    try {
      const left = await store.sessions(user);
      if (left.some((session) => session.expiresAt > this.#clock.now())) return;
      if ((await store.slots(user, 'mail-password')).length === 0) await this.#erase(user);
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
    const opened = await keeper.enroll({
      admission,
      user,
      account,
      imap: servers.imap,
      smtp: servers.smtp,
      session: randomUUID() as SessionId,
      slot: randomUUID() as SlotId,
      leaveNothing: form.leaveNothing,
    });
    const now = this.#clock.now();
    const session = sessionOf(opened, peer, form.remember, now);
    await store.createUser({
      user: newUser(user, now, must(opened.keys, 'a new user has keys')),
      account: newAccount(account, user, servers, now),
      credentials: credentialsOf(opened, user),
      slots: opened.slots.map((slot) => newSlot(slot, now, { lastUsedAt: now })),
      session,
    });
    return entered(opened, session);
  }

  /** A user who was here before: the user key is opened with the password, the credentials are sealed anew. */
  async #enter(
    admission: string,
    { user, account, slot }: Known,
    { imap, smtp }: Pick<Servers, 'imap' | 'smtp'>,
    wish: { previous: Secrets['previous']; remember: boolean },
    peer: Peer,
  ): Promise<Entered> {
    const { keeper, store } = this.#parts;
    const before = await Promise.all([store.credential(account.id, 'imap'), store.credential(account.id, 'smtp')]);
    const opened = await keeper.enter({
      admission,
      slot,
      keys: user.keys,
      account: account.id,
      imap,
      smtp,
      credentialGeneration: Math.max(0, ...before.map((credential) => credential?.binding.generation ?? 0)),
      session: randomUUID() as SessionId,
      ...(wish.previous ? { previous: wish.previous() } : {}),
    });
    const now = this.#clock.now();
    const session = sessionOf(opened, peer, wish.remember, now);
    const stateAt = account.state === 'ok' ? account.stateAt : now;
    await store.saveAccount({ ...account, imap, smtp, state: 'ok', stateAt });
    await store.addSession({ session, credentials: credentialsOf(opened, user.id), slots: opened.slots });
    await store.deleteExpiredSessions(now);
    return entered(opened, session);
  }

  /** Drops everything kept for a user: rows, keys, indexes. */
  async #erase(user: UserId): Promise<void> {
    const { mailrooms, keeper, store } = this.#parts;
    await mailrooms.ask('erase', { user, readOnly: true, proven: false, sessionState: '' }, {});
    await keeper.forget(user);
    await store.deleteUser(user);
  }
}
