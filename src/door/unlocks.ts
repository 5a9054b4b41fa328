import { must } from '#base/must.ts';
import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import type { SealedRecord, Slot, Store, User } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { VaultError } from '#vault/errors.ts';
import type { Keeper, MailAccountId, PasskeyName, SlotKind, TotpProof, Unlocking, UserId } from '#vault/keeper.ts';
import type { Audit } from './audit.ts';
import type { DoorParts } from './parts.ts';
import type { Challenges } from './passkeys.ts';
import type { Peer } from './peer.ts';
import { DoorError, lockedByOperator } from './problems.ts';
import type { Secrets } from './secret-form.ts';
import type { Presence } from './presence.ts';
import type { PasskeyForm, UnlockForm } from './sign-in-form.ts';
import { readAssertion } from './webauthn.ts';
import { wrongTotp } from './words.ts';

/** The unlocker that somebody names, and what its passkey has shown. */
export interface Found {
  user: User;
  slot: Slot;
  signCount?: number;
}

export const slotKinds = {
  mail: 'mail-password',
  site: 'site-password',
  passkey: 'passkey',
  recovery: 'recovery',
} as const satisfies Record<UnlockForm['kind'], SlotKind>;

const wrong: Record<UnlockForm['kind'], () => DoorError> = {
  mail: () =>
    new DoorError('wrong-password', 'This password is not right.', 'It is the one of your mail account. Try again.'),
  site: () =>
    new DoorError(
      'wrong-password',
      'This name and password do not fit.',
      'Check both, and Caps Lock. Nothing is locked.',
    ),
  passkey: () =>
    new DoorError('wrong-passkey', 'This passkey does not open anything here.', 'Use another one, or another way in.'),
  recovery: () =>
    new DoorError('wrong-code', 'This recovery code is not right.', 'It has 33 letters and digits, and serves once.'),
};

export const passkeyName = (slot: Slot): PasskeyName => {
  const { credentialId, publicKey, rpId } = must(slot.facts, 'a passkey has facts');
  return { credentialId, publicKey, rpId };
};

const unlockingOf = (slot: Slot, secrets: Pick<Secrets, 'password'>): Unlocking => ({
  slot,
  secret: secrets.password(),
  ...(slot.kind === 'passkey' ? { passkey: passkeyName(slot) } : {}),
});

/** Kinds of what opens a user besides the mail password of this account. */
export const opensBesides = (slots: readonly Slot[], account: MailAccountId | null): UnlockerKind[] =>
  Object.values(slotKinds).filter((kind) => slots.some((slot) => slot.kind === kind && slot.account !== account));

/** Finding unlockers and opening users by them. */
export class Unlocks {
  readonly #store: Store;
  readonly #keeper: Keeper;
  readonly #parts: DoorParts;
  readonly #presence: Presence;
  readonly #challenges: Challenges;
  readonly #audit: Audit;

