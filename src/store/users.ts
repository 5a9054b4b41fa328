import type { Target, UserId } from '#vault/keeper.ts';
import { saveCredentials } from './accounts.ts';
import type { Db } from './db.ts';
import { accountRow, sessionRow, toAccount, toSlot, toUser, userRow } from './rows.ts';
import { saveSlots, sealSlots, slots } from './slots.ts';
import type { Store } from './types.ts';

/** Users. */

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

export const userBySiteName = async (db: Db, name: string): ReturnType<Store['userBySiteName']> => {
  const row = await db.selectFrom('user').selectAll().where('site_name', '=', name).executeTakeFirst();
  return row ? { user: toUser(row), slots: await slots(db, row.id, 'site-password') } : null;
};

export const users = async (db: Db): ReturnType<Store['users']> =>
  (await db.selectFrom('user').selectAll().orderBy('created_at').orderBy('id').execute()).map(toUser);

export const usersNamed = async (db: Db, name: string): ReturnType<Store['usersNamed']> => {
  const wanted = name.toLowerCase();
  const query = db
    .selectFrom('user')
    .selectAll()
    .where((is) =>
      is.or([
        is('id', '=', name as UserId),
        is('site_name', '=', wanted),
        is(
          'id',
          'in',
          db
            .selectFrom('account')
            .select('user_id')
            .where((of) => of(of.fn<string>('lower', ['address']), '=', wanted)),
        ),
      ]),
    );
  return (await query.orderBy('created_at').orderBy('id').execute()).map(toUser);
};

export const setSiteName = async (db: Db, id: UserId, name: string | null): Promise<void> => {
  await db.updateTable('user').set({ site_name: name }).where('id', '=', id).execute();
};

export const setLocked = async (db: Db, id: UserId, at: number | null): Promise<void> => {
  await db.updateTable('user').set({ locked_at: at }).where('id', '=', id).execute();
};

export const takeTotpStep = async (db: Db, id: UserId, step: number): Promise<boolean> => {
  const done = await db
    .updateTable('user')
    .set({ totp_step: step })
    .where('id', '=', id)
    .where((is) => is.or([is('totp_step', 'is', null), is('totp_step', '<', step)]))
    .returning('id')
    .executeTakeFirst();
  return done !== undefined;
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
  await sealSlots(db, rows.slots);
  await db.insertInto('session').values(sessionRow(rows.session)).execute();
};

export const deleteUser = async (db: Db, id: UserId): Promise<void> => {
  await db.deleteFrom('submission').where('user_id', '=', id).execute();
  await db.deleteFrom('api_token').where('user_id', '=', id).execute();
  await db.deleteFrom('user').where('id', '=', id).execute();
};
