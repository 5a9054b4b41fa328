import { sql } from 'kysely';
import type { Clock } from '#base/clock.ts';
import type { Database, Db } from './database.ts';
import { AppPasswordError } from './errors.ts';
import type { AppPasswordRow } from './schema.ts';
import { livingAt, toAppPassword, type JoinedRow } from './rows.ts';
import type { Actor, AppPassword, AuditEntry, AuditEvent, PublicId } from './types.ts';

export type NewRow = Pick<
  AppPasswordRow,
  'id' | 'label' | 'program' | 'protocols' | 'networks' | 'expires' | 'hash' | 'finder' | 'origin'
>;

/**
 * What a user's list was when it was read: `seq` counts changes of ours, `used` is the newest use Dovecot wrote, `made` when the newest
 * was made.
 */
export interface ListState {
  seq: number;
  used: number;
  made: number;
}

/** The rows of app passwords. Every call but {@link uncut} is confined to one user, whose name is already checked. */
export interface AppPasswordStore {
  /** Newest first, revoked ones among them. */
  list(user: string): Promise<AppPassword[]>;
  /** @throws AppPasswordError `app-password/unknown` */
  get(user: string, id: PublicId): Promise<AppPassword>;
  state(user: string): Promise<ListState>;
  /** Those that changed after `since`. None is ever deleted. */
  changed(user: string, since: ListState): Promise<AppPassword[]>;
  /** @throws AppPasswordError `app-password/limit` when the user has `most` living ones (0: any number), `app-password/clash` */
  add(user: string, row: NewRow, most: number, event: 'created' | 'imported', actor: Actor): Promise<void>;
  /** The new one is there and the old one ends at `until`, both or neither. @throws AppPasswordError `app-password/state` */
  replace(user: string, old: PublicId, row: NewRow, until: number, actor: Actor): Promise<void>;
  /** Digests of what was taken over for this user. */
  finders(user: string): Promise<Set<string>>;
  rename(user: string, id: PublicId, label: string, actor: Actor): Promise<void>;
  pause(user: string, id: PublicId, actor: Actor): Promise<void>;
  resume(user: string, id: PublicId, actor: Actor): Promise<void>;
  /** Revokes these, or all that are not revoked; the ids that were. */
  revoke(user: string, ids: readonly PublicId[] | 'all', actor: Actor): Promise<PublicId[]>;
  /** Since when he is asked what becomes of his app passwords; null: he is not. */
  asked(user: string): Promise<number | null>;
  /** Begins to ask, or (null) ends it. */
  ask(user: string, at: number | null): Promise<void>;
  /** Dovecot has forgotten what was ended for this user until `seq`. */
  cutDone(user: string, seq: number): Promise<void>;
  /** Users with something ended that Dovecot was not told, with the counter up to which that is so. */
  uncut(user?: string): Promise<{ user: string; seq: number }[]>;
  audit(user: string, most: number): Promise<AuditEntry[]>;
}

const joined = (db: Db, user: string) =>
  db
    .selectFrom('app_password as p')
    .leftJoin('app_password_use as u', 'u.id', 'p.id')
    .selectAll('p')
    .select(['u.used_at', 'u.protocol as used_protocol', 'u.network as used_network'])
    .where('p.username', '=', user);

/** Counts a change of the user up; in MariaDB and PostgreSQL it also keeps other writers of this user out until the end. */
const nextSeq = async (t: Db, kind: Database['kind'], user: string): Promise<number> => {
  const insert = t.insertInto('app_password_user').values({ username: user, seq: 1, asked_at: null });
  await (
    kind === 'mysql'
      ? insert.onDuplicateKeyUpdate((eb) => ({ seq: eb('seq', '+', 1) }))
      : insert.onConflict((c) =>
          c.column('username').doUpdateSet((eb) => ({ seq: eb('app_password_user.seq', '+', 1) })),
        )
  ).execute();
  const row = await t
    .selectFrom('app_password_user')
    .select('seq')
    .where('username', '=', user)
    .executeTakeFirstOrThrow();
  return row.seq;
};

