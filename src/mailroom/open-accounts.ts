import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { logError } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { Tide } from '#base/tide.ts';
import { raises } from '#gateway/tide.ts';
import type { OpenAccount } from '#gateway/types.ts';
import { removeIndex } from '#index/open.ts';
import type { Index } from '#index/types.ts';
import type { MailAccount } from '#store/types.ts';
import type { Engine } from '#upstream/engine.ts';
import type { Carrier } from '#upstream/ticket.ts';
import { recordBinding } from '#vault/associated.ts';
import type { MailAccountId, UserId } from '#vault/keeper.ts';
import { jmapAccountId } from './account-id.ts';
import type { HostParts } from './host.ts';

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

const isUnreadable = (error: unknown): boolean => error instanceof Problem && error.code === 'index/unreadable';

export const indexFile = (parts: Pick<HostParts, 'folder'>, id: MailAccountId): string =>
  join(parts.folder, `${id}.db`);

/** What the accounts of a host tell it. */
export interface AccountNews {
  /** States may have moved. */
  stirred(): void;
  /** A connection could not be made because the keeper has lost the user's key. */
  locked(): void;
  /** An index cannot be read: what is closed and opened again has another. */
  damaged(): void;
  /** Network address of the visitor for whom connections are made. */
  visitor(): string | null;
}

/** Which accounts shall be open, and what of them is new. */
export interface AccountsWish {
  /** These alone; null: all of the user's. */
  only: readonly MailAccountId[] | null;
  /** Its servers or its password are others now. */
  renew?: MailAccountId | null;
  /** It is about to be deleted: closed, and its index file goes. */
  erase?: MailAccountId | null;
}

interface Held {
  open: OpenAccount;
  carrier: Carrier | undefined;
  /** Ends what listens to the engine. */
  deaf: () => void;
  /** Ends what listens to the index. */
  blind: () => void;
  /** Its index file goes when it is closed. */
  damaged?: true;
}

/** What others see of the accounts: when it changes, the JMAP session object has. */
const faceOf = (held: Iterable<Held>): string =>
  JSON.stringify(
    [...held]
      .map(({ open: { jmapId, account } }) => [jmapId, account.address, account.name, account.colour, account.position])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );

