import { randomUUID } from 'node:crypto';
import type { Email } from '#index/types.ts';
import { utcDate } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import { applyPatch } from '#jmap/patch.ts';
import { pointerToken } from '#jmap/pointer.ts';
import { fieldValue, headerSpan, readFields } from '#mime/headers.ts';
import { parseMessageIds } from '#mime/message-id.ts';
import type { Submission } from '#store/types.ts';
import { placesOf } from '#upstream/places.ts';
import { type EmailPatch, encodeSubmission, newSubmissionRecord, type SubmissionRecord } from '#upstream/submission.ts';
import { wholeBytes } from '../blob.ts';
import { idOrReference } from '../check.ts';
import { tidyPatch } from '../email/update.ts';
import { invalidProperties } from '../errors.ts';
import { identitiesOf } from '../identity/book.ts';
import { emailId, emailNumber, mailboxId, mailboxNumber, threadId } from '../ids.ts';
import { type AccountContext, resolveId } from '../method.ts';
import { makeRecord } from '../records.ts';
import { onlyProperties, property } from '../set.ts';
import { Turns } from '../turns.ts';
import { type Addressed, addressedBy } from './envelope.ts';
import { noteRow, rowsOf } from './ledger.ts';
import { outgoing } from './outgoing.ts';
import { admitOnce, mayBeOf } from './same.ts';

/** What onSuccessUpdateEmail and onSuccessDestroyEmail want of the Email once the submission stands. */
export interface Afterwards {
  update: EmailPatch | null;
  destroy: boolean;
}

const emailOf = (context: AccountContext, value: unknown): Email => {
  const id = resolveId(context, property(idOrReference, value, 'emailId'));
  const number = id === undefined ? undefined : emailNumber(id);
  const email = number === undefined ? undefined : context.open.index.read((reader) => reader.email(number));
  if (!email) throw invalidProperties(['emailId'], 'There is no such Email.');
  return email;
};

/** A patch with creation ids resolved, and what takes it back: only the keys it changes. */
const patchAndReverse = (
  context: AccountContext,
  email: Email,
  wish: EmailPatch,
): { patch: EmailPatch; reverse: EmailPatch } => {
  const before: Record<string, unknown> = {
    keywords: Object.fromEntries(email.keywords.map((word) => [word, true])),
    mailboxIds: Object.fromEntries(email.mailboxes.map((box) => [mailboxId(box), true])),
  };
  const patch = tidyPatch(context, wish);
  const patched = applyPatch(before, patch, { keywords: {} });
  const reverse: Record<string, unknown> = {};
  for (const name of ['keywords', 'mailboxIds']) {
    const [was, is] = [before[name] ?? {}, (patched.ok ? patched.value[name] : null) ?? {}];
    for (const key of Object.keys(was)) if (!Object.hasOwn(is, key)) reverse[`${name}/${pointerToken(key)}`] = true;
    for (const key of Object.keys(is)) if (!Object.hasOwn(was, key)) reverse[`${name}/${pointerToken(key)}`] = null;
  }
  return { patch, reverse };
};

/** Whether the patch itself puts the Email into Sent. */
const goesToSent = ({ open }: AccountContext, patch: EmailPatch | null): boolean => {
  const whole = patch?.['mailboxIds'];
  const named = Object.keys(patch ?? {}).flatMap((key) =>
    key.startsWith('mailboxIds/') && patch?.[key] === true ? [key.slice(11)] : [],
  );
  const ids = typeof whole === 'object' && whole !== null ? Object.keys(whole) : named;
  return open.index.read((reader) =>
    ids.some((id) => {
      const box = mailboxNumber(id);
      return box !== undefined && reader.mailbox(box)?.role === 'sent';
    }),
  );
};

/** The Emails this one answers or forwards: they are marked once it went. */
const marksOf = ({ open }: AccountContext, raw: Buffer): SubmissionRecord['onSuccessMark'] => {
  const { headerEnd } = headerSpan(raw, 0, raw.length);
  const fields = readFields(raw, 0, headerEnd);
  const named = (field: string): string[] => parseMessageIds(fieldValue(fields, field) ?? '').slice(0, 10);
  const marks = (ids: string[], keyword: '$answered' | '$forwarded'): SubmissionRecord['onSuccessMark'] =>
    open.index.read((reader) =>
      ids.flatMap((id) => reader.byMessageId(id)).map((number) => ({ emailId: emailId(number), keyword })),
    );
  return [...marks(named('in-reply-to'), '$answered'), ...marks(named('x-forwarded-message-id'), '$forwarded')];
};

