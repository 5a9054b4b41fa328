import { randomUUID } from 'node:crypto';
import { logError } from '#base/log.ts';
import type { FoundSettings } from '#jmap/auth.ts';
import { Problem } from '#base/problem.ts';
import { openReach } from '#config/servers.ts';
import { parseAddress, settingsOf } from '#discovery/discover.ts';
import type { Credential, MailAccount, Session, User } from '#store/types.ts';
import { credentialBinding } from '#vault/associated.ts';
import { VaultError } from '#vault/errors.ts';
import type {
  Admission,
  MailAccountId,
  MailProtocol,
  Opened,
  SessionId,
  SessionSecrets,
  SlotId,
  SlotRow,
  Target,
  UserId,
} from '#vault/keeper.ts';
import { serverFacts } from './accounts.ts';
import { inTurn } from './in-turn.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { DoorError, malformed } from './problems.ts';
import type { Secrets, ServerForm, SignInForm } from './sign-in-form.ts';
import { type About, asDoorError, discoveryFailed } from './words.ts';

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

interface Servers {
  address: string;
  imap: Target;
  smtp: Target;
  provider: FoundSettings['provider'];
  /** Where the whole address is refused as the login, the part before the @ is tried once. */
  otherLogin: string | null;
}

const target = (protocol: MailProtocol, server: ServerForm, login: string): Target => ({
  protocol,
  host: server.host,
  port: server.port,
  security: server.security,
  username: server.username ?? login,
  pin: server.pin ?? null,
});

