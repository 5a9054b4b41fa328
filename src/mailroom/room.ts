import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { logError } from '#base/log.ts';
import { must } from '#base/must.ts';
import { oncePerKey } from '#base/once.ts';
import type { Caller } from '#gateway/types.ts';
import { removeIndex } from '#index/open.ts';
import type { MailAccountId, UserId } from '#vault/keeper.ts';
import { RoomError, toWire } from './errors.ts';
import { checkServers } from './check.ts';
import { eraseIndexes, type HostNews, type HostParts, openHost, type OpenHost } from './host.ts';
import type { Links } from './links.ts';
import { type AccountsWish, indexFile } from './open-accounts.ts';
import type { OwnPasswords } from './own-passwords.ts';
import {
  type Answer,
  type Ask,
  asBuffer,
  type AskMessage,
  movable,
  type Op,
  type Operations,
  type Pull,
  type Pulled,
  type RoomMessage,
} from './protocol.ts';

export interface RoomParts extends HostParts {
  links: Links;
  own: OwnPasswords;
}

type Handlers = {
  [O in Exclude<Op, 'close' | 'erase' | 'accounts' | 'rest' | keyof OwnPasswords>]: (
    caller: Caller,
    ask: Operations[O]['ask'],
  ) => Promise<Operations[O]['answer']>;
};

/** Feeds a port chunk by chunk, one for each `more`. */
const feed = (chunks: AsyncIterable<Buffer>, log: HostParts['log']): MessagePort => {
  const { port1, port2 } = new MessageChannel();
  const iterator = chunks[Symbol.asyncIterator]();
  const say = (pulled: Pulled, ...move: ArrayBuffer[]): void => port1.postMessage(pulled, move);
  const end = async (): Promise<void> => {
    port1.close();
    await iterator.return?.();
  };
  const more = async (): Promise<void> => {
    const next = await iterator.next();
    if (next.done) {
      say({ end: true });
      return end();
    }
    const { bytes } = movable(next.value);
    say({ chunk: bytes }, bytes.buffer as ArrayBuffer);
  };
  const failed = (error: unknown): void => {
    logError(log, 'download broke off', error);
    say({ failed: toWire(error) });
    port1.close();
  };
  port1.on('message', (pull: Pull) => {
    (pull === 'more' ? more() : end()).catch(failed);
  });
  port1.on('close', () => void iterator.return?.().catch(() => undefined));
  return port2;
};

const isOfOwn = (op: Op): op is keyof OwnPasswords => Object.hasOwn(ofOwn, op);
const ofOwn: Record<keyof OwnPasswords, true> = { own: true, disown: true, mainChanged: true, settle: true };

/** Sends to the door. */
export type Say = (message: RoomMessage, move?: readonly (ArrayBuffer | MessagePort)[]) => void;

const closing = (): RoomError => new RoomError('room/gone', 'the mailroom is closing');

interface Hosted extends OpenHost {
  /** Answers on their way; the accounts are closed after them. */
  running: Set<Promise<unknown>>;
  /** The user is back, and accounts that were closed are opened again; null: all are open that shall be. */
  returning: Promise<void> | null;
}

/** Hosts whole users: opens them when they are first asked for, answers, tells what changed. */
export class Room implements AsyncDisposable {
  readonly #parts: RoomParts;
  readonly #say: Say;
  readonly #hosts = new Map<UserId, Hosted>();
  readonly #closing = new Map<UserId, Promise<void>>();
  readonly #open: (user: UserId) => Promise<Hosted>;
  readonly #opening = new Map<UserId, Promise<Hosted>>();
  readonly #handlers: Handlers;
  /** Users of whom nobody is here, and what stays open for them. */
  readonly #resting = new Map<UserId, readonly MailAccountId[]>();
  #ended = false;

