import { parseEnvelope } from '#mime/envelope.ts';
import { applyEmailPatch } from '#upstream/email-patch.ts';
import { inThese } from '#upstream/places.ts';
import { encodeSubmission, undoStatus } from '#upstream/submission.ts';
import { isAddress } from '../address.ts';
import { SetFailure } from '../errors.ts';
import { emailNumber } from '../ids.ts';
import { addLocal, journal } from '../email/local.ts';
import type { AccountContext } from '../method.ts';
import { makeRecord, readRecord } from '../records.ts';
import { noteRow, type Row } from './ledger.ts';

/** The message is taken back before it went. @throws SetFailure cannotUnsend */
export const cancelSubmission = async (context: AccountContext, { submission }: Row): Promise<void> => {
  if (undoStatus(submission.state) === 'canceled') return;
  const { store } = context.caller.host;
  const moved =
    (await store.moveSubmission(submission.id, 'held', 'canceled')) ||
    (await store.moveSubmission(submission.id, 'due', 'canceled'));
  if (!moved) throw new SetFailure({ type: 'cannotUnsend' });
  noteRow(context, submission.id, 'updated');
};

/** The message again with those that only the envelope named. */
const withBcc = (bytes: Buffer, recipients: readonly string[]): Buffer => {
  const { to, cc } = parseEnvelope(bytes);
  const seen = new Set([...to, ...cc].map(({ email }) => email.toLowerCase()));
  const hidden = recipients.filter((email) => !seen.has(email.toLowerCase()) && isAddress(email));
  return hidden.length === 0 ? bytes : Buffer.concat([Buffer.from(`Bcc: ${hidden.join(',\r\n ')}\r\n`), bytes]);
};

/** Puts the Email back where it was when it was sent; one that was destroyed is a draft again. */
export const putBack = async (context: AccountContext, { submission, record: kept }: Row): Promise<void> => {
  const { open, caller, clock } = context;
  const record = inThese(open.index, kept);
  const number = emailNumber(record.emailId);
  const email = number === undefined ? undefined : open.index.read((reader) => reader.email(number));
  if (email) {
    const patch = record.onCancelUpdateEmail;
    if (patch) open.index.write((transactor) => applyEmailPatch(transactor, email.number, patch, clock.now()));
  } else if (record === kept || record.onCancelUpdateEmail === null) {
    const drafts = await open.engine.mailboxFor('drafts');
    const box = open.index.read((reader) => reader.mailbox(drafts));
    if (!box) return;
    const bytes = await readRecord(caller.host, submission.message);
    const raw = withBcc(
      bytes,
      record.envelope.rcptTo.map((to) => to.email),
    );
    const receivedAt = Math.floor(clock.now() / 1000);
    const message = await journal(context, { box, keywords: ['$draft', '$seen'], receivedAt, raw }, record.messageId);
    open.index.write((transactor) => addLocal(transactor, message, clock.now()));
  }
  // Else the index was made anew, and what comes into it from the mail server is the draft as it was.
  open.engine.nudge();
};

/** What puts the Email back was done, or something else was wanted: the outbox does not do it again (O32). */
export const notePutBack = async (context: AccountContext, { submission, record }: Row): Promise<void> => {
  const { open, caller, clock } = context;
  if (record.onCancelUpdateEmail === null) return;
  const bytes = encodeSubmission({ ...record, onCancelUpdateEmail: null });
  await caller.host.store.saveRecord(
    await makeRecord(caller.host, open, 'submission', bytes, clock.now(), submission.record),
  );
};
