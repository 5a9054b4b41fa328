import { StoreError } from './errors.ts';
import type { Db } from './db.ts';
import { credentialRow } from './rows.ts';
import { deleteTokens, saveSession } from './sessions.ts';
import { sealSlots } from './slots.ts';
import type { Credential, TurnedKeys } from './types.ts';

const meanwhile = (): StoreError => new StoreError('store/conflict', 'something was sealed while the keys turned');

const turnRecords = async (db: Db, { user, records }: TurnedKeys): Promise<void> => {
  const stored = await db.selectFrom('record').select(['id', 'wrapped']).where('user_id', '=', user).execute();
  const known = new Map(records.map((record) => [record.id, record]));
  if (stored.length !== known.size) throw meanwhile();
  for (const { id, wrapped } of stored) {
    const turned = known.get(id);
    if (!turned?.before.equals(wrapped)) throw meanwhile();
    await db.updateTable('record').set({ wrapped: turned.wrapped }).where('id', '=', id).execute();
  }
};

const keyOf = ({ account, protocol }: Pick<Credential, 'account' | 'protocol'>): string => `${account} ${protocol}`;

const turnCredentials = async (db: Db, { user, credentials }: TurnedKeys): Promise<void> => {
  const stored = await db.selectFrom('credential').selectAll().where('user_id', '=', user).execute();
  const known = new Map(credentials.map((turned) => [keyOf(turned.credential), turned]));
  if (stored.length !== known.size) throw meanwhile();
  for (const { account_id, protocol, sealed } of stored) {
    const turned = known.get(keyOf({ account: account_id, protocol }));
    if (!turned?.before.equals(sealed)) throw meanwhile();
    await db
      .updateTable('credential')
      .set(credentialRow(turned.credential))
      .where('account_id', '=', account_id)
      .where('protocol', '=', protocol)
      .execute();
  }
};

/** One user key gives way to another: all that hangs on it, or nothing. */
export const turnKeys = async (db: Db, turned: TurnedKeys, now: number): Promise<void> => {
  const { user, keys, session, slots } = turned;
  await turnRecords(db, turned);
  await turnCredentials(db, turned);
  await db
    .updateTable('user')
    .set({ public_key: keys.publicKey, sealed_keys: keys.sealed })
    .where('id', '=', user)
    .execute();
  await deleteTokens(db, user);
  const kept = slots.map((slot) => slot.id);
  const dropped = db.deleteFrom('slot').where('user_id', '=', user);
  await (kept.length === 0 ? dropped : dropped.where('id', 'not in', kept)).execute();
  await sealSlots(db, slots);
  await db.deleteFrom('session').where('user_id', '=', user).where('id', '!=', session.id).execute();
  await saveSession(db, session, now);
};