  constructor(parts: RoomParts, say: Say) {
    this.#parts = parts;
    this.#say = say;
    const open = async (user: UserId): Promise<Hosted> => {
      await this.#closing.get(user);
      const known = this.#hosts.get(user);
      if (known) return known;
      if (this.#ended) throw closing();
      const news: HostNews = {
        changed: (account, states) => say({ event: 'changed', user, account, states }),
        ended: (session) => say({ event: 'ended', user, session }),
        locked: () => {
          say({ event: 'locked', user });
          void this.close(user);
        },
        damaged: () =>
          void this.close(user)
            .then(() => this.#open(user))
            .catch((error: unknown) => logError(parts.log, 'accounts not opened', error)),
      };
      const opened = await openHost(parts, user, news, this.#resting.get(user) ?? null);
      if (this.#ended) {
        await opened[Symbol.asyncDispose]();
        throw closing();
      }
      const hosted: Hosted = { ...opened, running: new Set(), returning: null };
      say({ event: 'tide', user, memory: opened.host.tide.memory });
      this.#hosts.set(user, hosted);
      this.#census();
      return hosted;
    };
    this.#open = oncePerKey((user) => {
      const opening = open(user).finally(() => this.#opening.delete(user));
      this.#opening.set(user, opening);
      return opening;
    });
    this.#handlers = this.#table();
  }

  #table(): Handlers {
    const { gateway, links, log } = this.#parts;
    return {
      api: (caller, { body }) => gateway.api(caller, asBuffer(body)),
      session: async (caller, { origin, username }) => ({ body: await gateway.session(caller, origin, username) }),
      upload: (caller, { account, type, bytes }) => gateway.upload(caller, account, type, asBuffer(bytes)),
      download: async (caller, { account, blob }) => {
        const found = await gateway.download(caller, account, blob);
        return found && { type: found.type, size: found.size, port: feed(found.chunks, log) };
      },
      document: async (caller, { account, email, remoteImages, dark, origin, parts, measure }) => {
        const part = (section: string): string => `${parts}${section.replaceAll('.', '_')}`;
        const link = (href: string): string => `${origin}/out?${links.out(href)}`;
        const found = await gateway.mailDocument(caller, account, email, { remoteImages, dark, part, link, measure });
        return found && { html: Buffer.from(found.html), blockedImages: found.blockedImages };
      },
      states: async (caller) => gateway.states(caller),
      open: async ({ host: { user } }) => {
        const hosted = must(this.#hosts.get(user), 'an open host');
        if (this.#resting.delete(user)) await this.#return(hosted);
        await hosted.accounts.hurry();
        return null;
      },
      check: async ({ host }, { account }) => {
        const open = [...host.accounts.values()].find((each) => each.account.id === account);
        return open ? checkServers(open.engine, this.#parts.clock) : null;
      },
      refusals: async ({ host }) =>
        Object.fromEntries(
          [...host.accounts.values()].flatMap(({ account, engine: { refusal } }) =>
            refusal ? [[account.id, refusal.words]] : [],
          ),
        ),
    };
  }

  /** Answers one message of the door. Never throws. */
  async take(message: AskMessage): Promise<void> {
    const { id, op, who } = message;
    try {
      const answer = await this.#answer(message);
      const move: (ArrayBuffer | MessagePort)[] = [];
      for (const [key, value] of Object.entries(answer ?? {})) {
        if (value instanceof Uint8Array) {
          const moved = movable(value);
          (answer as Record<string, unknown>)[key] = moved.bytes;
          move.push(...(moved.move as ArrayBuffer[]));
        } else if (key === 'port') move.push(value as MessagePort);
      }
      this.#say({ id, answer }, move);
    } catch (error) {
      const failed = toWire(error);
      if (!['room/locked', 'room/no-account', 'room/gone'].includes(failed.code))
        logError(this.#parts.log, 'mailroom', error, { op });
      if (failed.code === 'room/locked') await this.close(who.user);
      this.#say({ id, failed });
    }
  }

  async #answer({ op, who, ask }: AskMessage): Promise<Answer<Op>> {
    if (isOfOwn(op)) return (this.#parts.own[op] as (ask: unknown) => Promise<Answer<Op>>)(ask);
    if (op === 'close' || op === 'erase') {
      await this.close(who.user);
      this.#resting.delete(who.user);
      if (op === 'erase') await eraseIndexes(this.#parts, who.user);
      return null;
    }
    if (op === 'accounts') return this.#accountsChanged(who.user, ask as Ask<'accounts'>);
    if (op === 'rest') return this.#rest(who.user, ask as Ask<'rest'>);
    let hosted = this.#hosts.get(who.user);
    // One that closed again before we had our turn does not wait for us: from here to `running` nothing is awaited.
    // Nor is anything asked of accounts that are still closing from the last visit (O31).
    while (!hosted || (op !== 'open' && hosted.returning)) {
      await (hosted ? hosted.returning : this.#open(who.user));
      hosted = this.#hosts.get(who.user);
    }
    const { host, running } = hosted;
    if (who.from !== undefined) hosted.visitedFrom(who.from);
    const caller: Caller = {
      host,
      readOnly: who.readOnly,
      proven: who.proven,
      session: who.session ?? null,
      sessionState: who.sessionState,
    };
    const handle = this.#handlers[op] as (caller: Caller, ask: unknown) => Promise<Answer<Op>>;
    const answer = handle(caller, ask);
    running.add(answer);
    try {
      return await answer;
    } finally {
      running.delete(answer);
    }
  }

  async #accountsChanged(user: UserId, { renew, erase }: Ask<'accounts'>): Promise<null> {
    // Who is being opened may be opened with what was there before.
    await this.#opening.get(user)?.catch(() => undefined);
    const hosted = this.#hosts.get(user);
    if (hosted) await this.#bring(hosted, { only: this.#resting.get(user) ?? null, renew, erase });
    else if (erase) removeIndex(indexFile(this.#parts, erase));
    return null;
  }

  async #rest(user: UserId, { only }: Ask<'rest'>): Promise<null> {
    this.#resting.set(user, only);
    const open = this.#hosts.get(user);
    if (!open && only.length === 0) return null;
    const hosted = open ?? (await this.#open(user));
    hosted.visitedFrom(null);
    await Promise.race([hosted.accounts.handOver(), this.#patience(30_000)]);
    // Who came back meanwhile stays.
    if (this.#resting.get(user) === only) await this.#bring(hosted, { only });
    return null;
  }

  async #return(hosted: Hosted): Promise<void> {
    const back = this.#bring(hosted, { only: null });
    const over = back.catch(() => undefined).then(() => void (hosted.returning = null));
    hosted.returning = over;
    await back;
  }

  /** Accounts come and go while the others stay open. */
  async #bring(hosted: Hosted, wish: AccountsWish): Promise<void> {
    const quiet = (): Promise<unknown> => Promise.race([Promise.allSettled(hosted.running), this.#patience()]);
    if (await hosted.accounts.bring(wish, quiet)) this.#say({ event: 'session', user: hosted.host.user });
    this.#census();
  }

  /** Closes a user's accounts. */
  async close(user: UserId): Promise<void> {
    const open = this.#hosts.get(user);
    if (!open) return this.#closing.get(user);
    this.#hosts.delete(user);
    this.#say({ event: 'tide', user, memory: null });
    const close = async (): Promise<void> => {
      try {
        await Promise.race([Promise.allSettled(open.running), this.#patience()]);
        await open[Symbol.asyncDispose]();
      } finally {
        this.#closing.delete(user);
        this.#census();
      }
    };
    const over = close();
    this.#closing.set(user, over);
    return over;
  }

  #patience(ms = 5_000): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }

  #census(): void {
    const accounts = [...this.#hosts.values()].reduce((sum, open) => sum + open.host.accounts.size, 0);
    this.#say({ event: 'census', users: this.#hosts.size, accounts });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await Promise.allSettled(this.#opening.values());
    await Promise.all([...this.#hosts.keys()].map((user) => this.close(user)));
  }
}
