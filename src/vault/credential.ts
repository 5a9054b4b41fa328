import { forCredential, forCredentialKey } from './associated.ts';
import { fresh, join, wipe } from './bytes.ts';
import { envelopeLength, newKey, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { SealedCredential, Target, Binding } from './keeper.ts';

const wrappedLength = envelopeLength(32);
const block = 256;

/** length(2) password zeros, to a multiple of 256 bytes, so that the row does not tell the password's length. */
const pad = (password: Uint8Array): Buffer => {
  const padded = fresh(Math.ceil((password.length + 2) / block) * block);
  padded.writeUInt16BE(password.length);
  padded.set(password, 2);
  return padded;
};

/** sealed = envelope(record key, under the wrap key) envelope(padded password, under the record key) */
export const sealCredential = (wrapKey: Uint8Array, binding: Binding, target: Target, password: Uint8Array): Buffer => {
  const key = newKey();
  const padded = pad(password);
  try {
    const wrapped = seal(wrapKey, forCredentialKey(binding, target), key);
    return join(wrapped, seal(key, forCredential(binding, target), padded));
  } finally {
    wipe(key, padded);
  }
};

/** The password, for the caller to wipe. @throws VaultError `record/does-not-open` */
export const openCredential = (wrapKey: Uint8Array, { binding, target, sealed }: SealedCredential): Buffer => {
  const key = open(wrapKey, forCredentialKey(binding, target), sealed.subarray(0, wrappedLength));
  const padded = key && open(key, forCredential(binding, target), sealed.subarray(wrappedLength));
  wipe(key);
  if (!padded) throw new VaultError('record/does-not-open', 'a credential does not open');
  const password = join(padded.subarray(2, 2 + padded.readUInt16BE()));
  wipe(padded);
  return password;
};
