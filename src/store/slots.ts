import type { SlotId, SlotKind, SlotRow, UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { sealedSlotRow, slotRow, toSlot } from './rows.ts';
import type { Slot, Store } from './types.ts';

/** Slots: what opens a user's key. */

/** Kinds that can open a user by themselves, without a session that lives or a program. */
const unlockers: readonly SlotKind[] = ['mail-password', 'site-password', 'passkey', 'recovery'];

export const slots = async (db: Db, owner: UserId, kind?: SlotKind): ReturnType<Store['slots']> => {
  const query = db.selectFrom('slot').selectAll().where('user_id', '=', owner);
  const wanted = kind === undefined ? query.where('kind', 'in', unlockers) : query.where('kind', '=', kind);
  return (await wanted.orderBy('created_at').orderBy('id').execute()).map(toSlot);
};

export const slot = async (db: Db, id: SlotId): ReturnType<Store['slot']> => {
  const row = await db.selectFrom('slot').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toSlot(row) : null;
};

export const saveSlots = async (db: Db, saved: readonly Slot[], siteName?: string): Promise<void> => {
  for (const row of saved.map(slotRow))
    await db
      .insertInto('slot')
      .values(row)
      .onConflict((c) => c.column('id').doUpdateSet(row))
      .execute();
  const [first] = saved;
  if (siteName !== undefined && first)
    await db.updateTable('user').set({ site_name: siteName }).where('id', '=', first.user).execute();
};

export const sealSlots = async (db: Db, sealed: readonly SlotRow[]): Promise<void> => {
  for (const { id, ...row } of sealed.map(sealedSlotRow))
    await db.updateTable('slot').set(row).where('id', '=', id).execute();
};

export const renameSlot = async (db: Db, owner: UserId, id: SlotId, name: string): Promise<boolean> => {
  const query = db.updateTable('slot').set({ name }).where('id', '=', id).where('user_id', '=', owner);
  return (await query.returning('id').executeTakeFirst()) !== undefined;
};

export const touchSlot = async (db: Db, id: SlotId, at: number, signCount?: number): Promise<void> => {
  const found = signCount === undefined ? null : await slot(db, id);
  const facts = found?.facts && signCount !== undefined ? { facts: JSON.stringify({ ...found.facts, signCount }) } : {};
  await db
    .updateTable('slot')
    .set({ last_used_at: at, ...facts })
    .where('id', '=', id)
    .execute();
};

export const deleteSlot = async (db: Db, owner: UserId, id: SlotId): Promise<boolean> => {
  // Whoever deletes another slot of this user waits here: PostgreSQL would show both the same rows.
  await db.updateTable('user').set({ id: owner }).where('id', '=', owner).execute();
  const all = await slots(db, owner);
  const found = all.find((each) => each.id === id);
  if (!found || all.length < 2) return false;
  await db.deleteFrom('slot').where('id', '=', id).execute();
  if (found.kind === 'site-password' && !all.some((each) => each.kind === 'site-password' && each.id !== id))
    await db.updateTable('user').set({ site_name: null }).where('id', '=', owner).execute();
  return true;
};
