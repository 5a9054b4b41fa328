import type { MailAccountId, MailProtocol, UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { accountRow, credentialRow, toAccount, toCredential } from './rows.ts';
import { sealSlots } from './slots.ts';
import type { Credential, Store } from './types.ts';

/** Mail accounts and the passwords sealed for them. */

export const accounts = async (db: Db, owner: UserId): ReturnType<Store['accounts']> => {
  const rows = await db
    .selectFrom('account')
    .selectAll()
    .where('user_id', '=', owner)
    .orderBy('position')
    .orderBy('id')
    .execute();
  return rows.map(toAccount);
};

export const saveAccount = async (db: Db, account: Parameters<Store['saveAccount']>[0]): Promise<void> => {
  const row = accountRow(account);
  await db
    .insertInto('account')
    .values(row)
    .onConflict((c) => c.column('id').doUpdateSet(row))
    .execute();
};

export const keepAccount = async (db: Db, rows: Parameters<Store['keepAccount']>[0]): Promise<void> => {
  await saveAccount(db, rows.account);
  await saveCredentials(db, rows.credentials);
  await sealSlots(db, rows.slots);
};

export const account = async (db: Db, id: MailAccountId): ReturnType<Store['account']> => {
  const row = await db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toAccount(row) : null;
};

export const changeAccount = async (
  db: Db,
  id: MailAccountId,
  change: Parameters<Store['changeAccount']>[1],
): ReturnType<Store['changeAccount']> => {
  const before = await account(db, id);
  if (!before) return null;
  const changed = { ...before, ...change };
  await db.updateTable('account').set(accountRow(changed)).where('id', '=', id).execute();
  return changed;
};

export const deleteAccount = async (db: Db, id: MailAccountId): Promise<void> => {
  await db.deleteFrom('submission').where('account_id', '=', id).execute();
  await db.deleteFrom('account').where('id', '=', id).execute();
};

export const detachLogin = async (db: Db, id: MailAccountId): Promise<void> => {
  await db.updateTable('account').set({ direct: 0 }).where('id', '=', id).execute();
  await db.deleteFrom('slot').where('account_id', '=', id).where('kind', '=', 'mail-password').execute();
};

export const saveCredentials = async (db: Db, credentials: readonly Credential[]): Promise<void> => {
  for (const row of credentials.map(credentialRow))
    await db
      .insertInto('credential')
      .values(row)
      .onConflict((c) => c.columns(['account_id', 'protocol']).doUpdateSet(row))
      .execute();
};

export const credential = async (
  db: Db,
  account: MailAccountId,
  protocol: MailProtocol,
): ReturnType<Store['credential']> => {
  const row = await db
    .selectFrom('credential')
    .selectAll()
    .where('account_id', '=', account)
    .where('protocol', '=', protocol)
    .executeTakeFirst();
  return row ? toCredential(row) : null;
};

export const credentials = async (db: Db, owner: UserId): ReturnType<Store['credentials']> => {
  const query = db.selectFrom('credential').selectAll().where('user_id', '=', owner);
  return (await query.orderBy('account_id').orderBy('protocol').execute()).map(toCredential);
};
