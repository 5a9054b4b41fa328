import type { SessionId, UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { sessionRow, toSession, tokenRow, toToken } from './rows.ts';
import type { SlotTable } from './schema.ts';
import type { ApiToken, Session, Store } from './types.ts';
import { saveSlots } from './slots.ts';

/** Sessions and API tokens. */

export const sessionByTokenHash = async (db: Db, hash: Buffer): ReturnType<Store['sessionByTokenHash']> => {
  const row = await db.selectFrom('session').selectAll().where('token_hash', '=', hash).executeTakeFirst();
  return row ? toSession(row) : null;
};

export const sessionByRetiredToken = async (db: Db, hash: Buffer): ReturnType<Store['sessionByRetiredToken']> => {
  const row = await db
    .selectFrom('retired_token')
    .innerJoin('session', 'session.id', 'retired_token.session_id')
    .selectAll('session')
    .select('retired_token.retired_at')
    .where('retired_token.token_hash', '=', hash)
    .executeTakeFirst();
  return row ? { session: toSession(row), retiredAt: row.retired_at } : null;
};

export const session = async (db: Db, id: SessionId): ReturnType<Store['session']> => {
  const row = await db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toSession(row) : null;
};

export const sessions = async (db: Db, user: UserId): ReturnType<Store['sessions']> => {
  const query = db.selectFrom('session').selectAll().where('user_id', '=', user);
  return (await query.orderBy('last_seen_at', 'desc').orderBy('id').execute()).map(toSession);
};

/** A changed token hash moves the old one to the retired ones. */
export const saveSession = async (db: Db, session: Session, now: number): Promise<void> => {
  const row = sessionRow(session);
  const before = await db.selectFrom('session').select('token_hash').where('id', '=', row.id).executeTakeFirst();
  if (!before) return;
  await db.updateTable('session').set(row).where('id', '=', row.id).execute();
  if (!before.token_hash.equals(row.token_hash))
    await db
      .insertInto('retired_token')
      .values({ token_hash: before.token_hash, session_id: row.id, retired_at: now })
      .execute();
};

export const touchSession = async (db: Db, id: SessionId, at: number): Promise<void> => {
  await db
    .updateTable('session')
    .set({ last_seen_at: at })
    .where('id', '=', id)
    .where('last_seen_at', '<', at)
    .execute();
};

export const deleteSession = async (db: Db, id: SessionId): Promise<void> => {
  await db.deleteFrom('session').where('id', '=', id).execute();
};

export const deleteExpiredSessions = async (db: Db, now: number): ReturnType<Store['deleteExpiredSessions']> => {
  const rows = await db.deleteFrom('session').where('expires_at', '<=', now).returning(['id', 'user_id']).execute();
  return rows.map((row) => ({ id: row.id, user: row.user_id }));
};

export const saveToken = async (db: Db, token: ApiToken): Promise<void> => {
  const row = tokenRow(token);
  await saveSlots(db, [token.slot]);
  await db
    .insertInto('api_token')
    .values(row)
    .onConflict((c) => c.column('id').doUpdateSet(row))
    .execute();
};

const slotOf = async (db: Db, id: ApiToken['slot']['id']): Promise<SlotTable> =>
  db.selectFrom('slot').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

export const tokenByHash = async (db: Db, hash: Buffer): ReturnType<Store['tokenByHash']> => {
  const row = await db.selectFrom('api_token').selectAll().where('token_hash', '=', hash).executeTakeFirst();
  return row ? toToken(row, await slotOf(db, row.slot_id)) : null;
};

export const tokens = async (db: Db, user: UserId): ReturnType<Store['tokens']> => {
  const query = db.selectFrom('api_token').selectAll().where('user_id', '=', user);
  const rows = await query.orderBy('created_at').orderBy('id').execute();
  return Promise.all(rows.map(async (row) => toToken(row, await slotOf(db, row.slot_id))));
};

export const touchToken = async (db: Db, id: string, at: number): Promise<void> => {
  await db.updateTable('api_token').set({ last_used_at: at }).where('id', '=', id).execute();
};

export const deleteToken = async (db: Db, user: UserId, id: string): Promise<void> => {
  const row = await db
    .deleteFrom('api_token')
    .where('id', '=', id)
    .where('user_id', '=', user)
    .returning('slot_id')
    .executeTakeFirst();
  if (row) await db.deleteFrom('slot').where('id', '=', row.slot_id).execute();
};

export const deleteTokens = async (db: Db, user: UserId): Promise<void> => {
  await db.deleteFrom('api_token').where('user_id', '=', user).execute();
  await db.deleteFrom('slot').where('user_id', '=', user).where('kind', '=', 'token').execute();
};
