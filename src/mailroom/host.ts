import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { type Log, logError } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { Gateway, Host, OpenAccount } from '#gateway/types.ts';
import { removeIndex } from '#index/open.ts';
import type { Index } from '#index/types.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Engine } from '#upstream/engine.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper, SessionId, UserId } from '#vault/keeper.ts';
import { jmapAccountId } from './account-id.ts';
import { RoomError } from './errors.ts';
import { openHerald } from './herald.ts';

/** What a host is made of; the world gives the real ones, tests their own. */
export interface HostParts {
  store: Store;
  keeper: Keeper;
  gateway: Gateway;
  /** Opens or makes the index file of an account. @throws IndexError `index/unreadable` */
  openIndex(file: string, key: Buffer): Index;
  openEngine(parts: EngineWish): Engine;
  /** Folder of the index files. */
  folder: string;
  clock: Clock;
  log: Log;
}

export interface EngineWish {
  account: MailAccount;
  index: Index;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
}

/** A user whose accounts are open in this thread. */
export interface OpenHost extends AsyncDisposable {
  host: Host;
}

/** The key of an account's index: a record without payload, made at the first sign-in. */
const indexKey = async (parts: HostParts, account: MailAccount): Promise<Buffer> => {
  const { store, keeper, clock } = parts;
  const [known] = await store.records(account.user, account.id, 'index-key');
  if (known) return keeper.openKey(recordBinding(known), known.wrapped);
  const fresh = {
    id: randomUUID(),
    user: account.user,
    account: account.id,
    purpose: 'index-key',
    generation: 1,
  } as const;
  const { key, wrapped } = await keeper.makeKey(recordBinding(fresh));
  await store.saveRecord({ ...fresh, wrapped, sealed: Buffer.alloc(0), updatedAt: clock.now() });
  return key;
};

/** The index is a cache: one that cannot be read is made anew, and its epoch tells every client. */
const openOrRebuild = (parts: HostParts, file: string, key: Buffer): Index => {
  try {
    return parts.openIndex(file, key);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'index/unreadable') throw error;
    logError(parts.log, 'index rebuilt', error);
    removeIndex(file);
    return parts.openIndex(file, key);
  }
};

const indexFile = (parts: HostParts, account: Pick<MailAccount, 'id'>): string =>
  join(parts.folder, `${account.id}.db`);

/** Deletes the index files of a user whose accounts are closed. */
export const eraseIndexes = async (parts: HostParts, user: UserId): Promise<void> => {
  for (const account of await parts.store.accounts(user)) removeIndex(indexFile(parts, account));
};

const openAccount = async (parts: HostParts, account: MailAccount): Promise<OpenAccount> => {
  const { store, keeper, clock, log } = parts;
  const key = await indexKey(parts, account);
  let index: Index;
  try {
    index = openOrRebuild(parts, indexFile(parts, account), key);
  } finally {
    key.fill(0);
  }
  try {
    const engine = parts.openEngine({ account, index, store, keeper, clock, log });
    return { jmapId: jmapAccountId(account), account, index, engine };
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
};

const closeAccount = async (log: Log, open: OpenAccount): Promise<void> => {
  try {
    await open.engine[Symbol.asyncDispose]();
  } catch (error) {
    logError(log, 'engine did not close', error);
  }
  open.index[Symbol.dispose]();
};

/** What a host tells of itself. */
export interface HostNews {
  changed(account: string, states: Record<string, string>): void;
  ended(session: SessionId): void;
  /** A connection could not be made because the keeper has lost the user's key: it was started again. */
  locked(): void;
}

/** The key may have come back while the connection was tried: then it is tried again. */
const watchLock = ({ keeper, log }: HostParts, user: UserId, engine: Engine, news: HostNews): (() => void) =>
  engine.onStatus(() => {
    const { connection } = engine;
    if (connection.at !== 'away' || connection.code !== 'user/locked') return;
    keeper
      .isOpen(user)
      .then((open) => (open ? engine.retry() : news.locked()))
      .catch((error: unknown) => logError(log, 'keeper', error));
  });

/**
 * Opens all accounts of a user whose key the keeper holds.
 * @throws RoomError `room/locked`
 */
export const openHost = async (parts: HostParts, user: UserId, news: HostNews): Promise<OpenHost> => {
  const { store, keeper, gateway, clock, log } = parts;
  if (!(await keeper.isOpen(user))) throw new RoomError('room/locked', 'the user key is not in memory');
  mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  const accounts = new Map<string, OpenAccount>();
  try {
    for (const account of await store.accounts(user)) {
      const open = await openAccount(parts, account);
      accounts.set(open.jmapId, open);
    }
  } catch (error) {
    await Promise.all([...accounts.values()].map((open) => closeAccount(log, open)));
    throw error;
  }
  const host: Host = { user, accounts, store, keeper, changed: () => herald.stir(), ended: news.ended };
  const herald = openHerald(
    () => gateway.states({ host, readOnly: true, proven: false, session: null, sessionState: '' }),
    (account, states) => news.changed(account, states),
    (ms, task) => clock.after(ms, task),
  );
  const ends = [...accounts.values()].flatMap(({ index, engine }) => [
    index.onChange(() => herald.stir()),
    watchLock(parts, user, engine, news),
  ]);
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      for (const end of ends) end();
      herald.stop();
      await Promise.all([...accounts.values()].map((open) => closeAccount(log, open)));
    },
  };
};
