import { randomUUID } from 'node:crypto';
import type { SealedRecord } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Binding } from '#vault/keeper.ts';
import { openRecord, sealRecord } from '#vault/seal-record.ts';
import type { Host, OpenAccount } from './types.ts';

/** Records of the durable store, each sealed under its own key. */

/** Seals `bytes` as a new record, or as the next generation of `before`; the caller stores it. @throws VaultError */
export const makeRecord = async (
  host: Host,
  open: OpenAccount,
  purpose: Binding['purpose'],
  bytes: Buffer,
  updatedAt: number,
  before?: Pick<SealedRecord, 'id' | 'generation'>,
): Promise<SealedRecord> => {
  const row = {
    id: before?.id ?? randomUUID(),
    user: host.user,
    account: open.account.id,
    purpose,
    generation: (before?.generation ?? 0) + 1,
  };
  return { ...row, ...(await sealRecord(host.keeper, recordBinding(row), bytes)), updatedAt };
};

/** The payload. @throws VaultError */
export const readRecord = (host: Host, record: SealedRecord): Promise<Buffer> =>
  openRecord(host.keeper, recordBinding(record), record);
