import { parseEnvelope } from '#mime/envelope.ts';
import { applyEmailPatch } from '#upstream/email-patch.ts';
import { undoStatus } from '#upstream/submission.ts';
import { isAddress } from '../address.ts';
import { SetFailure } from '../errors.ts';
import { emailNumber } from '../ids.ts';
import { addLocal, journal } from '../email/local.ts';
import type { AccountContext } from '../method.ts';
import { readRecord } from '../records.ts';
import type { Row } from './ledger.ts';

/** The message is taken back before it went. @throws SetFailure cannotUnsend */
export const cancelSubmission = async (context: AccountContext, { submission }: Row): Promise<void> => {
  const { open, caller } = context;
  if (undoStatus(submission.state) === 'canceled') return;
  const { store } = caller.host;
  const moved =
    (await store.moveSubmission(submission.id, 'held', 'canceled')) ||
    (await store.moveSubmission(submission.id, 'due', 'canceled'));
  if (!moved) throw new SetFailure({ type: 'cannotUnsend' });
  open.index.write((transactor) => transactor.note('EmailSubmission', submission.id, 'updated'));
};

/** The message again with those that only the envelope named. */
const withBcc = (bytes: Buffer, recipients: readonly string[]): Buffer => {
  const { to, cc } = parseEnvelope(bytes);
  const seen = new Set([...to, ...cc].map(({ email }) => email.toLowerCase()));
  const hidden = recipients.filter((email) => !seen.has(email.toLowerCase()) && isAddress(email));
  return hidden.length === 0 ? bytes : Buffer.concat([Buffer.from(`Bcc: ${hidden.join(',\r\n ')}\r\n`), bytes]);
};

/** Puts the Email back where it was when it was sent; one that was destroyed is a draft again. */
export const putBack = async (context: AccountContext, { submission, record }: Row): Promise<void> => {
  const { open, caller, clock } = context;
  const number = emailNumber(record.emailId);
  const email = number === undefined ? undefined : open.index.read((reader) => reader.email(number));
  if (email) {
    const patch = record.onCancelUpdateEmail;
    if (patch) open.index.write((transactor) => applyEmailPatch(transactor, email.number, patch, clock.now()));
  } else {
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
  open.engine.nudge();
};
