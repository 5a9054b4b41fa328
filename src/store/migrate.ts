import { sql, type Kysely } from 'kysely';
import { StoreError } from './errors.ts';
import type { DialectWords, Migration } from './migrations.ts';
import type { Tables } from './schema.ts';

/**
 * Brings the database to the newest version, all in one transaction; `lock` keeps other starting processes out. A newer
 * database is left as it is and used, unless its `safeBackTo` forbids.
 * @throws StoreError `store/newer`
 */
export const migrate = async (
  db: Kysely<Tables>,
  words: DialectWords,
  migrations: readonly Migration[],
  lock: (db: Kysely<Tables>) => Promise<void>,
): Promise<void> => {
  await db.transaction().execute(async (t) => {
    await lock(t);
    const version = sql.raw(words.int);
    await sql`CREATE TABLE IF NOT EXISTS schema_version (
      id ${version} PRIMARY KEY NOT NULL, version ${version} NOT NULL, safe_back_to ${version} NOT NULL
    ) ${sql.raw(words.end)}`.execute(t);
    const now = await t.selectFrom('schema_version').selectAll().where('id', '=', 1).executeTakeFirst();
    const ours = migrations.length;
    if (now && now.version > ours) {
      if (ours >= now.safe_back_to) return;
      throw new StoreError(
        'store/newer',
        `The database is of version ${now.version}; this Postern knows version ${ours} and needs ${now.safe_back_to} at least.`,
      );
    }
    const missing = migrations.slice(now?.version ?? 0);
    for (const { schema, data } of missing) {
      for (const statement of schema(words)) await sql.raw(statement).execute(t);
      await data?.(t);
    }
    if (missing.length === 0) return;
    const row = { id: 1, version: ours, safe_back_to: Math.max(...migrations.map((m) => m.safeBackTo)) };
    const { version: newVersion, safe_back_to } = row;
    await t
      .insertInto('schema_version')
      .values(row)
      .onConflict((c) => c.column('id').doUpdateSet({ version: newVersion, safe_back_to }))
      .execute();
  });
};
