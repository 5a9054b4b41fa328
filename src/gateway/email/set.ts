import { capabilities, type PatchObject } from '#jmap/core.ts';
import { isUTCDate, secondsOf } from '#jmap/ids.ts';
import { draftKey } from '#upstream/draft.ts';
import { invalidProperties, MethodFailure, SetFailure } from '../errors.ts';
import { emailNumber } from '../ids.ts';
import { draftRest } from '../limits.ts';
import { type AccountContext, method } from '../method.ts';
import { admitSet, Outcome, type SetArguments, setFields, targetsOf } from '../set.ts';
import { compose } from './compose.ts';
import { addLocal, dropRecords, journal, type LocalMessage } from './local.ts';
import { isBodyProperty, newBody, rootPart } from './new-body.ts';
import { isHeaderProperty, newHeader } from './new-headers.ts';
import { admitKeywords, keywordsOf, mailboxForNew } from './placing.ts';
import { withoutUnchanged } from './unchanged.ts';
import { updateEmail } from './update.ts';

const isKnown = (name: string): boolean =>
  name === 'mailboxIds' ||
  name === 'keywords' ||
  name === 'receivedAt' ||
  isHeaderProperty(name) ||
  isBodyProperty(name);

/** Builds a new message and makes it durable. @throws SetFailure */
const prepare = async (context: AccountContext, record: Readonly<Record<string, unknown>>): Promise<LocalMessage> => {
  const now = context.clock.now();
  const bad = new Set(Object.keys(record).filter((name) => !isKnown(name)));
  const wish = { header: newHeader(record, rootPart(record), bad), body: newBody(record, bad) };
  const received = record['receivedAt'] ?? null;
  if (received !== null && !(typeof received === 'string' && isUTCDate(received))) bad.add('receivedAt');
  if (bad.size > 0) throw invalidProperties([...bad]);
  const keywords = keywordsOf(record['keywords'] ?? {});
  const box = context.open.index.read((reader) => mailboxForNew(context, reader, record['mailboxIds'] ?? {}));
  admitKeywords(box, keywords);
  const { raw, messageId } = await compose(context.open, wish, now);
  const receivedAt = typeof received === 'string' && isUTCDate(received) ? secondsOf(received) : Math.floor(now / 1000);
  return journal(context, { box, keywords, receivedAt, raw }, messageId);
};

/** `failure`: what kept us, not the client, from making one durable. */
const prepareAll = async (
  context: AccountContext,
  create: Readonly<Record<string, Record<string, unknown>>>,
  outcome: Outcome,
): Promise<{ ready: [string, LocalMessage][]; failure: unknown }> => {
  const ready: [string, LocalMessage][] = [];
  let failure: unknown = null;
  for (const [creationId, record] of Object.entries(create)) {
    try {
      ready.push([creationId, await prepare(context, record)]);
    } catch (error) {
      outcome.refused('create', creationId, error);
      if (!(error instanceof SetFailure)) failure = error;
    }
  }
  return { ready, failure };
};

/** The updates without what they leave as it is; those that cannot be compared are refused. */
const prepareUpdates = async (
  context: AccountContext,
  update: Readonly<Record<string, PatchObject>>,
  outcome: Outcome,
): Promise<Record<string, PatchObject>> => {
  const ready: [string, PatchObject][] = [];
  for (const [id, patch] of Object.entries(update)) {
    try {
      ready.push([id, await withoutUnchanged(context, id, patch)]);
    } catch (error) {
      outcome.refused('update', id, error);
    }
  }
  return Object.fromEntries(ready);
};

export interface EmailSetWish {
  create: SetArguments['create'];
  update: Record<string, PatchObject> | null;
  destroy: string[] | null;
  ifInState: string | null;
  /** When IMAP may follow, Unix ms; a draft rests a little longer. */
  dueAt: number;
  /** The same for what is destroyed. */
  destroyAt?: number;
}

/** All records of an Email/set: new messages are built first, then everything is one transaction of the index. */
export const setEmails = async (context: AccountContext, wish: EmailSetWish): Promise<string> => {
  const { open } = context;
  const { index, engine } = open;
  const state = (): string => index.read((reader) => reader.state('Email'));
  admitSet(wish, state());
  const outcome = new Outcome(context);
  const { ready, failure } = await prepareAll(context, wish.create ?? {}, outcome);
  const update = await prepareUpdates(context, wish.update ?? {}, outcome);
  // While messages were built and looked at, somebody else may have changed one.
  if (wish.ifInState !== null && wish.ifInState !== state()) {
    await dropRecords(
      context,
      ready.map(([, { record }]) => record.id),
    );
    throw new MethodFailure('stateMismatch');
  }
  const orphans: string[] = [];
  const states = index.write((transactor) => {
    const oldState = transactor.state('Email');
    for (const [creationId, message] of ready) {
      const rest = message.keywords.includes('$draft') ? draftRest : 0;
      outcome.created(creationId, addLocal(transactor, message, wish.dueAt + rest));
    }
    const targets = targetsOf(context, { ...wish, update }, outcome);
    const boxes = new Map(transactor.mailboxes().map((box) => [box.id, box]));
    for (const [id, patch] of targets.update) {
      try {
        const number = emailNumber(id);
        if (number === undefined) throw new SetFailure({ type: 'notFound' });
        updateEmail(context, transactor, boxes, number, patch, wish.dueAt);
        outcome.updated(id);
      } catch (error) {
        if (!(error instanceof SetFailure)) throw error;
        outcome.refused('update', id, error);
      }
    }
    for (const id of targets.destroy) {
      const number = emailNumber(id);
      const email = number === undefined ? undefined : transactor.email(number);
      if (!email) {
        outcome.refused('destroy', id, new SetFailure({ type: 'notFound' }));
        continue;
      }
      // What should have taken the place of a draft could not be kept: then the draft stays.
      if (failure !== null && email.keywords.includes('$draft')) {
        outcome.refused('destroy', id, failure);
        continue;
      }
      const isLocal = transactor.placements(email.row).every((placement) => placement.uid === null);
      const record = transactor.value(draftKey(email.row));
      // A draft on the server goes after the one that takes its place has been filed, be it of this call or of one before.
      const rest = email.keywords.includes('$draft') ? 2 * draftRest : 0;
      transactor.destroy(email.number, wish.destroyAt ?? wish.dueAt + rest);
      if (isLocal && record) {
        orphans.push(record);
        transactor.dropValue(draftKey(email.row));
      }
      outcome.destroyed(id);
    }
    return { oldState };
  });
  const newState = state();
  if (!outcome.changedNothing) engine.nudge();
  await dropRecords(context, orphans);
  return outcome.toJson(states.oldState, newState);
};

/** Email/set – RFC 8621 §4.6. Answered once it stands in the index; the mail server follows. */
export const emailSet = method('Email/set', capabilities.mail, { writes: true }, setFields, async (context, args) => ({
  json: await setEmails(context, { ...args, dueAt: context.clock.now() }),
}));
