import type { MailAccountId, MailProtocol, SlotKind, Target, UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import {
  accountRow,
  credentialRow,
  sessionRow,
  slotRow,
  toAccount,
  toCredential,
  toSlot,
  toUser,
  userRow,
} from './rows.ts';
import type { Credential, Store } from './types.ts';

/** Users, their accounts, credentials and slots. */

export const user = async (db: Db, id: UserId): ReturnType<Store['user']> => {
  const row = await db.selectFrom('user').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toUser(row) : null;
};

export const userByLogin = async (
  db: Db,
  { host, port, username }: Pick<Target, 'host' | 'port' | 'username'>,
): ReturnType<Store['userByLogin']> => {
  const account = await db
    .selectFrom('account')
    .selectAll()
    .where('imap_host', '=', host)
    .where('imap_port', '=', port)
    .where('imap_username', '=', username)
    .where('direct', '=', 1)
    .executeTakeFirst();
  if (!account) return null;
  const owner = await user(db, account.user_id);
  const slot = await db
    .selectFrom('slot')
    .selectAll()
    .where('user_id', '=', account.user_id)
    .where('kind', '=', 'mail-password')
    .where('account_id', '=', account.id)
    .executeTakeFirst();
  return owner && { user: owner, account: toAccount(account), slot: slot ? toSlot(slot) : null };
};

export const saveCredentials = async (db: Db, credentials: readonly Credential[]): Promise<void> => {
  for (const row of credentials.map(credentialRow))
    await db
      .insertInto('credential')
      .values(row)
      .onConflict((c) => c.columns(['account_id', 'protocol']).doUpdateSet(row))
      .execute();
};

export const saveSlots = async (db: Db, slots: readonly Parameters<typeof slotRow>[0][]): Promise<void> => {
  for (const row of slots.map(slotRow))
    await db
      .insertInto('slot')
      .values(row)
      .onConflict((c) => c.column('id').doUpdateSet(row))
      .execute();
};

export const createUser = async (db: Db, rows: Parameters<Store['createUser']>[0]): Promise<void> => {
  const direct = rows.slots.some((slot) => slot.kind === 'mail-password' && slot.account === rows.account.id);
  await db.insertInto('user').values(userRow(rows.user)).execute();
  await db
    .insertInto('account')
    .values({ ...accountRow(rows.account), direct: direct ? 1 : 0 })
    .execute();
  await saveCredentials(db, rows.credentials);
  await saveSlots(db, rows.slots);
  await db.insertInto('session').values(sessionRow(rows.session)).execute();
};

export const addSession = async (db: Db, rows: Parameters<Store['addSession']>[0]): Promise<void> => {
  await saveCredentials(db, rows.credentials);
  await saveSlots(db, rows.slots);
  await db.insertInto('session').values(sessionRow(rows.session)).execute();
};

export const deleteUser = async (db: Db, id: UserId): Promise<void> => {
  await db.deleteFrom('submission').where('user_id', '=', id).execute();
  await db.deleteFrom('api_token').where('user_id', '=', id).execute();
  await db.deleteFrom('user').where('id', '=', id).execute();
};

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

export const slots = async (db: Db, owner: UserId, kind: SlotKind): ReturnType<Store['slots']> => {
  const query = db.selectFrom('slot').selectAll().where('user_id', '=', owner).where('kind', '=', kind);
  return (await query.orderBy('id').execute()).map(toSlot);
};
