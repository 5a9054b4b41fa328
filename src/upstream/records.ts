import type { SealedRecord } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper } from '#vault/keeper.ts';
import { sealRecord } from '#vault/seal-record.ts';

/** The record with other contents: a new generation under a new key. @throws VaultError `user/locked` */
export const resealed = async (
  keeper: Keeper,
  record: SealedRecord,
  bytes: Buffer,
  now: number,
): Promise<SealedRecord> => {
  const next = { ...record, generation: record.generation + 1, updatedAt: now };
  return { ...next, ...(await sealRecord(keeper, recordBinding(next), bytes)) };
};