const note = async (
  t: Db,
  at: number,
  user: string,
  ids: readonly string[],
  event: AuditEvent,
  actor: Actor,
): Promise<void> => {
  if (ids.length === 0) return;
  await t
    .insertInto('app_password_audit')
    .values(ids.map((id) => ({ at, username: user, id, event, actor })))
    .execute();
};

export const openAppPasswordStore = (database: Database, clock: Clock): AppPasswordStore => {
  const { kind } = database;
  const now = (): number => clock.now();
  const rowOf = async (db: Db, user: string, id: PublicId): Promise<JoinedRow> => {
    const row = await joined(db, user).where('p.id', '=', id).executeTakeFirst();
    if (!row) throw new AppPasswordError('app-password/unknown', 'the user has no such app password');
    return row;
  };
  const fresh = (user: string, row: NewRow, seq: number): AppPasswordRow => ({
    ...row,
    username: user,
    state: 'active',
    created: now(),
    replaced_by: null,
    overlap_until: null,
    ended: null,
    uncut: 0,
    seq,
  });
  /** One change of one row that is not revoked. */
  const change = (
    user: string,
    id: PublicId,
    event: AuditEvent,
    actor: Actor,
    set: (row: JoinedRow) => Partial<AppPasswordRow>,
  ): Promise<void> =>
    database.write(async (t) => {
      const seq = await nextSeq(t, kind, user);
      const row = await rowOf(t, user, id);
      if (row.state === 'revoked') throw new AppPasswordError('app-password/state', 'it is revoked');
      await t
        .updateTable('app_password')
        .set({ ...set(row), seq })
        .where('id', '=', id)
        .where('username', '=', user)
        .execute();
      await note(t, now(), user, [id], event, actor);
    });

  return {
    list: (user) =>
      database.read(async (db) => {
        const rows = await joined(db, user).orderBy('p.created', 'desc').orderBy('p.id').execute();
        return rows.map((row) => toAppPassword(row, now()));
      }),
    get: (user, id) => database.read(async (db) => toAppPassword(await rowOf(db, user, id), now())),
    state: (user) =>
      database.read(async (db) => {
        const counted = await db
          .selectFrom('app_password_user')
          .select('seq')
          .where('username', '=', user)
          .executeTakeFirst();
        const used = await db
          .selectFrom('app_password as p')
          .innerJoin('app_password_use as u', 'u.id', 'p.id')
          .select((eb) => eb.fn.max('u.used_at').as('used'))
          .where('p.username', '=', user)
          .executeTakeFirst();
        const made = await db
          .selectFrom('app_password')
          .select((eb) => eb.fn.max('created').as('made'))
          .where('username', '=', user)
          .executeTakeFirst();
        return { seq: counted?.seq ?? 0, used: Number(used?.used ?? 0), made: Number(made?.made ?? 0) };
      }),
    changed: (user, since) =>
      database.read(async (db) => {
        const rows = await joined(db, user)
          .where((eb) => eb.or([eb('p.seq', '>', since.seq), eb('u.used_at', '>', since.used)]))
          .execute();
        return rows.map((row) => toAppPassword(row, now()));
      }),
    add: (user, row, most, event, actor) =>
      database.write(async (t) => {
        const seq = await nextSeq(t, kind, user);
        if (most > 0) {
          const states = await t
            .selectFrom('app_password')
            .select(['state', 'expires', 'overlap_until'])
            .where('username', '=', user)
            .where('state', '<>', 'revoked')
            .execute();
          if (states.filter((one) => livingAt(one, now())).length >= most)
            throw new AppPasswordError('app-password/limit', `a user may have ${most} app passwords`);
        }
        await t
          .insertInto('app_password')
          .values(fresh(user, row, seq))
          .execute();
        await note(t, now(), user, [row.id], event, actor);
      }),
    replace: (user, old, row, until, actor) =>
      database.write(async (t) => {
        const seq = await nextSeq(t, kind, user);
        const before = await rowOf(t, user, old);
        if (before.state !== 'active' || before.overlap_until !== null || !livingAt(before, now()))
          throw new AppPasswordError('app-password/state', 'only an active one can be replaced');
        await t
          .insertInto('app_password')
          .values(fresh(user, row, seq))
          .execute();
        await t
          .updateTable('app_password')
          .set({ replaced_by: row.id, overlap_until: until, seq })
          .where('id', '=', old)
          .where('username', '=', user)
          .execute();
        await note(t, now(), user, [old], 'rotated', actor);
        await note(t, now(), user, [row.id], 'created', actor);
      }),
    finders: (user) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('app_password')
          .select('finder')
          .where('username', '=', user)
          .where('finder', 'is not', null)
          .execute();
        return new Set(rows.map((row) => row.finder ?? ''));
      }),
    rename: (user, id, label, actor) => change(user, id, 'renamed', actor, () => ({ label })),
    pause: (user, id, actor) => change(user, id, 'paused', actor, () => ({ state: 'paused', uncut: 1 })),
    resume: (user, id, actor) =>
      change(user, id, 'resumed', actor, (row) => {
        if (row.state !== 'paused') throw new AppPasswordError('app-password/state', 'it is not paused');
        return { state: 'active', uncut: 0 };
      }),
    revoke: (user, ids, actor) =>
      database.write(async (t) => {
        if (ids.length === 0) return [];
        const seq = await nextSeq(t, kind, user);
        const rows = await t
          .selectFrom('app_password')
          .select(['id', 'state'])
          .where('username', '=', user)
          .$if(ids === 'all', (query) => query.where('state', '<>', 'revoked'))
          .$if(ids !== 'all', (query) => query.where('id', 'in', ids === 'all' ? [] : ids))
          .execute();
        if (ids !== 'all' && rows.length < new Set(ids).size)
          throw new AppPasswordError('app-password/unknown', 'the user has no such app password');
        const living = rows.filter((row) => row.state !== 'revoked').map((row) => row.id);
        if (living.length > 0)
          await t
            .updateTable('app_password')
            .set({ state: 'revoked', ended: now(), uncut: 1, seq })
            .where('username', '=', user)
            .where('id', 'in', living)
            .execute();
        await note(t, now(), user, living, 'revoked', actor);
        return living as PublicId[];
      }),
    asked: (user) =>
      database.read(async (db) => {
        const row = await db
          .selectFrom('app_password_user')
          .select('asked_at')
          .where('username', '=', user)
          .executeTakeFirst();
        return row?.asked_at ?? null;
      }),
    ask: (user, at) =>
      database.write(async (t) => {
        await nextSeq(t, kind, user);
        await t.updateTable('app_password_user').set({ asked_at: at }).where('username', '=', user).execute();
      }),
    cutDone: (user, upTo) =>
      database.write(async (t) => {
        const seq = await nextSeq(t, kind, user);
        const rows = await t
          .selectFrom('app_password')
          .select('id')
          .where('username', '=', user)
          .where('uncut', '=', 1)
          .where('seq', '<=', upTo)
          .execute();
        const ids = rows.map((row) => row.id);
        if (ids.length === 0) return;
        await t
          .updateTable('app_password')
          .set({ uncut: 0, seq })
          .where('username', '=', user)
          .where('id', 'in', ids)
          .execute();
        await note(t, now(), user, ids, 'cut', 'postern');
      }),
    uncut: (user) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('app_password')
          .select((eb) => ['username', eb.fn.max('seq').as('seq')])
          .where('uncut', '=', 1)
          .$if(user !== undefined, (query) => query.where('username', '=', user ?? ''))
          .groupBy('username')
          .execute();
        return rows.map((row) => ({ user: row.username, seq: Number(row.seq) }));
      }),
    audit: (user, most) =>
      database.read(async (db) => {
        const rows = await db
          .selectFrom('app_password_audit')
          .selectAll()
          .where('username', '=', user)
          .orderBy('n', 'desc')
          .limit(sql.lit(Math.trunc(most)))
          .execute();
        return rows.map(({ at, username, id, event, actor }) => ({
          at,
          user: username,
          id: id as PublicId,
          event: event as AuditEvent,
          actor: actor as Actor,
        }));
      }),
  };
};
