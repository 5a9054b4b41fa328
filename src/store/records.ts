import type { Binding, MailAccountId, UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { recordRow, toRecord } from './rows.ts';
import type { SealedRecord, Store } from './types.ts';

/** Sealed records: drafts, identities, preferences and the like. */

export const records = async (
  db: Db,
  user: UserId,
  account: MailAccountId | null,
  purpose: Binding['purpose'],
): ReturnType<Store['records']> => {
  const query = db.selectFrom('record').selectAll().where('user_id', '=', user).where('purpose', '=', purpose);
  const placed = account === null ? query.where('account_id', 'is', null) : query.where('account_id', '=', account);
  return (await placed.orderBy('updated_at').orderBy('id').execute()).map(toRecord);
};

export const allRecords = async (db: Db, user: UserId): ReturnType<Store['allRecords']> =>
  (await db.selectFrom('record').selectAll().where('user_id', '=', user).orderBy('id').execute()).map(toRecord);

export const record = async (db: Db, id: string): ReturnType<Store['record']> => {
  const row = await db.selectFrom('record').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toRecord(row) : null;
};

export const saveRecord = async (db: Db, saved: SealedRecord): Promise<void> => {
  const row = recordRow(saved);
  await db
    .insertInto('record')
    .values(row)
    .onConflict((c) => c.column('id').doUpdateSet(row))
    .execute();
};

export const deleteRecord = async (db: Db, id: string): Promise<void> => {
  await db.deleteFrom('record').where('id', '=', id).execute();
};
