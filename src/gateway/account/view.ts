import { createHash } from 'node:crypto';
import type { IndexReader } from '#index/types.ts';
import { type UTCDate, utcDate } from '#jmap/ids.ts';
import type { MailAccountId } from '#jmap/ids.ts';
import type { MailAccount, MailAccountStatus, MailHost, Refusal } from '#jmap/keep.ts';
import type { Connection, Engine, Refusal as EngineRefusal } from '#upstream/engine.ts';
import type { Target } from '#vault/keeper.ts';
import { choicesOf } from '#upstream/role-choices.ts';
import { emailId, mailboxId } from '../ids.ts';
import type { OpenAccount } from '../types.ts';

export const mailAccountId = 'singleton' as MailAccountId;

export const mailAccountProperties: readonly (keyof MailAccount)[] = [
  'id',
  'name',
  'address',
  'colour',
  'position',
  'inAllInboxes',
  'imap',
  'smtp',
  'auth',
  'status',
  'progress',
  'waiting',
  'refusals',
  'chosenRoles',
];

const mostRefusals = 20;

/** Refusals of an engine since it was opened, newest first. */
const refusalsOf = new WeakMap<Engine, Refusal[]>();

/** Begins to listen; called whenever an account is met, does so once. */
export const watchRefusals = (engine: Engine, now: () => number): Refusal[] => {
  const known = refusalsOf.get(engine);
  if (known) return known;
  const refusals: Refusal[] = [];
  refusalsOf.set(engine, refusals);
  engine.onRefusal(({ emails, kind, responseCode, words }: EngineRefusal) => {
    const change = kind === 'leave' ? 'move' : kind;
    refusals.unshift({ at: utcDate(now() / 1000), change, emailIds: emails.map(emailId), responseCode, words });
    refusals.length = Math.min(refusals.length, mostRefusals);
  });
  return refusals;
};

const hostOf = ({ host, port, security }: Target): MailHost => ({ host, port, security });

const instant = (milliseconds: number): UTCDate => utcDate(Math.floor(milliseconds / 1000));

const statusOf = (connection: Connection): MailAccountStatus => {
  switch (connection.at) {
    case 'connecting':
    case 'live':
      return { at: connection.at };
    case 'away': {
      const { code, words } = connection;
      return { at: 'away', since: instant(connection.since), retryAt: instant(connection.retryAt), code, words };
    }
    case 'refused':
      return { at: 'refused', since: instant(connection.since), words: connection.words };
  }
};

/** Mailboxes that the user chose and that are there. */
const chosenRolesOf = (reader: IndexReader): MailAccount['chosenRoles'] => {
  const choices = Object.entries(choicesOf(reader));
  if (choices.length === 0) return {};
  const boxes = new Map(reader.mailboxes().map((box) => [box.pathRaw, box]));
  return Object.fromEntries(
    choices.flatMap(([role, pathRaw]) => {
      const box = boxes.get(pathRaw);
      return box && box.state !== 'gone' ? [[role, mailboxId(box.id)]] : [];
    }),
  );
};

export const mailAccountView = ({ account, engine, index }: OpenAccount): MailAccount => {
  const { known, total, reachesTo, done } = engine.progress;
  const gaps = index.read((reader) => reader.textGaps());
  return {
    id: mailAccountId,
    name: account.name,
    address: account.address,
    colour: account.colour,
    position: account.position,
    inAllInboxes: account.inAllInboxes,
    imap: hostOf(account.imap),
    smtp: hostOf(account.smtp),
    auth: account.auth === 'oauth' ? 'token' : 'password',
    status: statusOf(engine.connection),
    progress: {
      known,
      total,
      reachesTo: reachesTo === null ? null : utcDate(reachesTo),
      done,
      searchable: Math.max(0, known - gaps.previews),
      read: Math.max(0, known - gaps.bodies),
      readTo: gaps.newest === null ? null : utcDate(gaps.newest),
    },
    waiting: index.read((reader) => reader.intentCount()),
    refusals: refusalsOf.get(engine) ?? [],
    chosenRoles: index.read(chosenRolesOf),
  };
};

/** The state is a digest of what is shown: it needs no log and is the same on every node. */
export const mailAccountState = (open: OpenAccount): string =>
  createHash('sha256')
    .update(JSON.stringify(mailAccountView(open)))
    .digest('base64url')
    .slice(0, 16);
