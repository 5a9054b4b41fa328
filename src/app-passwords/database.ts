import { CompiledQuery, Kysely, sql } from 'kysely';
import { sqliteDialect } from '#store/sqlite-dialect.ts';
import { openSqlite } from '#store/sqlite-handle.ts';
import { sqlitePath } from '#store/open.ts';
import { type Patience, poolDialect } from '#store/pool-dialect.ts';
import { postgresPool } from '#store/postgres-pool.ts';
import { AppPasswordError } from './errors.ts';
import { type DatabaseKind, migrations, versionTable } from './migrations.ts';
import { mysqlPool } from './mysql-pool.ts';
import type { Tables } from './schema.ts';
import { asAppPasswordError } from './sql-errors.ts';

export type Db = Kysely<Tables>;

export interface Database extends AsyncDisposable {
  kind: DatabaseKind;
  /** @throws AppPasswordError for whatever the database or the way to it does wrong */
  read<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** One transaction: all of it, or nothing. @throws as {@link read}; `/unavailable` and `/slow` leave open whether it was done */
  write<T>(work: (db: Db) => Promise<T>): Promise<T>;
  /** One statement of the operator's own, with bound values. */
  run(statement: string, values: readonly unknown[]): Promise<{ rows: unknown[]; changes: number }>;
}

const usualPatience: Patience = { connect: 4000, statement: 4000 };
const sqlitePatience = 1500;

export const kindOf = (url: string): DatabaseKind =>
  /^postgres(ql)?:/.test(url) ? 'postgres' : /^(mysql|mariadb):/.test(url) ? 'mysql' : 'sqlite';

const open = (kind: DatabaseKind, url: string, patience: Patience): Db => {
  switch (kind) {
    case 'postgres':
      return new Kysely({ dialect: poolDialect(kind, postgresPool(url, patience), patience) });
    case 'mysql':
      return new Kysely({
        dialect: poolDialect(kind, mysqlPool(url.replace(/^mariadb:/, 'mysql:'), patience), patience),
      });
    case 'sqlite': {
      const handle = openSqlite(sqlitePath(url));
      // Its thread has other things to do while Dovecot holds the lock.
      handle.run(`PRAGMA busy_timeout = ${sqlitePatience}`, []);
      return new Kysely({ dialect: sqliteDialect(handle) });
    }
  }
};

const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw asAppPasswordError(error);
  }
};

/**
 * `sqlite:/path`, `postgres://…`, `mysql://…` or `mariadb://…`; opened when it is first needed, and again as long as it cannot be: this
 * itself never fails.
 */
export const openDatabase = (url: string, patience: Patience = usualPatience): Database => {
  const kind = kindOf(url);
  let opened: Db | undefined;
  const db = (): Db => (opened ??= open(kind, url, patience));
  return {
    kind,
    read: (work) => guarded(() => work(db())),
    write: (work) => guarded(() => db().transaction().execute(work)),
    run: (statement, values) =>
      guarded(async () => {
        const { rows, numAffectedRows } = await db().executeQuery(CompiledQuery.raw(statement, [...values]));
        return { rows, changes: Number(numAffectedRows ?? 0) };
      }),
    [Symbol.asyncDispose]: async () => opened?.destroy(),
  };
};

/**
 * Makes the tables, or brings them to this version.
 * @returns how many versions were added
 * @throws AppPasswordError `app-password/newer`
 */
export const initialise = (database: Database): Promise<number> =>
  // MariaDB commits at each CREATE TABLE by itself: the version is written last, and one process at a time is enough.
  database.write(async (t) => {
    await sql.raw(versionTable(database.kind)).execute(t);
    const now = await t.selectFrom('app_password_version').selectAll().where('id', '=', 1).executeTakeFirst();
    if (now && now.version > migrations.length && migrations.length < now.safe_back_to)
      throw new AppPasswordError('app-password/newer', `the tables are of version ${now.version}`);
    const missing = migrations.slice(now?.version ?? 0);
    for (const { statements } of missing)
      for (const statement of statements(database.kind)) await sql.raw(statement).execute(t);
    if (missing.length === 0) return 0;
    const row = { version: migrations.length, safe_back_to: Math.max(...migrations.map((one) => one.safeBackTo)) };
    if (now) await t.updateTable('app_password_version').set(row).where('id', '=', 1).execute();
    else
      await t
        .insertInto('app_password_version')
        .values({ id: 1, ...row })
        .execute();
    return missing.length;
  });
