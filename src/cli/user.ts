import { createInterface } from 'node:readline/promises';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { removeIndex } from '#index/open.ts';
import type { MailAccount, Store, User } from '#store/types.ts';
import { momentOf, oneUser, operatorEntry, withStore } from './operator.ts';
import { read, several, type Setting, type Task, WordsError } from './tasks.ts';

/** What an operator is shown of a user: nothing that opens anything. */
interface Listed {
  id: string;
  siteName: string | null;
  createdAt: number;
  lastSeenAt: number | null;
  lockedAt: number | null;
  accounts: { address: string; imap: string; state: MailAccount['state']; auth: MailAccount['auth'] }[];
  unlockers: string[];
  sessions: number;
  tokens: number;
}

const listed = async (store: Store, user: User): Promise<Listed> => {
  const [accounts, slots, sessions, tokens] = await Promise.all([
    store.accounts(user.id),
    store.slots(user.id),
    store.sessions(user.id),
    store.tokens(user.id),
  ]);
  const now = systemClock.now();
  const seen = [...sessions.map(({ lastSeenAt }) => lastSeenAt), ...tokens.map(({ lastUsedAt }) => lastUsedAt ?? 0)];
  return {
    id: user.id,
    siteName: user.siteName,
    createdAt: user.createdAt,
    lastSeenAt: seen.length > 0 ? Math.max(...seen) || null : null,
    lockedAt: user.lockedAt,
    accounts: accounts.map(({ address, imap, state, auth }) => ({ address, imap: imap.host, state, auth })),
    unlockers: slots.map(({ kind }) => kind),
    sessions: sessions.filter(({ expiresAt }) => expiresAt > now).length,
    tokens: tokens.length,
  };
};

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const lineOf = ({ accounts, siteName, sessions, tokens, createdAt, lastSeenAt, lockedAt, id }: Listed): string =>
  [
    accounts.map(({ address, state }) => (state === 'ok' ? address : `${address} (password refused)`)).join(', '),
    ...(siteName === null ? [] : [`signs in as ${siteName}`]),
    counted(sessions, 'session'),
    ...(tokens > 0 ? [counted(tokens, 'API token')] : []),
    `since ${momentOf(createdAt)}`,
    `last seen ${momentOf(lastSeenAt)}`,
    ...(lockedAt === null ? [] : [`LOCKED since ${momentOf(lockedAt)}`]),
    id,
  ].join('  ');

const list: Task = {
  name: 'list',
  words: '[ADDRESS] [--json]',
  summary: 'Lists the users, or those of one address.',
  details: ['--json prints a JSON array, which says more: servers, unlockers, how each account signs in.'],
  run: async (words, setting) => {
    const { words: found, values } = read(words, [0, 1], { json: { type: 'boolean' } });
    return withStore(setting, async (store) => {
      const [name] = found;
      const users = name === undefined ? await store.users() : await store.usersNamed(name);
      const shown: Listed[] = [];
      for (const user of users) shown.push(await listed(store, user));
      if (values['json'] === true) setting.say(JSON.stringify(shown, null, 2));
      else for (const each of shown) setting.say(lineOf(each));
      return name !== undefined && shown.length === 0 ? 1 : 0;
    });
  },
};

/** A task on one user. */
const onOne = (
  name: string,
  summary: string,
  details: readonly string[],
  work: (store: Store, user: User, setting: Setting, name: string) => Promise<void>,
): Task => ({
  name,
  words: 'ADDRESS',
  summary,
  details: [
    ...details,
    'ADDRESS is one of the user’s addresses, the name of the Postern sign-in, or the id that list shows.',
  ],
  run: async (words, setting) => {
    const [called = ''] = read(words, 1).words;
    return withStore(setting, async (store) => {
      await work(store, await oneUser(store, called), setting, called);
      return 0;
    });
  },
});

const endSessions = async (store: Store, user: User): Promise<number> => {
  const sessions = await store.sessions(user.id);
  for (const { id } of sessions) await store.deleteSession(id);
  return sessions.length;
};

const soon = 'A running Postern takes note within five seconds: connections are closed and keys dropped.';

const lock = onOne(
  'lock',
  'Keeps a user out: ends all sessions, and lets nobody in by any unlocker or API token.',
  ['Nothing is deleted. unlock lets them in again.', soon],
  async (store, user, { say }, called) => {
    const at = systemClock.now();
    if (user.lockedAt === null) await store.setLocked(user.id, at);
    const ended = await endSessions(store, user);
    await store.audit(operatorEntry(user.id, 'user-locked', { sessions: ended }));
    say(`${called} is locked; ${counted(ended, 'session')} ended.`);
  },
);

const unlock = onOne(
  'unlock',
  'Lets a locked user in again, who has to sign in anew.',
  [],
  async (store, user, { say }, called) => {
    if (user.lockedAt === null) return say(`${called} was not locked.`);
    await store.setLocked(user.id, null);
    await store.audit(operatorEntry(user.id, 'user-unlocked'));
    return say(`${called} may sign in again.`);
  },
);

const ends = onOne(
  'end-sessions',
  'Ends all sessions of a user, who has to sign in anew. API tokens go on.',
  [soon],
  async (store, user, { say }, called) => {
    const ended = await endSessions(store, user);
    await store.audit(operatorEntry(user.id, 'session-ended', { sessions: ended }));
    say(`${counted(ended, 'session')} of ${called} ended.`);
  },
);

const confirmed = async (called: string): Promise<boolean> => {
  if (!process.stdin.isTTY) throw new WordsError('nobody can be asked here: say --yes');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`Type ${called} to delete this user: `)).trim() === called;
  } finally {
    lines.close();
  }
};

const remove: Task = {
  name: 'delete',
  words: 'ADDRESS [--yes]',
  summary: 'Deletes a user: sealed passwords, sessions, settings, drafts and unsent mail kept here, and the indexes.',
  details: [
    'Mail on the mail servers stays. Who signs in later with the same address is a new user.',
    'Asks first, unless --yes is said. What the audit log says of the user stays until its time is over.',
    soon,
  ],
  run: async (words, setting) => {
    const { words: found, values } = read(words, 1, { yes: { type: 'boolean' } });
    const [called = ''] = found;
    return withStore(setting, async (store) => {
      const user = await oneUser(store, called);
      if (values['yes'] !== true && !(await confirmed(called))) {
        setting.say('Nothing was deleted.');
        return 1;
      }
      const accounts = await store.accounts(user.id);
      await store.deleteUser(user.id);
      await store.audit(operatorEntry(user.id, 'user-deleted', { accounts: accounts.length }));
      for (const { id } of accounts) removeIndex(join(setting.config.data, 'index', `${id}.db`));
      setting.say(`${called} is deleted, with ${counted(accounts.length, 'account')}.`);
      return 0;
    });
  },
};

export const user = several(
  'user',
  'Lists, locks and deletes users, and ends their sessions.',
  ['Works on the database, whether Postern runs or not (POSTERN_DATA, POSTERN_DATABASE_URL).'],
  [list, lock, unlock, ends, remove],
);
