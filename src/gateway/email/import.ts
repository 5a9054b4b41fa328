import { randomUUID } from 'node:crypto';
import { capabilities } from '#jmap/core.ts';
import { secondsOf } from '#jmap/ids.ts';
import { parseEnvelope } from '#mime/envelope.ts';
import { headerSpan, readFields } from '#mime/headers.ts';
import { readBlob } from '../blob.ts';
import { type Check, id, mapOf, orNull, record, text, utc } from '../check.ts';
import { MethodFailure, SetFailure } from '../errors.ts';
import { type AccountContext, method } from '../method.ts';
import { admitSet, onlyProperties, Outcome, property } from '../set.ts';
import { addLocal, dropRecords, journal, type LocalMessage } from './local.ts';
import { admitKeywords, keywordsOf, mailboxForNew } from './placing.ts';

/** A message that has header fields; anything else is no message. */
export const looksLikeMessage = (bytes: Buffer): boolean => {
  const { headerEnd } = headerSpan(bytes, 0, bytes.length);
  return readFields(bytes, 0, headerEnd).length > 0;
};

/** When the message came in: the date of its newest trace field, else now – RFC 8621 §4.8 */
const receivedOf = (raw: Buffer, now: number): number => {
  const { headerEnd } = headerSpan(raw, 0, raw.length);
  const trace = readFields(raw, 0, headerEnd).find((field) => field.name.toLowerCase() === 'received')?.value ?? '';
  const at = Date.parse(
    trace
      .slice(trace.lastIndexOf(';') + 1)
      .replaceAll(/\([^()]*\)/gu, ' ')
      .trim(),
  );
  return Number.isNaN(at) || trace === '' ? Math.floor(now / 1000) : Math.floor(at / 1000);
};

const prepare = async (context: AccountContext, given: Record<string, unknown>): Promise<LocalMessage> => {
  onlyProperties(given, ['blobId', 'mailboxIds', 'keywords', 'receivedAt']);
  const blobId = property(text, given['blobId'], 'blobId');
  const received =
    given['receivedAt'] === undefined || given['receivedAt'] === null
      ? null
      : property(utc, given['receivedAt'], 'receivedAt');
  const keywords = keywordsOf(given['keywords'] ?? {});
  const box = context.open.index.read((reader) => mailboxForNew(context, reader, given['mailboxIds'] ?? {}));
  admitKeywords(box, keywords);
  const blob = await readBlob(context.open, blobId);
  if (!blob) throw new SetFailure({ type: 'blobNotFound', notFound: [blobId] });
  const raw = blob.bytes;
  if (!looksLikeMessage(raw)) throw new SetFailure({ type: 'invalidEmail', description: 'The blob is not a message.' });
  const receivedAt = received === null ? receivedOf(raw, context.clock.now()) : secondsOf(received);
  const messageId = parseEnvelope(raw).messageId ?? `${randomUUID()}@localhost`;
  return journal(context, { box, keywords, receivedAt, raw }, messageId);
};

const emails: Check<Record<string, Record<string, unknown>>> = mapOf(id, record);

/** Email/import – RFC 8621 §4.8 */
export const emailImport = method(
  'Email/import',
  capabilities.mail,
  { writes: true },
  { ifInState: orNull(text), emails },
  async (context, args) => {
    const { index, engine } = context.open;
    const state = (): string => index.read((reader) => reader.state('Email'));
    const oldState = state();
    admitSet({ ifInState: args.ifInState, create: args.emails, update: null, destroy: null }, oldState);
    const outcome = new Outcome(context);
    for (const [creationId, given] of Object.entries(args.emails)) {
      let message: LocalMessage;
      try {
        message = await prepare(context, given);
      } catch (error) {
        outcome.refused('create', creationId, error);
        continue;
      }
      // While the first was read, somebody else may have changed an Email; after that the changes are our own as well.
      if (args.ifInState !== null && outcome.changedNothing && args.ifInState !== state()) {
        await dropRecords(context, [message.record.id]);
        throw new MethodFailure('stateMismatch');
      }
      try {
        outcome.created(
          creationId,
          index.write((transactor) => addLocal(transactor, message, context.clock.now())),
        );
      } catch (error) {
        outcome.refused('create', creationId, error);
      }
    }
    const newState = state();
    if (!outcome.changedNothing) engine.nudge();
    return { json: outcome.toImportJson(oldState, newState) };
  },
);
