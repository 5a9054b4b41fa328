import type { UserId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { auditRow, toAudit } from './rows.ts';
import type { AuditEntry, Store } from './types.ts';

/** Who did what with keys; see docs/spec/vault.md. */

export const audit = async (db: Db, entry: AuditEntry): Promise<void> => {
  await db.insertInto('audit').values(auditRow(entry)).execute();
};

export const auditOf = async (
  db: Db,
  user: UserId | null,
  { since, most, kinds }: Parameters<Store['auditOf']>[1],
): ReturnType<Store['auditOf']> => {
  let wanted = db.selectFrom('audit').selectAll().where('at', '>=', since);
  if (user !== null) wanted = wanted.where('user_id', '=', user);
  if (kinds) wanted = wanted.where('kind', 'in', kinds);
  return (await wanted.orderBy('at', 'desc').orderBy('id').limit(most).execute()).map(toAudit);
};

export const dropAudit = async (db: Db, before: number): Promise<void> => {
  await db.deleteFrom('audit').where('at', '<', before).execute();
};
