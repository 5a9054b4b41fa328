import { randomUUID } from 'node:crypto';
import type { AccountCheck, AccountFacts, ServerCheck } from '#jmap/auth/accounts.ts';
import { jmapAccountId } from '#mailroom/account-id.ts';
import type { AuditKind } from '#store/audit-kinds.ts';
import { StoreError } from '#store/errors.ts';
import { usualAccount } from '#store/new-rows.ts';
import type { AuditEntry, Credential, MailAccount, Slot } from '#store/types.ts';
import { credentialBinding, sameTarget } from '#vault/associated.ts';
import type { MailAccountId, MailProtocol, Opened, Target, UserId } from '#vault/keeper.ts';
import { accountFacts, awayChoices } from './account-facts.ts';
import { type AddForm, type Auth, freeColour, type PatchForm, type Proven, type RenewForm } from './account-form.ts';
import { numbered, placed } from './account-order.ts';
import { Prover, troubleOf } from './account-proving.ts';
import { elsewhere, exists, lastAccount, lastUnlocker, mostAccounts, tooMany } from './account-words.ts';
import { inTurn } from './in-turn.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { malformed, notFound } from './problems.ts';
import { OwnPasswords, plainAuth } from './own-passwords.ts';
import { needProof } from './proof.ts';
import type { Secrets } from './secret-form.ts';
import { openServers } from './servers.ts';
import type { Sessions, Visitor } from './sessions.ts';

/** Who asks, and from where. */
export interface Asking {
  visitor: Visitor;
  peer: Peer;
}

const credentialsOf = (user: UserId, sealed: Opened['credentials']): Credential[] =>
  sealed.map(({ account, protocol, generation, sealed: bytes }) => ({
    account,
    protocol,
    binding: credentialBinding(user, account, protocol, generation),
    sealed: bytes,
  }));

/** Several accounts of one user: adding, changing, proving and removing them (docs/spec/vault.md, V100 and after). */
export class AccountDesk {
  readonly #parts: DoorParts;
  readonly #sessions: Sessions;
  readonly #prover: Prover;
  readonly #own: OwnPasswords;
  readonly #serversOf: ReturnType<typeof openServers>;
  /** Changes of one user's accounts are made one after another. */
  readonly #alone = inTurn();

