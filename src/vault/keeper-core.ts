import sodium from 'sodium-native';
import { systemClock, type Clock } from '#base/clock.ts';
import { Admissions } from './admissions.ts';
import { Arena, type Place } from './arena.ts';
import { copyOf, random, same, wipe } from './bytes.ts';
import { finishProven, sameAsAdmitted, sealPasswords, sealProven } from './account-keys.ts';
import { signIn, type SignedIn } from './connect.ts';
import { openCredential } from './credential.ts';
import { VaultError } from './errors.ts';
import { HostKeys, keptDays } from './host-keys.ts';
import type { AccountPasswords, Admission, Binding, IncomingSecret, Keeper, MailAccountId, Opened } from './keeper.ts';
import type {
  SealedCredential,
  SessionRow,
  SessionSecrets,
  SlotId,
  SlotRow,
  Target,
  TurnPart,
  TurnedPart,
  UserId,
  UserKeys,
} from './keeper.ts';
import { derive, isWeaker, standardCost, type Cost } from './keys.ts';
import { lockedKiB } from './memory.ts';
import type { Network } from './network.ts';
import { OAuth } from './oauth.ts';
import { Issuers, type OAuthClient } from './oauth-issuers.ts';
import type { Proof } from './oauth-secret.ts';
import { makeRecordKey, openRecordKey } from './record-keys.ts';
import { openIncoming } from './sealed-box.ts';
import type { SealedPurpose } from './sealed-purposes.ts';
import { makeSecretSlot, openSecretSlot, secretLength } from './secret-slots.ts';
import { keysFit, makePasswordSlot, makeSession, makeUser } from './slots.ts';
import { openPasswordSlot, openSession, slotCost, slotServes } from './slots.ts';
import { Tickets } from './tickets.ts';
import { Turning } from './turning.ts';
import { Unlockers } from './unlockers.ts';

export interface CoreOptions {
  secretFile: string;
  network: Network;
  /** OAuth2 clients, and how their issuers are reached. */
  oauth?: { clients: readonly OAuthClient[]; network: Network };
  /** Argon2id cost of new password slots. */
  cost?: Cost;
  /** Users whose keys fit in memory at once. */
  users?: number;
  clock?: Clock;
}

type EnrollWish = Parameters<Keeper['enroll']>[0];
type EnterWish = Parameters<Keeper['enter']>[0];

/** Places of the arena that are not user keys: pepper, host key ring, box key, admission key, ticket key. */
const ownPlaces = keptDays + 17;

/** What the keeper does, without the socket around it; {@link Keeper} says what each method promises. */
export class KeeperCore {
  readonly #publicKey: Buffer;
  readonly #arena: Arena;
  readonly #boxKey: Place;
  readonly #host: HostKeys;
  readonly #network: Network;
  readonly #cost: Cost;
  readonly #admissions: Admissions;
  readonly #tickets: Tickets;
  readonly #unlockers: Unlockers;
  readonly #turning: Turning;
  readonly #oauth: OAuth;
  readonly #users = new Map<UserId, Place>();
  /** Of users who are away: the accounts that stay open; nothing else of theirs does. */
  readonly #away = new Map<UserId, ReadonlySet<MailAccountId>>();