export interface Made {
  submission: Submission;
  emailId: string;
  /** Properties the server set. */
  told: { id: string } & Record<string, unknown>;
}

/** A letter that may go. */
interface Letter {
  email: Email;
  identity: Identity;
  raw: Buffer;
  addressed: Addressed;
  now: number;
}

/** @throws SetFailure, VaultError, StoreError, UpstreamError */
const letterOf = async (context: AccountContext, given: Readonly<Record<string, unknown>>): Promise<Letter> => {
  const { open, clock } = context;
  // `undoStatus` is ours to say; meli says it, and does not look whether its letter was taken.
  const { undoStatus, ...rest } = given;
  onlyProperties(undoStatus === 'pending' || undoStatus === 'final' ? rest : given, [
    'identityId',
    'emailId',
    'envelope',
  ]);
  const identities = (await identitiesOf(context, open)).map(({ identity }) => identity);
  const wanted = resolveId(context, property(idOrReference, given['identityId'], 'identityId'));
  const identity = identities.find(({ id }) => id === wanted);
  if (!identity) throw invalidProperties(['identityId'], 'There is no such identity.');
  const email = emailOf(context, given['emailId']);
  const raw = await wholeBytes(open, email);
  const now = clock.now();
  return { email, identity, raw, addressed: addressedBy(given['envelope'], raw, identities, now), now };
};

const handIn = async (
  context: AccountContext,
  { email, identity, raw, addressed: { envelope, sendAt }, now }: Letter,
  afterwards: Afterwards,
  isEnvelopeGiven: boolean,
): Promise<Made> => {
  const { open, caller } = context;
  const { host } = caller;
  admitOnce(await rowsOf(host, open, mayBeOf(email, now)), { emailId: emailId(email.number), envelope });
  const { bytes, messageId } = outgoing(raw, identity.email.split('@').at(-1) ?? 'localhost');
  const after = afterwards.update && !afterwards.destroy ? patchAndReverse(context, email, afterwards.update) : null;
  const marks = marksOf(context, raw);
  const record = newSubmissionRecord({
    identityId: identity.id,
    emailId: emailId(email.number),
    threadId: threadId(email.thread),
    envelope,
    messageId,
    createdAt: now,
    sendAt,
    // A draft that moves to Sent becomes the copy there.
    wantsSentCopy: !goesToSent(context, after?.patch ?? null),
    onSuccessUpdateEmail: after?.patch ?? null,
    onCancelUpdateEmail: after?.reverse ?? null,
    onSuccessMark: marks,
    places: placesOf(open.index, email, after?.patch ?? null, marks),
  });
  const id = `S${randomUUID().replaceAll('-', '')}`;
  const submission: Submission = {
    id,
    user: host.user,
    account: open.account.id,
    state: 'held',
    sendAt,
    tries: 0,
    updatedAt: now,
    record: await makeRecord(host, open, 'submission', encodeSubmission(record), now),
    message: await makeRecord(host, open, 'submission', bytes, now),
  };
  await host.store.saveSubmission(submission);
  noteRow(context, id, 'created');
  const told = {
    id,
    threadId: record.threadId,
    sendAt: utcDate(Math.floor(sendAt / 1000)),
    undoStatus: 'pending',
    deliveryStatus: record.deliveryStatus,
    dsnBlobIds: [],
    mdnBlobIds: [],
    ...(isEnvelopeGiven ? {} : { envelope }),
  };
  return { submission, emailId: record.emailId, told };
};

const turns = new Turns();

/** One create of EmailSubmission/set: the message and all that is needed to send it, sealed in the durable store. @throws SetFailure, VaultError, StoreError, UpstreamError */
export const createSubmission = async (
  context: AccountContext,
  given: Readonly<Record<string, unknown>>,
  afterwards: Afterwards,
): Promise<Made> => {
  // No letter waits for the bytes of another.
  const letter = await letterOf(context, given);
  return turns.take(context.open, () => handIn(context, letter, afterwards, Boolean(given['envelope'])));
};