/** The open accounts of one user: they come and go one by one while the others stay open. */
export class OpenAccounts {
  /** By JMAP accountId. */
  readonly map = new Map<string, OpenAccount>();
  readonly #parts: HostParts;
  readonly #user: UserId;
  readonly #tide: Tide;
  readonly #news: AccountNews;
  readonly #held = new Map<MailAccountId, Held>();
  /** One wish after another. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: HostParts, user: UserId, tide: Tide, news: AccountNews) {
    this.#parts = parts;
    this.#user = user;
    this.#tide = tide;
    this.#news = news;
  }

  /**
   * Brings what is open in step with the store; whether the session object has changed. `quiet` resolves when nobody
   * uses an account that goes.
   */
  bring(wish: AccountsWish, quiet: () => Promise<unknown> = () => Promise.resolve()): Promise<boolean> {
    const next = this.#last.then(() => this.#bring(wish, quiet));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #bring({ only, renew, erase }: AccountsWish, quiet: () => Promise<unknown>): Promise<boolean> {
    if (this.#closed) return false;
    const before = faceOf(this.#held.values());
    const rows = (await this.#parts.store.accounts(this.#user)).filter(
      ({ id }) => id !== erase && (only === null || only.includes(id)),
    );
    const staying = new Set(rows.map(({ id }) => id));
    const going = [...this.#held].filter(([id]) => !staying.has(id));
    for (const [id, { open }] of going) {
      this.#held.delete(id);
      this.map.delete(open.jmapId);
    }
    this.#tide.rise();
    if (going.length > 0) await quiet();
    await Promise.all(going.map(([, held]) => this.#close(held)));
    if (erase) removeIndex(indexFile(this.#parts, erase));
    for (const row of rows) {
      const held = this.#held.get(row.id);
      if (!held) await this.#open(row);
      else {
        held.open.account = row;
        if (row.id === renew) await this.#renew(held);
      }
    }
    this.#news.stirred();
    return faceOf(this.#held.values()) !== before;
  }

  /** Lines that are down are tried at once; a refused password only when another has taken its place meanwhile. */
  async hurry(): Promise<void> {
    for (const { open } of this.#held.values()) {
      const refused = open.engine.refusal !== null;
      if (!refused || (await this.#parts.store.account(open.account.id))?.state === 'ok') open.engine.retry();
    }
  }

  /** Nobody is here any more: jobs that have tickets are handed over. */
  async handOver(): Promise<void> {
    await Promise.all(
      [...this.#held.values()].map(({ open }) =>
        open.engine.handOver().catch((error: unknown) => logError(this.#parts.log, 'ticket', error)),
      ),
    );
  }

  async #open(account: MailAccount): Promise<void> {
    const key = await indexKey(this.#parts, account);
    const carrier = await this.#parts.carriers?.arrive(account);
    try {
      this.#take(account, key, carrier);
    } catch (error) {
      // The index is a cache, and its epoch tells every client that it is another.
      if (!isUnreadable(error)) throw error;
      logError(this.#parts.log, 'index rebuilt', error);
      removeIndex(indexFile(this.#parts, account.id));
      this.#take(account, key, carrier);
    } finally {
      key.fill(0);
    }
  }

  #take(account: MailAccount, key: Buffer, carrier: Carrier | undefined): void {
    let held: Held | undefined;
    const index = this.#parts.openIndex(indexFile(this.#parts, account.id), key, (error) => {
      if (held) this.#damaged(held, error);
    });
    try {
      const engine = this.#engine(account, index, carrier);
      const open: OpenAccount = { jmapId: jmapAccountId(account), account, index, engine };
      raises(index, this.#tide);
      const blind = index.onChange(() => this.#news.stirred());
      held = { open, carrier, deaf: this.#watchLock(engine), blind };
      this.#held.set(account.id, held);
      this.map.set(open.jmapId, open);
    } catch (error) {
      this.#shut(index);
      throw error;
    }
  }

  /** Damage shows wherever it is read, and may never show while the file is opened. */
  #damaged(held: Held, error: unknown): void {
    if (held.damaged) return;
    held.damaged = true;
    logError(this.#parts.log, 'index rebuilt', error);
    this.#news.damaged();
  }

  #engine(account: MailAccount, index: Index, carrier: Carrier | undefined): Engine {
    const { store, keeper, clock, log } = this.#parts;
    const visitor = (): string | null => this.#news.visitor();
    return this.#parts.openEngine({
      account,
      index,
      store,
      keeper,
      clock,
      log,
      visitor,
      ...(carrier && { carrier }),
    });
  }

  /** The index stays open: what is there stays readable while the servers change. */
  async #renew(held: Held): Promise<void> {
    const { open } = held;
    held.deaf();
    await this.#end(open.engine);
    open.engine = this.#engine(open.account, open.index, held.carrier);
    held.deaf = this.#watchLock(open.engine);
  }

  /** The key may have come back while the connection was tried: then it is tried again. */
  #watchLock(engine: Engine): () => void {
    const { keeper, log } = this.#parts;
    return engine.onStatus(() => {
      const { connection } = engine;
      if (connection.at !== 'away' || connection.code !== 'user/locked') return;
      keeper
        .isOpen(this.#user)
        .then((isOpen) => (isOpen ? engine.retry() : this.#news.locked()))
        .catch((error: unknown) => logError(log, 'keeper', error));
    });
  }

  async #end(engine: Engine): Promise<void> {
    try {
      await engine[Symbol.asyncDispose]();
    } catch (error) {
      logError(this.#parts.log, 'engine did not close', error);
    }
  }

  async #close(held: Held): Promise<void> {
    const { open } = held;
    held.deaf();
    held.blind();
    await this.#end(open.engine);
    this.#shut(open.index);
    if (held.damaged) removeIndex(indexFile(this.#parts, open.account.id));
  }

  #shut(index: Index): void {
    try {
      index[Symbol.dispose]();
    } catch (error) {
      // What was not stored is fetched again.
      logError(this.#parts.log, 'index did not close', error);
    }
  }

  /** For good: who asks from now on finds no account. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    this.map.clear();
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.all(all.map((held) => this.#close(held)));
  }
}
