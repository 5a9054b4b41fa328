import type { Clock } from '#base/clock.ts';
import { forRecord, forRecordKey } from './associated.ts';
import { random, same, wipe } from './bytes.ts';
import { newKey, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { HostKeys } from './host-keys.ts';
import type {
  Binding,
  IncomingSecret,
  Keeper,
  NewTotpRow,
  NewUnlocker,
  SlotId,
  SlotKind,
  SlotRow,
  TotpProof,
  Unlocking,
  UserId,
  UserKeys,
} from './keeper.ts';
import { derive, isWeaker, stretch, type Cost } from './keys.ts';
import { formatRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
import type { SealedPurpose } from './sealed-purposes.ts';
import { makeSecretSlot, openSecretSlot, recoverySlotId, secretLength } from './secret-slots.ts';
import { keysFit, makePasswordSlot, openPasswordSlot, slotCost } from './slots.ts';
import { base32, newTotpSecret, totpStep } from './totp.ts';

/** What the unlockers need of the keeper around them. */
export interface UnlockerParts {
  host: HostKeys;
  cost: Cost;
  clock: Clock;
  /** The bytes of a secret, for the caller to wipe. @throws VaultError `secret/does-not-open` */
  incoming: (secret: IncomingSecret, purposes: readonly SealedPurpose[]) => Buffer;
  /** A copy of an unlocked user's key, for the caller to wipe. @throws VaultError `user/locked` */
  userKey: (user: UserId) => Buffer;
  remember: (user: UserId, userKey: Uint8Array) => void;
}

/** Shorter site passwords are refused: whoever has database and secret file has but Argon2id to get past. */
const leastPassword = 10;

const purposeOf: Readonly<Partial<Record<SlotKind, SealedPurpose>>> = {
  'mail-password': 'mail-password',
  'site-password': 'site-password',
  passkey: 'passkey',
  recovery: 'recovery',
};

const doesNotOpen = (): VaultError => new VaultError('slot/does-not-open', 'a slot does not open');

/** A slot's name with the next generation. */
export const nextOf = ({ id, user, kind, account, generation }: SlotRow): Omit<SlotRow, 'sealed'> => ({
  id,
  user,
  kind,
  account,
  generation: generation + 1,
});

/** Characters of UTF-8: bytes that do not continue one. */
const lengthOf = (utf8: Uint8Array): number => utf8.reduce((sum, byte) => sum + ((byte & 0xc0) === 0x80 ? 0 : 1), 0);

/** Opening, making and proving what opens a user key; {@link Keeper} says what each method promises. */
export class Unlockers {
  readonly #parts: UnlockerParts;

  constructor(parts: UnlockerParts) {
    this.#parts = parts;
  }

  /** The secret of an unlocker of this kind, for the caller to wipe. */
  #secretOf(kind: SlotKind, incoming: IncomingSecret): Buffer {
    const purpose = purposeOf[kind];
    if (purpose === undefined) throw doesNotOpen();
    const bytes = this.#parts.incoming(incoming, [purpose]);
    if (kind !== 'recovery') return bytes;
    try {
      const secret = parseRecoveryCode(bytes);
      if (!secret) throw doesNotOpen();
      return secret;
    } finally {
      wipe(bytes);
    }
  }

  /** The user key that these bytes open, for the caller to wipe. @throws VaultError `slot/does-not-open` */
  async #opened({ slot, passkey }: Unlocking, bytes: Uint8Array, keys: UserKeys): Promise<Buffer> {
    const { host } = this.#parts;
    const stretched = slot.kind === 'mail-password' || slot.kind === 'site-password';
    const userKey = stretched
      ? await openPasswordSlot(host, slot, bytes)
      : openSecretSlot(host, slot, bytes, passkey ?? null);
    if (keysFit(slot.user, userKey, keys)) return userKey;
    wipe(userKey);
    throw doesNotOpen();
  }

  /** The slot at today's cost, if it has another. A mail password's is bound to servers, and made anew at the sign-in. */
  async #renewed({ slot }: Unlocking, bytes: Uint8Array, userKey: Uint8Array): Promise<SlotRow | null> {
    const { host, cost } = this.#parts;
    if (slot.kind !== 'site-password' || !isWeaker(slotCost(slot), cost)) return null;
    return makePasswordSlot(host, nextOf(slot), bytes, userKey, cost, null);
  }

  /** The user key, for the caller to wipe, and the slot if it was made anew. @throws VaultError `slot/does-not-open` */
  async userKeyOf(unlocking: Unlocking, keys: UserKeys): Promise<{ userKey: Buffer; slot: SlotRow | null }> {
    const bytes = this.#secretOf(unlocking.slot.kind, unlocking.secret);
    try {
      const userKey = await this.#opened(unlocking, bytes, keys);
      return { userKey, slot: await this.#renewed(unlocking, bytes, userKey) };
    } finally {
      wipe(bytes);
    }
  }

  /** Lends the bytes of an unlocker that opens `userKey` and no other. @throws VaultError `slot/does-not-open` */
  async lend<T>(
    unlocking: Unlocking,
    keys: UserKeys,
    userKey: Uint8Array,
    work: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T> {
    const bytes = this.#secretOf(unlocking.slot.kind, unlocking.secret);
    try {
      const opened = await this.#opened(unlocking, bytes, keys);
      const fits = same(opened, userKey);
      wipe(opened);
      if (!fits) throw doesNotOpen();
      return await work(bytes);
    } finally {
      wipe(bytes);
    }
  }

  async open(wish: Parameters<Keeper['open']>[0]): ReturnType<Keeper['open']> {
    const { userKey, slot } = await this.userKeyOf(wish, wish.keys);
    try {
      const step = wish.totp ? this.totp(userKey, wish.totp) : null;
      this.#parts.remember(wish.slot.user, userKey);
      return { slot, totpStep: step };
    } finally {
      wipe(userKey);
    }
  }

  /** The work of a wrong password where there is nothing to open: who asks cannot tell. */
  async refuse(incoming: IncomingSecret): Promise<never> {
    const bytes = this.#parts.incoming(incoming, ['site-password']);
    try {
      wipe(await stretch(bytes, random(16), this.#parts.cost));
    } finally {
      wipe(bytes);
    }
    throw doesNotOpen();
  }

  async make(wish: NewUnlocker): Promise<SlotRow> {
    const { host, cost } = this.#parts;
    const { user, slot: id, generation, kind } = wish;
    const bytes = this.#secretOf(kind, wish.secret);
    const userKey = this.#parts.userKey(user);
    try {
      if (kind === 'passkey') {
        const name = { id, user, kind, account: null, generation } as const;
        return makeSecretSlot(host, name, bytes, userKey, wish.passkey);
      }
      if (lengthOf(bytes) < leastPassword) throw new VaultError('secret/weak', 'a password is too short');
      const name = { id, user, kind, account: null, generation } as const;
      return await makePasswordSlot(host, name, bytes, userKey, cost, null);
    } finally {
      wipe(bytes, userKey);
    }
  }

  makeRecovery(user: UserId): { slot: SlotRow; code: Buffer } {
    const { host } = this.#parts;
    const userKey = this.#parts.userKey(user);
    const secret = random(secretLength.recovery);
    try {
      const id = recoverySlotId(host, secret);
      const name = { id, user, kind: 'recovery', account: null, generation: 1 } as const;
      return { slot: makeSecretSlot(host, name, secret, userKey), code: formatRecoveryCode(secret) };
    } finally {
      wipe(secret, userKey);
    }
  }

  recoverySlot(incoming: IncomingSecret): SlotId {
    const secret = this.#secretOf('recovery', incoming);
    try {
      return recoverySlotId(this.#parts.host, secret);
    } finally {
      wipe(secret);
    }
  }

  makeTotp(binding: Binding): NewTotpRow {
    const userKey = this.#parts.userKey(binding.user);
    const [secret, key] = [newTotpSecret(), newKey()];
    const wrapKey = derive(userKey, 'postern/1/wrap-records');
    try {
      const wrapped = seal(wrapKey, forRecordKey(binding), key);
      return { wrapped, sealed: seal(key, forRecord(binding), secret), secret: base32(secret) };
    } finally {
      wipe(userKey, secret, key, wrapKey);
    }
  }

  checkTotp(proof: TotpProof): number {
    const userKey = this.#parts.userKey(proof.binding.user);
    try {
      return this.totp(userKey, proof);
    } finally {
      wipe(userKey);
    }
  }

  /** The step of a right code. @throws VaultError `totp/needed`, `totp/wrong`, `record/does-not-open` */
  totp(userKey: Uint8Array, { binding, wrapped, sealed, code, lastStep }: TotpProof): number {
    if (code === null) throw new VaultError('totp/needed', 'a one-time code is wanted');
    const wrapKey = derive(userKey, 'postern/1/wrap-records');
    const key = open(wrapKey, forRecordKey(binding), wrapped);
    const secret = key && open(key, forRecord(binding), sealed);
    try {
      if (!secret) throw new VaultError('record/does-not-open', 'the secret of one-time codes does not open');
      const step = totpStep(secret, code, this.#parts.clock.now(), lastStep);
      if (step === null) throw new VaultError('totp/wrong', 'a one-time code is wrong');
      return step;
    } finally {
      wipe(wrapKey, key, secret);
    }
  }
}
