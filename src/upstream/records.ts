import type { SealedRecord } from '#store/types.ts';
import type { Binding, Keeper } from '#vault/keeper.ts';
import { sealRecord } from '#vault/seal-record.ts';

/** What is bound into a record's seal. */
export const bindingOf = (record: SealedRecord): Binding => ({
  purpose: record.purpose,
  user: record.user,
  account: record.account,
  row: record.id,
  generation: record.generation,
});

/** The record with other contents: a new generation under a new key. @throws VaultError `user/locked` */
export const resealed = async (
  keeper: Keeper,
  record: SealedRecord,
  bytes: Buffer,
  now: number,
): Promise<SealedRecord> => {
  const next = { ...record, generation: record.generation + 1, updatedAt: now };
  return { ...next, ...(await sealRecord(keeper, bindingOf(next), bytes)) };
};
