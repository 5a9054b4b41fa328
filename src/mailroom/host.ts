import { mkdirSync } from 'node:fs';
import { Tide } from '#base/tide.ts';
import type { Clock } from '#base/clock.ts';
import { type Log, logError } from '#base/log.ts';
import type { Gateway, Host } from '#gateway/types.ts';
import { removeIndex } from '#index/open.ts';
import type { IndexError } from '#index/errors.ts';
import type { Index } from '#index/types.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Carriers } from '#upstream/carriers.ts';
import type { Engine } from '#upstream/engine.ts';
import type { Carrier } from '#upstream/ticket.ts';
import type { Keeper, MailAccountId, SessionId, UserId } from '#vault/keeper.ts';
import { RoomError } from './errors.ts';
import { openHerald } from './herald.ts';
import { indexFile, OpenAccounts } from './open-accounts.ts';

/** What a host is made of; the world gives the real ones, tests their own. */
export interface HostParts {
  store: Store;
  keeper: Keeper;
  gateway: Gateway;
  /** Opens or makes the index file of an account; `damaged` is told when it is read later. @throws IndexError `index/unreadable` */
  openIndex(file: string, key: Buffer, damaged: (error: IndexError) => void): Index;
  openEngine(parts: EngineWish): Engine;
  /** Carries letters of users who are away; without it none are. */
  carriers?: Carriers;
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
  /** Network address of the visitor for whom connections are made. */
  visitor: () => string | null;
  /** Carries letters when the user leaves. */
  carrier?: Carrier;
}

/** A user whose accounts are open in this thread. */
export interface OpenHost extends AsyncDisposable {
  host: Host;
  accounts: OpenAccounts;
  /** Somebody at this network address asks; null: nobody is here. */
  visitedFrom(address: string | null): void;
}

/** Deletes the index files of a user whose accounts are closed. */
export const eraseIndexes = async (parts: HostParts, user: UserId): Promise<void> => {
  for (const account of await parts.store.accounts(user)) removeIndex(indexFile(parts, account.id));
};

/** What a host tells of itself. */
export interface HostNews {
  changed(account: string, states: Record<string, string>): void;
  ended(session: SessionId): void;
  /** A connection could not be made because the keeper has lost the user's key: it was started again. */
  locked(): void;
  /** An index cannot be read: the host is to be closed and opened again. */
  damaged(): void;
}

/**
 * Opens the accounts of a user whose key the keeper holds: `only` these, or all.
 * @throws RoomError `room/locked`
 */
export const openHost = async (
  parts: HostParts,
  user: UserId,
  news: HostNews,
  only: readonly MailAccountId[] | null = null,
): Promise<OpenHost> => {
  const { store, keeper, gateway, clock, log } = parts;
  if (!(await keeper.isOpen(user))) throw new RoomError('room/locked', 'the user key is not in memory');
  mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  let visitor: string | null = null;
  const tide = new Tide();
  const stir = (): void => {
    tide.rise();
    herald.stir();
  };
  const accounts = new OpenAccounts(parts, user, tide, {
    stirred: stir,
    locked: () => news.locked(),
    damaged: () => news.damaged(),
    visitor: () => visitor,
  });
  const host: Host = { user, accounts: accounts.map, store, keeper, tide, changed: stir, ended: news.ended };
  /**
   * Read from a timer, where nobody catches: to ask for a state stores what was gathered, and a disk that is full or fails
   * under one index is not the end of the others in this thread.
   */
  const states = (): ReturnType<Gateway['states']> => {
    try {
      return gateway.states({ host, readOnly: true, proven: false, session: null, sessionState: '' });
    } catch (error) {
      logError(log, 'states', error);
      return {};
    }
  };
  const herald = openHerald(
    states,
    (account, states) => news.changed(account, states),
    (ms, task) => clock.after(ms, task),
  );
  const close = async (): Promise<void> => {
    herald.stop();
    tide.rise();
    await accounts.close();
  };
  try {
    await accounts.bring({ only });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    host,
    accounts,
    visitedFrom: (address) => {
      visitor = address;
    },
    [Symbol.asyncDispose]: close,
  };
};