  constructor(parts: DoorParts, sessions: Sessions) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#prover = new Prover(parts.keeper, parts.config);
    this.#own = new OwnPasswords(parts);
    this.#serversOf = openServers(parts.config, parts.discover);
  }

  async list({ visitor }: Asking): Promise<AccountFacts[]> {
    const [accounts, direct, words] = await Promise.all([
      this.#parts.store.accounts(visitor.user),
      this.#direct(visitor.user),
      this.#sessions.ask(visitor, 'refusals', {}),
    ]);
    return accounts.map((account) =>
      accountFacts(account, { direct: direct.has(account.id), words: words[account.id] ?? null }),
    );
  }

  /** The account of this JMAP accountId. @throws DoorError `not-found` */
  async find(visitor: Visitor, id: string): Promise<MailAccount> {
    const account = (await this.#parts.store.accounts(visitor.user)).find((each) => jmapAccountId(each) === id);
    if (!account) throw notFound();
    return account;
  }

  /** @throws DoorError each of the errors of signing in, with `protocol`; `account-exists`, `account-elsewhere` */
  async add(asking: Asking, form: AddForm, secrets: Secrets): Promise<AccountFacts> {
    const { store } = this.#parts;
    const { user } = asking.visitor;
    const wished = await this.#serversOf(form);
    await this.#refuseTwice(user, wished.address, wished.imap);
    const { servers, admission } = await this.#prover.imap(wished, secrets, asking.peer.address);
    const { address, imap } = servers;
    const smtp = {
      ...servers.smtp,
      username: form.smtp ? servers.smtp.username : (form.smtpUsername ?? servers.smtp.username),
    };
    const other = await store.userByLogin(imap);
    if (other && other.user.id !== user && !form.anyway) throw elsewhere(address);
    const own = secrets.previous !== null;
    const secret = secrets.previous ?? (form.smtp || form.smtpUsername !== undefined ? secrets.password : null);
    const sending = secret && (await this.#prover.smtp(smtp, secret(), servers.provider));
    const handles = { admission: admission.handle, sending: own && sending ? sending.handle : null };
    const auth = { auth: 'password', authId: null } as const;
    return this.addProven(asking, { address, imap, smtp, form, ...handles, auth });
  }

  /** Keeps what was proven as a further account. @throws DoorError `account-exists` */
  async addProven(asking: Asking, proven: Proven): Promise<AccountFacts> {
    const { store, keeper, clock } = this.#parts;
    const { user } = asking.visitor;
    const { address, imap, smtp, form, admission, sending, auth } = proven;
    return this.#alone(user, async () => {
      const accounts = await this.#refuseTwice(user, address, imap);
      const now = clock.now();
      const account: MailAccount = {
        id: randomUUID() as MailAccountId,
        user,
        address,
        name: form.name ?? address.slice(address.lastIndexOf('@') + 1),
        position: accounts.length,
        colour: form.colour ?? freeColour(accounts.map(({ colour }) => colour)),
        imap,
        smtp,
        ...usualAccount(now),
        ...auth,
        inAllInboxes: form.inAllInboxes ?? true,
        ownSmtp: sending !== null,
        checkedAt: now,
      };
      const kept = await this.#own.keep({ ...account, account: null, servers: { imap, smtp }, plain: auth });
      try {
        const { credentials } = await keeper.keepPasswords({
          user,
          account: account.id,
          imap: { admission, target: imap },
          smtp: { admission: sending, target: smtp },
          credentialGeneration: 0,
          servers: { imap, smtp },
          slot: null,
          ...kept.seal,
        });
        const row = { ...account, ...kept.auth };
        await store.keepAccount({ account: row, credentials: credentialsOf(user, credentials), slots: [] });
      } catch (error) {
        await kept.undone();
        throw error;
      }
      await this.#note(asking, 'account-added', { account: account.id, address });
      await this.#changed(user, {});
      return this.#facts(asking.visitor, account.id);
    });
  }

  /** Another password, or other servers; when refused nothing has changed. @throws DoorError as {@link add}, `proof-needed` */
  async renew(asking: Asking, id: string, form: RenewForm, secrets: Secrets): Promise<AccountFacts> {
    const { visitor, peer } = asking;
    const account = await this.find(visitor, id);
    if (form.address.toLowerCase() !== account.address.toLowerCase())
      throw malformed('address: it is another account.');
    const imap = form.imap ? this.#prover.named('imap', form.imap, account) : account.imap;
    const smtp = form.smtp ? this.#prover.named('smtp', form.smtp, account) : account.smtp;
    const slot = (await this.#direct(visitor.user)).get(account.id) ?? null;
    const moved = !sameTarget(imap, account.imap) || !sameTarget(smtp, account.smtp);
    // Whoever runs the servers of a direct account can sign in with it.
    if (moved && slot) await needProof(this.#sessions, this.#parts.store, visitor);
    if (form.only === 'smtp') {
      if (form.imap || (moved && slot)) throw malformed('only: other servers need the password of IMAP too.');
      const sending = await this.#prover.smtp(smtp, secrets.password(), null);
      return this.#keep(
        asking,
        account,
        { imap: null, smtp: { admission: sending.handle, target: smtp }, own: true },
        null,
      );
    }
    const servers = { address: account.address, imap, smtp, provider: null, otherLogin: null };
    const { admission } = await this.#prover.imap(servers, secrets, peer.address);
    const own = secrets.previous !== null;
    const secret = secrets.previous ?? (form.smtp || account.ownSmtp ? secrets.password : null);
    const sending = secret && (await this.#prover.smtp(smtp, secret(), null));
    const proven = {
      imap: { admission: admission.handle, target: imap },
      smtp: { admission: own && sending ? sending.handle : null, target: smtp },
      own,
    };
    return this.#keep(asking, account, proven, slot);
  }

  /** By the issuer `auth` names, at the servers there are. @throws DoorError `not-found` */
  async reconnect(asking: Asking, account: MailAccount, admission: string, auth: Auth): Promise<AccountFacts> {
    const { imap, smtp } = account;
    const proven = { imap: { admission, target: imap }, smtp: { admission: null, target: smtp }, own: false, auth };
    return this.#keep(asking, account, proven, null);
  }

  async #keep(
    asking: Asking,
    { id, user }: MailAccount,
    proven: {
      imap: { admission: string; target: Target } | null;
      smtp: { admission: string | null; target: Target };
      own: boolean;
      auth?: Auth;
    },
    slot: Slot | null,
  ): Promise<AccountFacts> {
    const { store, keeper, clock } = this.#parts;
    return this.#alone(user, async () => {
      const account = await store.account(id);
      if (!account) throw notFound();
      const { imap, smtp, own } = proven;
      const before = await Promise.all([store.credential(id, 'imap'), store.credential(id, 'smtp')]);
      const servers = { imap: imap?.target ?? account.imap, smtp: smtp.target };
      const plain = proven.auth ?? plainAuth(account);
      const kept = imap && (await this.#own.keep({ user, servers, account, plain, ownSmtp: own, renews: true }));
      const sealed = await keeper
        .keepPasswords({
          user,
          account: id,
          imap,
          smtp,
          credentialGeneration: Math.max(0, ...before.map((credential) => credential?.binding.generation ?? 0)),
          servers,
          slot,
          ...kept?.seal,
        })
        .catch(async (error: unknown) => {
          await kept?.undone();
          throw error;
        });
      const now = clock.now();
      const cured = account.state === 'refused' && (imap !== null || account.refused === 'smtp');
      const renewed: MailAccount = {
        ...account,
        ...servers,
        ownSmtp: own,
        ...(cured ? { state: 'ok', stateAt: now, refused: null } : {}),
        authSince: now,
        ...kept?.auth,
        checkedAt: now,
        ...(sameTarget(servers.smtp, account.smtp) ? {} : { smtpHold: null }),
        certificates: {
          imap: this.#stillSeen('imap', account, servers.imap),
          smtp: this.#stillSeen('smtp', account, servers.smtp),
        },
      };
      try {
        await store.keepAccount({
          account: renewed,
          credentials: credentialsOf(user, sealed.credentials),
          slots: sealed.slots,
        });
      } catch (error) {
        await kept?.undone();
        if (error instanceof StoreError && error.code === 'store/conflict') throw elsewhere(account.address);
        throw error;
      }
      await kept?.stored();
      if (imap && !proven.auth) await this.#own.mainChanged(user, renewed.imap);
      await this.#note(asking, 'account-changed', { account: id, what: 'password' });
      await this.#changed(user, { renew: id });
      return this.#facts(asking.visitor, id);
    });
  }

  /** What another server showed says nothing of this one. */
  #stillSeen(protocol: MailProtocol, account: MailAccount, now: Target): MailAccount['certificates'][MailProtocol] {
    const { host, port } = account[protocol];
    return host === now.host && port === now.port ? account.certificates[protocol] : null;
  }

  async patch(asking: Asking, id: string, form: PatchForm): Promise<AccountFacts> {
    const { store, clock } = this.#parts;
    const { visitor } = asking;
    return this.#alone(visitor.user, async () => {
      const account = await this.find(visitor, id);
      const away = form.away ?? account.away;
      if (form.away && !awayChoices(account).some((choice) => choice.away === form.away && choice.possible))
        throw malformed('away: the servers of this account have nothing for it.');
      const until = typeof form.awayUntil === 'string' ? Date.parse(form.awayUntil) : (form.awayUntil ?? null);
      if (until !== null && (away !== 'resident' || until <= clock.now()))
        throw malformed('awayUntil: a time to come is expected, and resident.');
      const seen = (protocol: MailProtocol) => {
        const certificate = account.certificates[protocol];
        return certificate && { ...certificate, change: null };
      };
      await store.changeAccount(account.id, {
        ...(form.name === undefined ? {} : { name: form.name }),
        ...(form.colour === undefined ? {} : { colour: form.colour }),
        ...(form.inAllInboxes === undefined ? {} : { inAllInboxes: form.inAllInboxes }),
        ...(form.identity === undefined ? {} : { identity: form.identity }),
        ...(form.changesSeen ? { certificates: { imap: seen('imap'), smtp: seen('smtp') } } : {}),
        away,
        awayUntil: away === 'resident' ? (form.awayUntil === undefined ? account.awayUntil : until) : null,
      });
      if (form.position !== undefined)
        await numbered(store, placed(await store.accounts(visitor.user), account.id, form.position));
      if (away !== account.away)
        await this.#note(asking, 'account-changed', { account: account.id, what: `away:${away}` });
      await this.#changed(visitor.user, {});
      return this.#facts(visitor, account.id);
    });
  }

  /** Asks both servers, once each. */
  async check({ visitor }: Asking, id: string): Promise<AccountCheck> {
    const account = await this.find(visitor, id);
    const answer = await this.#sessions.ask(visitor, 'check', { account: account.id });
    if (!answer) throw notFound();
    const { imap, smtp } = answer;
    const said = (protocol: MailProtocol, code: string, words: string | null): ServerCheck => ({
      state: code === 'auth/refused' ? 'refused' : 'away',
      problem: troubleOf(account[protocol], code, words),
    });
    const fine: ServerCheck = { state: 'ok', problem: null };
    return {
      imap:
        imap.at === 'live'
          ? fine
          : imap.at === 'refused'
            ? said('imap', 'auth/refused', imap.words)
            : said('imap', imap.at === 'away' ? imap.code : 'net/timeout', imap.at === 'away' ? imap.words : null),
      smtp: smtp === null ? fine : said('smtp', smtp.code, smtp.words),
      account: await this.#facts(visitor, account.id),
    };
  }

  /** @throws DoorError `proof-needed`, `last-account`, `last-unlocker` */
  async remove(asking: Asking, id: string): Promise<void> {
    const { store } = this.#parts;
    const { visitor } = asking;
    const { user } = visitor;
    await needProof(this.#sessions, store, visitor);
    await this.#alone(user, async () => {
      const account = await this.find(visitor, id);
      if ((await store.accounts(user)).length === 1) throw lastAccount();
      const slots = await store.slots(user);
      const opens = slots.some((slot) => slot.account !== account.id && slot.kind !== 'session');
      if (slots.some((slot) => slot.account === account.id) && !opens) throw lastUnlocker(account.address);
      await this.#changed(user, { erase: account.id });
      await store.deleteAccount(account.id);
      // What was asked for between the two may have opened it again.
      await this.#changed(user, { erase: account.id });
      await this.#own.end(account);
      await numbered(store, await store.accounts(user));
      await this.#changed(user, {});
      await this.#note(asking, 'account-removed', { account: account.id, address: account.address });
    });
  }

  /** Everything of this user. @throws DoorError `proof-needed` */
  async removeUser(asking: Asking): Promise<void> {
    const { store, mailrooms, keeper } = this.#parts;
    const { visitor } = asking;
    const { user } = visitor;
    await needProof(this.#sessions, store, visitor);
    await this.#alone(user, async () => {
      const accounts = await store.accounts(user);
      const sessions = await store.sessions(user);
      await mailrooms.ask('erase', { user, readOnly: true, proven: false, sessionState: '' }, {});
      await keeper.forget(user);
      await store.deleteUser(user);
      for (const account of accounts) await this.#own.end(account);
      for (const { id } of sessions) await this.#sessions.remove(id);
      // Whoever asked for something meanwhile opened what is gone now.
      await mailrooms.ask('erase', { user, readOnly: true, proven: false, sessionState: '' }, {});
      await this.#note(asking, 'user-deleted', {});
    });
  }

  async #facts(visitor: Visitor, id: MailAccountId): Promise<AccountFacts> {
    const account = await this.#parts.store.account(id);
    if (!account) throw notFound();
    const [direct, words] = await Promise.all([
      this.#direct(visitor.user),
      this.#sessions.ask(visitor, 'refusals', {}),
    ]);
    return accountFacts(account, { direct: direct.has(id), words: words[id] ?? null });
  }

  /** The slots of accounts that their user signs in with. */
  async #direct(user: UserId): Promise<Map<MailAccountId, Slot>> {
    const slots = await this.#parts.store.slots(user, 'mail-password');
    return new Map(slots.flatMap((slot) => (slot.account ? [[slot.account, slot]] : [])));
  }

  /** @throws DoorError `account-exists` */
  async #refuseTwice(user: UserId, address: string, imap: Target): Promise<MailAccount[]> {
    const accounts = await this.#parts.store.accounts(user);
    const same = ({ imap: { host, port, username } }: MailAccount): boolean =>
      host === imap.host && port === imap.port && username === imap.username;
    if (accounts.some(same)) throw exists(address);
    if (accounts.length >= mostAccounts) throw tooMany();
    return accounts;
  }

  /** The mailroom brings what is open in step. */
  async #changed(user: UserId, what: { renew?: MailAccountId; erase?: MailAccountId }): Promise<void> {
    const who = { user, readOnly: true, proven: false, sessionState: '' };
    await this.#parts.mailrooms.ask('accounts', who, { renew: what.renew ?? null, erase: what.erase ?? null });
  }

  async #note({ visitor, peer }: Asking, kind: AuditKind, facts: AuditEntry['facts']): Promise<void> {
    const { store, clock } = this.#parts;
    const { address, userAgent } = peer;
    await store.audit({ id: randomUUID(), user: visitor.user, at: clock.now(), kind, address, userAgent, facts });
  }
}
