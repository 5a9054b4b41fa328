import type { Clock } from '#base/clock.ts';
import type { Arena, Place } from './arena.ts';
import { forCredentialKey, forRecordKey } from './associated.ts';
import { copyOf, join, wipe } from './bytes.ts';
import { openCredential } from './credential.ts';
import { envelopeLength, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { SealedCredential, SlotRow, TurnPart, TurnedPart, UserId, UserKeys } from './keeper.ts';
import { derive } from './keys.ts';
import { makeSecretSlot } from './secret-slots.ts';
import { makePasswordSlot, makeSession, makeUser } from './slots.ts';
import { nextOf, type UnlockerParts, type Unlockers } from './unlockers.ts';

/** How long a turn may take; then the user is forgotten, whose keys are those of the database again. */
const turnMs = 60_000;

const wrappedLength = envelopeLength(32);

const damaged = (): VaultError => new VaultError('record/does-not-open', 'what is sealed does not open');

/** One wrapped key, from under one wrap key to under another, its binding unchanged. */
const rewrap = (from: Uint8Array, to: Uint8Array, associated: Uint8Array, wrapped: Uint8Array): Buffer => {
  const key = open(from, associated, wrapped);
  if (!key) throw damaged();
  const again = seal(to, associated, key);
  wipe(key);
  return again;
};

const rewrapCredential = (from: Uint8Array, to: Uint8Array, { binding, target, sealed }: SealedCredential): Buffer => {
  const associated = forCredentialKey(binding, target);
  return join(rewrap(from, to, associated, sealed.subarray(0, wrappedLength)), sealed.subarray(wrappedLength));
};

interface Turn {
  /** The user key that is to come. */
  place: Place;
  keys: UserKeys;
  cancel: () => void;
}

/** A user key giving way to another. While it does, nothing else is done with either. */
export class Turning {
  readonly #arena: Arena;
  readonly #clock: Clock;
  readonly #parts: Pick<UnlockerParts, 'host' | 'cost'>;
  readonly #unlockers: Unlockers;
  readonly #turns = new Map<UserId, Turn>();

  constructor(arena: Arena, clock: Clock, parts: Pick<UnlockerParts, 'host' | 'cost'>, unlockers: Unlockers) {
    this.#arena = arena;
    this.#clock = clock;
    this.#parts = parts;
    this.#unlockers = unlockers;
  }

  has(user: UserId): boolean {
    return this.#turns.has(user);
  }

  /** `late` is called when nobody ends the turn. @throws VaultError `user/locked` when one is under way */
  begin(user: UserId, late: () => void): UserKeys {
    if (this.#turns.has(user)) throw new VaultError('user/locked', 'the keys turn already');
    const { userKey, keys } = makeUser(user);
    const place = this.#arena.put((key) => key.set(userKey));
    wipe(userKey);
    const cancel = this.#clock.after(turnMs, () => {
      this.drop(user);
      late();
    });
    this.#turns.set(user, { place, keys, cancel });
    return keys;
  }

  /** Seals a part of what hangs on `former` under the key to come. `former` is left to the caller to wipe. */
  async part(user: UserId, former: Uint8Array, part: TurnPart): Promise<TurnedPart> {
    const turn = this.#turns.get(user);
    if (!turn) throw new VaultError('user/locked', 'the keys do not turn');
    const next = this.#arena.use(turn.place, copyOf);
    const [from, to] = [derive(former, 'postern/1/wrap-records'), derive(next, 'postern/1/wrap-records')];
    try {
      const records = part.records.map(({ binding, wrapped }) => rewrap(from, to, forRecordKey(binding), wrapped));
      const credentials = part.credentials.map((credential) => rewrapCredential(from, to, credential));
      const slots: SlotRow[] = [];
      for (const each of part.mailSlots) slots.push(await this.#mailSlot(from, next, each));
      for (const each of part.unlockers) slots.push(await this.#slot(former, next, each));
      const opened = part.session
        ? makeSession(this.#parts.host, { id: part.session.id, user, generation: part.session.generation + 1 }, next)
        : null;
      return { records, credentials, slots, opened };
    } finally {
      wipe(next, from, to);
    }
  }

  /** The slot of a mail password, made from the password that is kept. */
  async #mailSlot(
    from: Uint8Array,
    next: Uint8Array,
    { slot, credential, servers }: TurnPart['mailSlots'][number],
  ): Promise<SlotRow> {
    const password = openCredential(from, credential);
    try {
      return await makePasswordSlot(this.#parts.host, nextOf(slot), password, next, this.#parts.cost, servers);
    } finally {
      wipe(password);
    }
  }

  /** The slot of an unlocker that is at hand: it must open the former key. */
  #slot(former: Uint8Array, next: Uint8Array, { unlocking, keys }: TurnPart['unlockers'][number]): Promise<SlotRow> {
    return this.#unlockers.lend(unlocking, keys, former, async (bytes) => {
      const { slot, passkey } = unlocking;
      const name = nextOf(slot);
      const { host, cost } = this.#parts;
      if (name.kind === 'site-password') return makePasswordSlot(host, name, bytes, next, cost, null);
      if (name.kind === 'passkey' || name.kind === 'recovery')
        return makeSecretSlot(host, { ...name, kind: name.kind }, bytes, next, passkey ?? null);
      throw new VaultError('slot/does-not-open', 'no such unlocker');
    });
  }

  /** Ends the turn; the key that came, for the caller to wipe. @throws VaultError `user/locked` when it took too long */
  end(user: UserId): Buffer {
    const turn = this.#turns.get(user);
    if (!turn) throw new VaultError('user/locked', 'the keys do not turn');
    const next = this.#arena.use(turn.place, copyOf);
    this.drop(user);
    return next;
  }

  drop(user: UserId): void {
    const turn = this.#turns.get(user);
    if (!turn) return;
    turn.cancel();
    this.#turns.delete(user);
    this.#arena.drop(turn.place);
  }

  close(): void {
    for (const user of this.#turns.keys()) this.drop(user);
  }
}
