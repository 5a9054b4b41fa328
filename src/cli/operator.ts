import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { systemClock } from '#base/clock.ts';
import { ConfigError } from '#config/errors.ts';
import { openStore, sqlitePath } from '#store/open.ts';
import type { AuditEntry, Store, User } from '#store/types.ts';
import type { UserId } from '#vault/keeper.ts';
import { type Setting, WordsError } from './tasks.ts';

/** Works on the database, whether Postern runs or not. Makes none. @throws ConfigError, StoreError */
export const withStore = async <T>({ secrets }: Setting, work: (store: Store) => Promise<T>): Promise<T> => {
  const url = secrets.databaseUrl.reveal();
  const path = /^postgres(ql)?:/.test(url) ? null : sqlitePath(url);
  if (path !== null && !statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new ConfigError('config/invalid', [`There is no database at ${path}; POSTERN_DATA names the data folder.`]);
  process.umask(0o077);
  await using store = await openStore(url, { mode: 'direct' });
  return await work(store);
};

/** What the operator did, for the audit log. */
export const operatorEntry = (
  user: UserId | null,
  kind: AuditEntry['kind'],
  facts: AuditEntry['facts'] = {},
): AuditEntry => ({
  id: randomUUID(),
  user,
  at: systemClock.now(),
  kind,
  address: '',
  userAgent: '',
  facts: { by: 'operator', ...facts },
});

/** The one user of that name. @throws WordsError when there is none, or more than one */
export const oneUser = async (store: Store, name: string): Promise<User> => {
  const found = await store.usersNamed(name);
  const [user, ...others] = found;
  if (!user) throw new WordsError(`there is no user ${name}`);
  if (others.length > 0)
    throw new WordsError(
      `${found.length} users are called ${name}: say which by the id, ${found.map(({ id }) => id).join(' or ')}`,
    );
  return user;
};

/** Minutes in UTC. */
export const momentOf = (ms: number | null): string =>
  ms === null ? 'never' : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
