import { forRecordKey } from './associated.ts';
import { newKey, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { Binding } from './keeper.ts';

/** What the keeper alone opens is never given out as a key. */
const refusePasswords = ({ purpose }: Binding): void => {
  if (purpose === 'mail-password' || purpose === 'totp')
    throw new VaultError('record/refused', `the key of a ${purpose}`);
};

/** A key for a record, and the same wrapped. @throws VaultError `record/refused` */
export const makeRecordKey = (wrapKey: Uint8Array, binding: Binding): { key: Buffer; wrapped: Buffer } => {
  refusePasswords(binding);
  const key = newKey();
  return { key, wrapped: seal(wrapKey, forRecordKey(binding), key) };
};

/** @throws VaultError `record/refused`, `record/does-not-open` */
export const openRecordKey = (wrapKey: Uint8Array, binding: Binding, wrapped: Uint8Array): Buffer => {
  refusePasswords(binding);
  const key = open(wrapKey, forRecordKey(binding), wrapped);
  if (!key) throw new VaultError('record/does-not-open', 'a record key does not open');
  return key;
};