  constructor(parts: DoorParts, presence: Presence, challenges: Challenges, audit: Audit) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#presence = presence;
    this.#challenges = challenges;
    this.#audit = audit;
  }

  /** @throws DoorError `wrong-password`, after the work of a wrong one */
  async bySiteName(name: string, secrets: Secrets): Promise<Found> {
    const found = await this.#store.userBySiteName(name);
    const [slot] = found?.slots ?? [];
    if (found && slot) return { user: found.user, slot };
    return this.#refuse(secrets);
  }

  async #refuse(secrets: Secrets): Promise<never> {
    await this.#keeper.refuse(secrets.password()).catch((error: unknown) => {
      if (!(error instanceof VaultError) || error.code !== 'slot/does-not-open') throw error;
    });
    throw wrong.site();
  }

  /** @throws DoorError `wrong-passkey` */
  async byPasskey(form: Omit<PasskeyForm, 'kind'>, peer: Peer): Promise<Found> {
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');
    const expected = this.#challenges.take(form.id, peer, null);
    const user = expected && (await this.#store.user(bytes(form.userHandle).toString('utf8') as UserId));
    const slots = user ? await this.#store.slots(user.id, 'passkey') : [];
    const slot = slots.find(({ facts }) => facts?.credentialId === form.credentialId);
    const given = {
      clientData: bytes(form.clientData),
      authenticatorData: bytes(form.authenticatorData),
      signature: bytes(form.signature),
    };
    const signCount = expected && slot?.facts ? readAssertion(given, expected, slot.facts) : null;
    if (!user || !slot || signCount === null) throw wrong.passkey();
    return { user, slot, signCount };
  }

  /** @throws DoorError `wrong-code` */
  async byRecovery(secrets: Pick<Secrets, 'password'>): Promise<Found> {
    const id = await this.#keeper.recoverySlot(secrets.password()).catch((error: unknown) => {
      throw asWrong(error, 'recovery');
    });
    const slot = await this.#store.slot(id);
    const user = slot?.kind === 'recovery' ? await this.#store.user(slot.user) : null;
    if (!slot || !user) throw wrong.recovery();
    return { user, slot };
  }

  /** The unlocker of a user who is known by a session. @throws DoorError `wrong-…` */
  async ofUser(id: UserId, form: UnlockForm, secrets: Pick<Secrets, 'password'>, peer: Peer): Promise<Found> {
    const refusal = wrong[form.kind];
    if (form.kind === 'passkey' || form.kind === 'recovery') {
      const found = await (form.kind === 'passkey' ? this.byPasskey(form, peer) : this.byRecovery(secrets));
      if (found.user.id !== id) throw refusal();
      return found;
    }
    const [user, [slot]] = await Promise.all([this.#store.user(id), this.#store.slots(id, slotKinds[form.kind])]);
    if (!user || !slot) throw refusal();
    return { user, slot };
  }

  /**
   * The proof of a user who wanted nothing kept, and so has no unlocker: the password that is kept for the session.
   * @throws DoorError `wrong-password`
   */
  async compare(id: UserId, secrets: Pick<Secrets, 'password'>): Promise<void> {
    const account = (await this.#store.accounts(id)).find(({ auth }) => auth === 'password');
    const row = account && (await this.#store.credential(account.id, 'imap'));
    const credential = account && row && { binding: row.binding, target: account.imap, sealed: row.sealed };
    if (!credential || !(await this.#keeper.isKept(credential, secrets.password()))) throw wrong.mail();
  }

  /** What asks for a one-time code with a password; none for other ways in, and where there is none. */
  async totpOf(user: User, code: string | undefined): Promise<TotpProof | null> {
    const [record] = await this.#store.records(user.id, null, 'totp');
    return record ? totpProof(record, code ?? null, user.totpStep) : null;
  }

  /**
   * Opens the user's key by the unlocker, and takes note of its use. A recovery code that was used opens no more, unless
   * nothing else does.
   * @throws DoorError `wrong-…`, `totp-needed`, `user-locked`
   */
  async open(found: Found, secrets: Pick<Secrets, 'password'>, code: string | undefined, peer: Peer): Promise<void> {
    await this.check(found, secrets, code);
    await this.used(found, peer);
  }

  /** As {@link open}, without taking note of the use. */
  async check({ user, slot }: Found, secrets: Pick<Secrets, 'password'>, code: string | undefined): Promise<void> {
    const password = slot.kind === 'site-password' || slot.kind === 'mail-password';
    const totp = password ? await this.totpOf(user, code) : null;
    const wish = { ...unlockingOf(slot, secrets), keys: user.keys, ...(totp ? { totp } : {}) };
    await this.#presence.coming(user.id, async () => {
      const opened = await this.#keeper.open(wish).catch((error: unknown) => {
        throw asWrong(error, formKind(slot.kind));
      });
      await this.admit(user, opened.totpStep);
      if (opened.slot) await this.#store.sealSlots([opened.slot]);
    });
  }

  /** Before a user whose key was just opened gets anything by it. @throws DoorError `user-locked`, `wrong-code` */
  async admit(user: User, totpStep: number | null): Promise<void> {
    if (totpStep !== null && !(await this.#store.takeTotpStep(user.id, totpStep))) throw wrongTotp();
    if (user.lockedAt !== null) throw lockedByOperator();
  }

  /** What the keeper takes instead of a mail password's own slot. @throws DoorError `wrong-…` */
  async instead(
    id: UserId,
    form: UnlockForm,
    secret: NonNullable<Secrets['previous']>,
    peer: Peer,
  ): Promise<{ found: Found; unlocking: Unlocking }> {
    const secrets = { password: secret };
    const found = await this.ofUser(id, form, secrets, peer);
    return { found, unlocking: unlockingOf(found.slot, secrets) };
  }

  /** It was used. @throws DoorError `wrong-code` for a recovery code that somebody else has used meanwhile */
  async used({ user, slot, signCount }: Found, peer: Peer): Promise<void> {
    await this.#store.touchSlot(slot.id, this.#parts.clock.now(), signCount);
    if (slot.kind !== 'recovery') return;
    const isMine = (await this.#store.deleteSlot(user.id, slot.id)) || (await this.#store.slot(slot.id)) !== null;
    if (!isMine) throw wrong.recovery();
    this.#audit('recovery-used', user.id, peer);
  }
}

const formKind = (kind: SlotKind): UnlockForm['kind'] =>
  kind === 'site-password' ? 'site' : kind === 'passkey' || kind === 'recovery' ? kind : 'mail';

/** "The slot does not open" is that the secret was wrong, where nothing else can be meant. */
export const asWrong = (error: unknown, kind: UnlockForm['kind']): unknown =>
  error instanceof VaultError && error.code === 'slot/does-not-open' ? wrong[kind]() : error;

export const totpProof = (record: SealedRecord, code: string | null, lastStep: number | null): TotpProof => ({
  binding: recordBinding(record),
  wrapped: record.wrapped,
  sealed: record.sealed,
  code,
  lastStep,
});
