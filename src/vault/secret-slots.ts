import { forPasskey, forSlot } from './associated.ts';
import { join, random, wipe } from './bytes.ts';
import { envelopeLength, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { HostKeys } from './host-keys.ts';
import type { PasskeyName, SlotId, SlotRow } from './keeper.ts';
import { derive, type Purpose } from './keys.ts';
import { recoveryBytes } from './recovery-code.ts';

/** Slots whose unlocker yields random bytes, which need no stretching: API token, passkey, recovery code. */
type SecretKind = 'token' | 'passkey' | 'recovery';

export const secretLength: Readonly<Record<SecretKind, number>> = { token: 32, passkey: 32, recovery: recoveryBytes };

const purposes: Readonly<Record<SecretKind, Purpose>> = {
  token: 'postern/1/token',
  passkey: 'postern/1/passkey',
  recovery: 'postern/1/recovery',
};

type SlotName = Omit<SlotRow, 'sealed'> & { kind: SecretKind };

const isSecret = (slot: SlotRow): slot is SlotRow & { kind: SecretKind } => Object.hasOwn(secretLength, slot.kind);

/** head = version(1) salt(16) */
const headLength = 1 + 16;
const version = 1;

const keyOf = (host: HostKeys, name: SlotName, secret: Uint8Array, head: Uint8Array): Buffer =>
  host.withPepper((pepper) => derive(secret, purposes[name.kind], [name.id, head, pepper]));

const boundTo = (name: SlotName, head: Uint8Array, passkey: PasskeyName | null): Buffer =>
  forSlot(name, passkey ? join(head, forPasskey(passkey)) : head);

/** Wraps the user key under random bytes: sealed = head envelope(user key). */
export const makeSecretSlot = (
  host: HostKeys,
  name: SlotName,
  secret: Uint8Array,
  userKey: Uint8Array,
  passkey: PasskeyName | null = null,
): SlotRow => {
  if (secret.length !== secretLength[name.kind]) throw new VaultError('secret/does-not-open', 'a secret of odd length');
  const head = join(Uint8Array.of(version), random(16));
  const key = keyOf(host, name, secret, head);
  const wrapped = seal(key, boundTo(name, head, passkey), userKey);
  wipe(key);
  return { ...name, sealed: join(head, wrapped) };
};

/** The user key, for the caller to wipe. @throws VaultError `slot/does-not-open` */
export const openSecretSlot = (
  host: HostKeys,
  slot: SlotRow,
  secret: Uint8Array,
  passkey: PasskeyName | null = null,
): Buffer => {
  const { sealed } = slot;
  const fits =
    isSecret(slot) &&
    sealed[0] === version &&
    sealed.length === headLength + envelopeLength(32) &&
    secret.length === secretLength[slot.kind];
  const head = sealed.subarray(0, headLength);
  const key = fits ? keyOf(host, slot, secret, head) : null;
  const userKey = fits && key ? open(key, boundTo(slot, head, passkey), sealed.subarray(headLength)) : null;
  wipe(key);
  if (!userKey) throw new VaultError('slot/does-not-open', 'a slot does not open');
  return userKey;
};

/** The id of the slot that a recovery code opens: whoever has it need not say who they are. */
export const recoverySlotId = (host: HostKeys, secret: Uint8Array): SlotId =>
  host.withPepper((pepper) => {
    const id = derive(secret, 'postern/1/recovery-id', [pepper]);
    return id.subarray(0, 16).toString('base64url') as SlotId;
  });
