import { must } from '#base/must.ts';
import type { MailAccountId } from '#vault/keeper.ts';
import type { Db } from './db.ts';
import { saveRecord } from './records.ts';
import { submissionRow, toSubmission } from './rows.ts';
import type { RecordTable, SubmissionTable } from './schema.ts';
import type { Store, Submission, SubmissionSpan, SubmissionState } from './types.ts';

/** The outbox. */

/** So many values a statement: SQLite takes 32,766 of them, PostgreSQL 65,535. */
const atOnce = 1_000;

const withRecords = async (db: Db, rows: readonly SubmissionTable[]): Promise<Submission[]> => {
  const ids = rows.flatMap((row) => [row.record_id, row.message_id]);
  const byId = new Map<string, RecordTable>();
  for (let at = 0; at < ids.length; at += atOnce) {
    const part = db
      .selectFrom('record')
      .selectAll()
      .where('id', 'in', ids.slice(at, at + atOnce));
    for (const row of await part.execute()) byId.set(row.id, row);
  }
  return rows.map((row) => {
    const record = must(byId.get(row.record_id), 'a submission has its record');
    return toSubmission(row, record, must(byId.get(row.message_id), 'a submission has its message'));
  });
};

const ofAccount = (db: Db, account: MailAccountId) =>
  db.selectFrom('submission').selectAll().where('account_id', '=', account).orderBy('send_at').orderBy('id');

export const submissions = async (
  db: Db,
  account: MailAccountId,
  { states, updatedSince = 0, sendSince = 0 }: SubmissionSpan,
): Promise<Submission[]> => {
  const late = ofAccount(db, account).where('updated_at', '>=', updatedSince).where('send_at', '>=', sendSince);
  return withRecords(db, await (states ? late.where('state', 'in', states) : late).execute());
};

export const submission = async (db: Db, id: string): ReturnType<Store['submission']> => {
  const rows = await db.selectFrom('submission').selectAll().where('id', '=', id).execute();
  return (await withRecords(db, rows))[0] ?? null;
};

export const dueSubmissions = async (db: Db, account: MailAccountId, now: number): Promise<Submission[]> =>
  withRecords(
    db,
    await ofAccount(db, account).where('state', 'in', ['held', 'due']).where('send_at', '<=', now).execute(),
  );

export const saveSubmission = async (db: Db, saved: Submission): Promise<void> => {
  const row = submissionRow(saved);
  await saveRecord(db, saved.record);
  await saveRecord(db, saved.message);
  await db
    .insertInto('submission')
    .values(row)
    .onConflict((c) => c.column('id').doUpdateSet(row))
    .execute();
};

export const moveSubmission = async (
  db: Db,
  id: string,
  from: SubmissionState,
  to: SubmissionState,
  patch: NonNullable<Parameters<Store['moveSubmission']>[3]>,
  now: number,
): Promise<boolean> => {
  const { sendAt, tries, record } = patch;
  const { numUpdatedRows } = await db
    .updateTable('submission')
    .set({
      state: to,
      updated_at: now,
      ...(sendAt === undefined ? {} : { send_at: sendAt }),
      ...(tries === undefined ? {} : { tries }),
    })
    .where('id', '=', id)
    .where('state', '=', from)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return false;
  if (record) await saveRecord(db, record);
  return true;
};

/** Rows that were deleted leave no record behind. */
const deleteRecords = async (db: Db, rows: readonly Pick<SubmissionTable, 'record_id' | 'message_id'>[]) => {
  const ids = rows.flatMap((row) => [row.record_id, row.message_id]);
  if (ids.length > 0) await db.deleteFrom('record').where('id', 'in', ids).execute();
};

export const deleteSubmission = async (db: Db, id: string): Promise<void> => {
  const rows = await db.deleteFrom('submission').where('id', '=', id).returning(['record_id', 'message_id']).execute();
  await deleteRecords(db, rows);
};

export const forgetSubmissions = async (
  db: Db,
  account: MailAccountId,
  before: number,
  most: number,
): Promise<string[]> => {
  const old = db
    .selectFrom('submission')
    .select('id')
    .where('account_id', '=', account)
    .where('state', 'in', ['filed', 'canceled'])
    .where('updated_at', '<', before)
    .limit(most);
  const rows = await db
    .deleteFrom('submission')
    .where('id', 'in', old)
    .returning(['id', 'record_id', 'message_id'])
    .execute();
  await deleteRecords(db, rows);
  return rows.map(({ id }) => id);
};
