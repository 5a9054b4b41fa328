import { forRecord } from './associated.ts';
import { wipe } from './bytes.ts';
import { open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { Binding, Keeper } from './keeper.ts';

/** A payload sealed under its own fresh key, and that key wrapped by the user key: the two columns of a record row. */
export interface SealedPayload {
  wrapped: Buffer;
  sealed: Buffer;
}

/**
 * Seals `bytes` (left as they are) for the row that `binding` names; see `recordBinding`. A changed payload is a new
 * generation with a new key.
 * @throws VaultError `user/locked`, `keeper/away`
 */
export const sealRecord = async (keeper: Keeper, binding: Binding, bytes: Uint8Array): Promise<SealedPayload> => {
  const { key, wrapped } = await keeper.makeKey(binding);
  try {
    return { wrapped, sealed: seal(key, forRecord(binding), bytes) };
  } finally {
    wipe(key);
  }
};

/** A record's payload sealed anew by who was given its key, for when the user is away. */
export const sealWithKey = (key: Uint8Array, binding: Binding, bytes: Uint8Array): Buffer =>
  seal(key, forRecord(binding), bytes);

/** The payload of a record. @throws VaultError `user/locked`, `record/does-not-open`, `keeper/away` */
export const openRecord = async (keeper: Keeper, binding: Binding, row: SealedPayload): Promise<Buffer> => {
  const key = await keeper.openKey(binding, row.wrapped);
  try {
    const bytes = open(key, forRecord(binding), row.sealed);
    if (!bytes) throw new VaultError('record/does-not-open', 'a record does not open');
    return bytes;
  } finally {
    wipe(key);
  }
};
