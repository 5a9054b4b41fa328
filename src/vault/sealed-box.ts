import sodium from 'sodium-native';
import { copyOf, fresh, same, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';
import type { IncomingSecret } from './keeper.ts';
import { type SealedPurpose, sealedPurposes } from './sealed-purposes.ts';

/**
 * payload = version(1) purpose(1) challengeLength(1) challenge loginLength(2) login passwordLength(2) password zeros;
 * numbers big endian; see docs/spec/vault.md.
 */
const version = 1;

const doesNotOpen = (): VaultError => new VaultError('secret/does-not-open', 'a sealed password does not open');

/** Reads length-prefixed fields; every overrun is the one error. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(size: 1 | 2): number {
    if (this.#at + size > this.#bytes.length) throw doesNotOpen();
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw doesNotOpen();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  get restIsZero(): boolean {
    return this.#bytes.subarray(this.#at).every((byte) => byte === 0);
  }
}

/** What a payload says; `challenge` and `password` are views into it. @throws VaultError `secret/does-not-open` */
const decodePayload = (
  payload: Buffer,
  purposes: readonly SealedPurpose[],
): { challenge: Buffer; login: string; password: Buffer } => {
  const fields = new Fields(payload);
  if (fields.number(1) !== version) throw doesNotOpen();
  const purpose = fields.number(1);
  if (!purposes.some((name) => sealedPurposes[name] === purpose)) throw doesNotOpen();
  const challenge = fields.bytes(fields.number(1));
  const login = fields.bytes(fields.number(2)).toString('utf8');
  const password = fields.bytes(fields.number(2));
  if (!fields.restIsZero) throw doesNotOpen();
  return { challenge, login, password };
};

/**
 * The password of a secret on its way in, in memory of its own, for the caller to wipe. Bytes given in clear are wiped.
 * @throws VaultError `secret/does-not-open` for another key, damage, another purpose, login or challenge
 */
export const openIncoming = (
  incoming: IncomingSecret,
  purposes: readonly SealedPurpose[],
  publicKey: Buffer,
  withSecretKey: <T>(work: (key: Uint8Array) => T) => T,
): Buffer => {
  if (incoming.kind === 'bytes') {
    const password = copyOf(incoming.bytes);
    wipe(incoming.bytes);
    return password;
  }
  const { box } = incoming;
  if (box.length <= sodium.crypto_box_SEALBYTES) throw doesNotOpen();
  const payload = fresh(box.length - sodium.crypto_box_SEALBYTES);
  try {
    if (!withSecretKey((key) => sodium.crypto_box_seal_open(payload, box, publicKey, key))) throw doesNotOpen();
    const { challenge, login, password } = decodePayload(payload, purposes);
    if (incoming.login !== undefined && login !== incoming.login) throw doesNotOpen();
    if (incoming.challenge && !same(challenge, incoming.challenge)) throw doesNotOpen();
    return copyOf(password);
  } finally {
    wipe(payload);
  }
};