/** The way in by password: finds the servers, proves the password there, opens or makes the user. */
export const openEntrance = (parts: DoorParts) => {
  const { config, store, keeper, discover, clock, log } = parts;
  const reach = openReach(config.allowedServers, config.privateServers);
  const alone = inTurn();

  const look = async (address: string, domain: string): Promise<FoundSettings> => {
    const last = await settingsOf(discover(address));
    if (last.step === 'failed') throw discoveryFailed(domain, last.doubt, last.note);
    return last.settings;
  };

  /** A connection without TLS only to the operator's private servers. */
  const checkPlain = ({ host, port, security }: Target): void => {
    if (security !== 'none' || reach.isPrivateServer(host, port)) return;
    throw new DoorError(
      'no-tls',
      `Postern does not talk to ${host} without encryption.`,
      'Choose TLS or STARTTLS. Your password was not sent.',
    );
  };

  const serversOf = async (form: SignInForm): Promise<Servers> => {
    const who = parseAddress(form.address);
    if (!who) throw malformed('address: an e-mail address is expected.');
    const login = who.address.toLowerCase();
    const needed = !form.imap || !form.smtp;
    const found = needed && !(form.imap && !form.smtp) ? await look(who.address, who.domain) : null;
    const imap = form.imap ?? found?.imap;
    // Without a word about sending, the usual submission port of the same host is taken.
    const smtp = form.smtp ?? found?.smtp ?? (imap && { ...imap, port: 587, security: submissionSecurity(imap) });
    if (!imap || !smtp) throw malformed('imap: a server is expected.');
    const guessed = found?.loginUnsure === true && !form.imap;
    const servers: Servers = {
      address: who.address,
      imap: target('imap', form.imap ?? { ...imap, username: guessed ? login : imap.username }, login),
      smtp: target('smtp', form.smtp ?? { ...smtp, username: guessed ? login : smtp.username }, login),
      provider: found?.provider ?? null,
      otherLogin: guessed ? who.local : null,
    };
    checkPlain(servers.imap);
    checkPlain(servers.smtp);
    return servers;
  };

  const admit = async (servers: Servers, secrets: Secrets): Promise<{ servers: Servers; admission: Admission }> => {
    const about = (server: Target): About => ({ server: serverFacts(server), provider: servers.provider });
    try {
      return { servers, admission: await keeper.admit(servers.imap, secrets.password()) };
    } catch (error) {
      const refused = error instanceof VaultError && error.code === 'auth/refused';
      if (!refused || servers.otherLogin === null) throw asDoorError(error, about(servers.imap));
    }
    const { otherLogin } = servers;
    const other: Servers = {
      ...servers,
      imap: { ...servers.imap, username: otherLogin },
      smtp: { ...servers.smtp, username: otherLogin },
    };
    try {
      return { servers: other, admission: await keeper.admit(other.imap, secrets.password()) };
    } catch (error) {
      throw asDoorError(error, about(servers.imap));
    }
  };

  const sessionOf = (opened: Opened, peer: Peer, remember: boolean): Session => {
    const now = clock.now();
    return {
      ...opened.session,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + (remember ? remembered : unremembered),
      userAgent: peer.userAgent,
      address: peer.address,
      remember,
    };
  };

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

  /** The first time: a user is made. */
  const enroll = async (admission: string, servers: Servers, form: SignInForm, peer: Peer): Promise<Entered> => {
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
    if (!opened.keys) throw new DoorError('internal', 'Something in Postern went wrong.', 'Try again.');
    const now = clock.now();
    const session = sessionOf(opened, peer, form.remember);
    const row: User = { id: user, createdAt: now, keys: opened.keys };
    const mail: MailAccount = {
      id: account,
      user,
      address: servers.address,
      name: servers.address.slice(servers.address.lastIndexOf('@') + 1),
      position: 0,
      colour: 'patina',
      imap: servers.imap,
      smtp: servers.smtp,
      state: 'ok',
      stateAt: now,
    };
    await store.createUser({
      user: row,
      account: mail,
      credentials: credentialsOf(opened, user),
      slots: opened.slots,
      session,
    });
    return entered(opened, session);
  };

  /** A user who was here before: the user key is opened with the password, the credentials are sealed anew. */
  const enter = async (
    admission: string,
    known: { user: User; account: MailAccount; slot: SlotRow },
    servers: Pick<Servers, 'imap' | 'smtp'>,
    wish: { previous: Secrets['previous']; remember: boolean },
    peer: Peer,
  ): Promise<Entered> => {
    const { user, account, slot } = known;
    const before = await Promise.all([store.credential(account.id, 'imap'), store.credential(account.id, 'smtp')]);
    const opened = await keeper.enter({
      admission,
      slot,
      keys: user.keys,
      account: account.id,
      imap: servers.imap,
      smtp: servers.smtp,
      credentialGeneration: Math.max(0, ...before.map((credential) => credential?.binding.generation ?? 0)),
      session: randomUUID() as SessionId,
      ...(wish.previous ? { previous: wish.previous() } : {}),
    });
    const session = sessionOf(opened, peer, wish.remember);
    await store.saveAccount({
      ...account,
      imap: servers.imap,
      smtp: servers.smtp,
      state: 'ok',
      stateAt: account.state === 'ok' ? account.stateAt : clock.now(),
    });
    await store.addSession({ session, credentials: credentialsOf(opened, user.id), slots: opened.slots });
    await store.deleteExpiredSessions(clock.now());
    return entered(opened, session);
  };

  /** Drops everything kept for a user: rows, keys, indexes. */
  const erase = async (user: UserId): Promise<void> => {
    await parts.mailrooms.ask('erase', { user, readOnly: true, sessionState: '' }, {});
    await keeper.forget(user);
    await store.deleteUser(user);
  };

  return {
    /**
     * Signs in with address and password.
     * @throws DoorError
     */
    signIn: async (form: SignInForm, secrets: Secrets, peer: Peer): Promise<Entered> => {
      const wished = await serversOf(form);
      const { servers, admission } = await admit(wished, secrets);
      const { host, port, username } = servers.imap;
      return alone(`${host} ${port} ${username}`, async () => {
        const known = form.leaveNothing ? null : await store.userByLogin(servers.imap);
        if (known && form.startAfresh) await erase(known.user.id);
        if (!known?.slot || form.startAfresh) return enroll(admission.handle, servers, form, peer);
        const { user, account, slot } = known;
        const wish = { previous: secrets.previous, remember: form.remember };
        return enter(admission.handle, { user, account, slot }, servers, wish, peer);
      });
    },

    /**
     * Opens a locked session with the password of its user. A new session takes its place.
     * @throws DoorError
     */
    again: async (former: Session, secrets: Secrets, peer: Peer): Promise<Entered> => {
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
      const { admission } = await admit({ address, imap, smtp, provider: null, otherLogin: null }, secrets);
      const wish = { previous: secrets.previous, remember: former.remember };
      return enter(admission.handle, { user, account, slot }, account, wish, peer);
    },

    /** After the last session of somebody who wanted nothing kept, nothing is. */
    tidy: async (user: UserId): Promise<void> => {
      try {
        const left = await store.sessions(user);
        if (left.some((session) => session.expiresAt > clock.now())) return;
        if ((await store.slots(user, 'mail-password')).length === 0) await erase(user);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        logError(log, 'user not tidied', error);
      }
    },
  };
};

const submissionSecurity = ({ security }: { security: ServerForm['security'] }): ServerForm['security'] =>
  security === 'tls' ? 'starttls' : security;

export type Entrance = ReturnType<typeof openEntrance>;