  /** @throws VaultError `host/secret-file` */
  constructor(options: CoreOptions) {
    const clock = options.clock ?? systemClock;
    this.#arena = new Arena((options.users ?? 16_384) + ownPlaces);
    this.#host = new HostKeys(this.#arena, options.secretFile, clock);
    this.#network = options.network;
    this.#cost = options.cost ?? standardCost;
    this.#admissions = new Admissions(this.#arena, clock);
    this.#tickets = new Tickets(this.#arena, clock);
    const { clients, network } = options.oauth ?? { clients: [], network: options.network };
    this.#oauth = new OAuth(new Issuers(clients, network, clock), this.#arena, clock);
    const publicKey = Buffer.alloc(32);
    this.#boxKey = this.#arena.put((secretKey) => sodium.crypto_box_keypair(publicKey, secretKey));
    this.#publicKey = publicKey;
    this.#unlockers = new Unlockers({
      host: this.#host,
      cost: this.#cost,
      clock,
      incoming: (secret, purposes) => this.#open(secret, purposes),
      userKey: (user) => this.#withUserKey(user, copyOf),
      remember: (user, userKey) => this.#remember(user, userKey),
    });
    this.#turning = new Turning(this.#arena, clock, { host: this.#host, cost: this.#cost }, this.#unlockers);
  }

  /** Whether the memory for keys is locked; null where the system does not say. Refused locks go unreported by the system. */
  memoryIsLocked(): boolean | null {
    const locked = lockedKiB();
    return locked === null ? null : locked >= this.#arena.sizeKiB;
  }

  publicKey(): Buffer {
    return copyOf(this.#publicKey);
  }

  async admit(
    target: Target,
    secret: IncomingSecret,
    kept?: Parameters<Keeper['admit']>[2],
    from: string | null = null,
  ): Promise<Admission> {
    if (kept && !slotServes(this.#host, kept.slot, { imap: target, smtp: kept.smtp }))
      throw new VaultError('record/does-not-open', 'the servers are not those of the slot');
    const password = this.#open(secret, target.protocol === 'smtp' ? ['smtp-password', 'mail-password'] : undefined);
    try {
      return await this.#admit(target, password, password, from);
    } finally {
      wipe(password);
    }
  }

  /** `kept` is what is held for later, `proof` what the server is shown. */
  async #admit(target: Target, proof: Proof, kept: Uint8Array, from: string | null): Promise<Admission> {
    const signedIn = await signIn(this.#network, target, proof, from);
    const { capabilities, greeting, certificate, privateAddress } = signedIn;
    const handle = this.#admissions.hold(target, kept, signedIn);
    return { handle, capabilities, greeting, certificate, privateAddress };
  }

  beginOAuth: Keeper['beginOAuth'] = (wish) => this.#oauth.begin(wish);

  admitOAuth: Keeper['admitOAuth'] = (target, answer, from = null) =>
    this.#oauth.exchange(answer, (kept, token) => this.#admit(target, token, kept, from));

  freshen: Keeper['freshen'] = async (credentials, anew) =>
    this.#oauth.freshen(
      (user) => this.#withWrapKey({ user, account: credentials[0]?.binding.account ?? null }, copyOf),
      credentials,
      anew,
    );

  async enroll(wish: EnrollWish): Promise<Opened> {
    const { user, account } = wish;
    const opened = await this.#admissions.use(wish.admission, async (target, password) => {
      sameAsAdmitted(target, wish.imap);
      const { userKey, keys } = makeUser(user);
      try {
        const name = { id: wish.slot, user, kind: 'mail-password', account, generation: 1 } as const;
        const slots = wish.leaveNothing
          ? []
          : [await makePasswordSlot(this.#host, name, password, userKey, this.#cost, wish)];
        const credentials = await this.#sealed(userKey, { ...wish, credentialGeneration: 0 }, password);
        const session = makeSession(this.#host, { id: wish.session, user, generation: 1 }, userKey);
        this.#remember(user, userKey);
        return { slots, keys, credentials, ...session, totpStep: null };
      } finally {
        wipe(userKey);
      }
    });
    finishProven(this.#admissions, wish.admission, { ...wish, user, account });
    return opened;
  }

  async enter(wish: EnterWish): Promise<Opened> {
    const { slot, account } = wish;
    const { user } = slot;
    const opened = await this.#admissions.use(wish.admission, async (target, password) => {
      sameAsAdmitted(target, wish.imap);
      const userKey = await this.#entering(wish, password);
      try {
        if (!keysFit(user, userKey, wish.keys)) throw new VaultError('slot/does-not-open', 'the keys do not fit');
        const totp = wish.totp ? this.#unlockers.totp(userKey, wish.totp) : null;
        const other = wish.previous !== undefined || wish.opens !== undefined;
        const renew = other || isWeaker(slotCost(slot), this.#cost) || !slotServes(this.#host, slot, wish);
        const name = { id: slot.id, user, kind: slot.kind, account: slot.account, generation: slot.generation + 1 };
        const slots = renew ? [await makePasswordSlot(this.#host, name, password, userKey, this.#cost, wish)] : [];
        const credentials = await this.#sealed(userKey, { ...wish, user }, password);
        const session = makeSession(this.#host, { id: wish.session, user, generation: 1 }, userKey);
        this.#remember(user, userKey);
        return { slots, keys: null, credentials, ...session, totpStep: totp };
      } finally {
        wipe(userKey);
      }
    });
    finishProven(this.#admissions, wish.admission, { ...wish, user, account });
    return opened;
  }

  /** The user key of a later sign-in, by the admitted password, the one before it or another unlocker. */
  async #entering({ slot, keys, previous, opens }: EnterWish, password: Uint8Array): Promise<Buffer> {
    if (opens) {
      if (opens.slot.user !== slot.user) throw new VaultError('slot/does-not-open', 'a slot of another user');
      const opened = await this.#unlockers.userKeyOf(opens, keys);
      return opened.userKey;
    }
    const before = previous ? this.#open(previous) : null;
    return openPasswordSlot(this.#host, slot, before ?? password).finally(() => wipe(before));
  }

  open: Unlockers['open'] = (wish) => this.#unlockers.open(wish);
  isKept(credential: SealedCredential, secret: IncomingSecret): boolean {
    const given = this.#open(secret);
    const kept = this.#withWrapKey(credential.binding, (key) => openCredential(key, credential));
    const fits = same(given, kept);
    wipe(given, kept);
    return fits;
  }

  refuse: Unlockers['refuse'] = (secret) => this.#unlockers.refuse(secret);
  makeUnlocker: Unlockers['make'] = (wish) => this.#unlockers.make(wish);
  makeRecovery: Unlockers['makeRecovery'] = (user) => this.#unlockers.makeRecovery(user);
  recoverySlot: Unlockers['recoverySlot'] = (secret) => this.#unlockers.recoverySlot(secret);
  makeTotp: Unlockers['makeTotp'] = (binding) => this.#unlockers.makeTotp(binding);
  checkTotp: Unlockers['checkTotp'] = (proof) => this.#unlockers.checkTotp(proof);

  beginTurn(user: UserId): UserKeys {
    return this.#withUserKey(user, () => this.#turning.begin(user, () => this.forget(user)));
  }

  async turnPart(user: UserId, part: TurnPart): Promise<TurnedPart> {
    const place = this.#users.get(user);
    if (place === undefined) throw new VaultError('user/locked', 'the user is locked');
    const former = this.#arena.use(place, copyOf);
    try {
      return await this.#turning.part(user, former, part);
    } finally {
      wipe(former);
    }
  }

  endTurn(user: UserId, kept: boolean): void {
    const next = this.#turning.end(user);
    if (kept) {
      this.forget(user);
      this.#remember(user, next);
    }
    wipe(next);
  }

  unlock(session: SessionRow, keys: UserKeys, unlockKey: Uint8Array): void {
    this.#take(session.user, keys, openSession(this.#host, session, unlockKey), 'session/does-not-open');
  }

  rotate(session: SessionRow): { session: SessionRow; secrets: SessionSecrets } {
    const name = { id: session.id, user: session.user, generation: session.generation + 1 };
    return this.#withUserKey(session.user, (userKey) => makeSession(this.#host, name, userKey));
  }

  makeToken(user: UserId, id: SlotId): { slot: SlotRow; secret: Buffer } {
    const name = { id, user, kind: 'token', account: null, generation: 1 } as const;
    const secret = random(secretLength.token);
    return this.#withUserKey(user, (userKey) => ({ slot: makeSecretSlot(this.#host, name, secret, userKey), secret }));
  }

  unlockByToken(slot: SlotRow, keys: UserKeys, secret: Uint8Array): void {
    this.#take(slot.user, keys, openSecretSlot(this.#host, slot, secret), 'slot/does-not-open');
  }

  isOpen(user: UserId): boolean {
    return this.#users.has(user);
  }

  narrow(user: UserId, accounts: readonly MailAccountId[]): void {
    if (!this.#users.has(user)) throw new VaultError('user/locked', 'the user is locked');
    this.#away.set(user, new Set(accounts));
    this.#admissions.forget(user);
  }

  forget(user: UserId): void {
    this.#turning.drop(user);
    this.#away.delete(user);
    const place = this.#users.get(user);
    if (place !== undefined) this.#arena.drop(place);
    this.#users.delete(user);
    this.#admissions.forget(user);
    this.#oauth.forget(user);
  }

  async connect(credential: SealedCredential): Promise<SignedIn> {
    const { binding, target } = credential;
    if (binding.purpose !== 'mail-password') throw new VaultError('record/refused', 'not a credential');
    const password = this.#withWrapKey(binding, (key) => openCredential(key, credential));
    try {
      const parked = this.#admissions.take(binding, target);
      const make = (proof: Proof) => signIn(this.#network, target, proof, credential.from);
      return parked ?? (await this.#oauth.use(password, binding.user, make));
    } finally {
      wipe(password);
    }
  }

  holdTicket(target: Target, secret: IncomingSecret, until: number): string {
    const password = this.#open(secret);
    try {
      return this.#tickets.hold(target, password, until);
    } finally {
      wipe(password);
    }
  }

  dropTicket(handle: string): void {
    this.#tickets.drop(handle);
  }

  connectByTicket(handle: string): Promise<SignedIn> {
    return this.#tickets.use(handle, (target, password) => signIn(this.#network, target, password));
  }

  async keepPasswords(wish: AccountPasswords): ReturnType<Keeper['keepPasswords']> {
    const userKey = this.#withUserKey(wish.user, copyOf);
    try {
      const parts = { admissions: this.#admissions, host: this.#host, cost: this.#cost };
      return await sealPasswords(parts, userKey, wish);
    } finally {
      wipe(userKey);
    }
  }

  makeKey(binding: Binding): { key: Buffer; wrapped: Buffer } {
    return this.#withWrapKey(binding, (wrapKey) => makeRecordKey(wrapKey, binding));
  }

  openKey(binding: Binding, wrapped: Uint8Array): Buffer {
    return this.#withWrapKey(binding, (wrapKey) => openRecordKey(wrapKey, binding, wrapped));
  }

  close(): void {
    this.#admissions.close();
    this.#tickets.close();
    this.#turning.close();
    this.#oauth.close();
    this.#users.clear();
    this.#arena.close();
  }

  #open(secret: IncomingSecret, purposes: readonly SealedPurpose[] = ['mail-password']): Buffer {
    return openIncoming(secret, purposes, this.#publicKey, (work) => this.#arena.use(this.#boxKey, work));
  }

  /** Takes an opened user key into memory, if it is the one of `keys`; wipes it. */
  #take(user: UserId, keys: UserKeys, userKey: Buffer, code: 'session/does-not-open' | 'slot/does-not-open'): void {
    try {
      if (!keysFit(user, userKey, keys)) throw new VaultError(code, 'the keys do not fit');
      this.#remember(user, userKey);
    } finally {
      wipe(userKey);
    }
  }

  /** While keys turn, nobody brings the former. */
  #remember(user: UserId, userKey: Uint8Array): void {
    if (this.#turning.has(user)) throw new VaultError('user/locked', 'the keys turn');
    this.#away.delete(user);
    if (this.#users.has(user)) return;
    this.#users.set(
      user,
      this.#arena.put((place) => place.set(userKey)),
    );
  }

  /** `account`: for which the key is wanted; null: for something else, which nobody gets while the user is away. */
  #withUserKey<T>(user: UserId, work: (userKey: Uint8Array) => T, account: MailAccountId | null = null): T {
    const place = this.#users.get(user);
    const away = this.#away.get(user);
    if (away && (account === null || !away.has(account))) throw new VaultError('user/locked', 'the user is away');
    if (place === undefined || this.#turning.has(user)) throw new VaultError('user/locked', 'the user is locked');
    return this.#arena.use(place, work);
  }

  #withWrapKey<T>({ user, account }: Pick<Binding, 'user' | 'account'>, work: (wrapKey: Uint8Array) => T): T {
    const wrapKey = this.#withUserKey(user, (userKey) => derive(userKey, 'postern/1/wrap-records'), account);
    try {
      return work(wrapKey);
    } finally {
      wipe(wrapKey);
    }
  }

  #sealed(
    userKey: Uint8Array,
    wish: { user: UserId; credentialGeneration: number } & Pick<EnterWish, 'account' | 'imap' | 'smtp' | 'instead'>,
    password: Uint8Array,
  ): Promise<Opened['credentials']> {
    return sealProven(this.#admissions, userKey, wish, password, [wish.imap, wish.smtp]);
  }
}
