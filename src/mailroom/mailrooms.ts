import { type Transferable, Worker } from 'node:worker_threads';
import { type Log, logError } from '#base/log.ts';
import { Tide } from '#base/tide.ts';
import type { SessionId, UserId } from '#vault/keeper.ts';
import { fromWire, RoomError } from './errors.ts';
import { type Answer, type Ask, type AskMessage, movable, type Op, type RoomMessage, type Who } from './protocol.ts';

/** What the door needs of the mailrooms. */
export interface Mailrooms extends AsyncDisposable {
  /**
   * Asks the mailroom that hosts the user. Buffers within `ask` are moved, not copied: they are empty afterwards.
   * @throws RoomError
   */
  ask<O extends Op>(op: O, who: Who, ask: Ask<O>): Promise<Answer<O>>;
  onChange(listener: (user: UserId, account: string, states: Record<string, string>) => void): () => void;
  /** The keeper has lost a user's key. */
  onLocked(listener: (user: UserId) => void): () => void;
  /** Accounts of a user came, went or were renamed. */
  onAccounts(listener: (user: UserId) => void): () => void;
  /** A browser session was deleted within a mailroom. */
  onEnded(listener: (user: UserId, session: SessionId) => void): () => void;
  /** Stands while nothing changes that an answer to the user could show; null: their accounts are not open. */
  tide(user: UserId): Tide | null;
  /** Threads, users and accounts that are open now. */
  census(): { rooms: number; users: number; accounts: number };
}

/** One end of a mailroom: a worker, or the port of a room in the same thread. */
export interface Line {
  post(message: AskMessage, move: readonly Transferable[]): void;
  onMessage(listener: (message: RoomMessage) => void): void;
  onEnd(listener: () => void): void;
  end(): Promise<void>;
}

interface Waiting {
  resolve(answer: Answer<Op>): void;
  reject(error: Error): void;
}

class Desk {
  readonly line: Line;
  readonly waiting = new Map<number, Waiting>();
  readonly tides = new Map<UserId, Tide>();
  users = 0;
  accounts = 0;
  ended = false;

  constructor(line: Line) {
    this.line = line;
  }
}

const restMs = 1_000;

/** A stable choice, so that a user stays in one thread and its index has one writer: FNV-1a of the id, which is random. */
const place = (user: UserId, rooms: number): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < user.length; at += 1) hash = Math.imul(hash ^ user.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % rooms;
};

/** `start` makes one room; a room that ends by itself is replaced at once, and its users open again when they ask. */
export const openMailrooms = (count: number, start: (room: number) => Line, log: Log): Mailrooms => {
  const listeners = new Set<(user: UserId, account: string, states: Record<string, string>) => void>();
  const locks = new Set<(user: UserId) => void>();
  const renewals = new Set<(user: UserId) => void>();
  const ends = new Set<(user: UserId, session: SessionId) => void>();
  let closing = false;
  let next = 0;

  const take = (desk: Desk, message: Extract<RoomMessage, { event: string }>): void => {
    switch (message.event) {
      case 'census':
        desk.users = message.users;
        desk.accounts = message.accounts;
        return;
      case 'tide':
        if (message.memory) desk.tides.set(message.user, new Tide(message.memory));
        else desk.tides.delete(message.user);
        return;
      case 'locked':
        for (const listener of locks) listener(message.user);
        return;
      case 'session':
        for (const listener of renewals) listener(message.user);
        return;
      case 'ended':
        for (const listener of ends) listener(message.user, message.session);
        return;
      case 'changed':
        for (const listener of listeners) listener(message.user, message.account, message.states);
    }
  };

  const open = (room: number): Desk => {
    const started = Date.now();
    const desk = new Desk(start(room));
    desk.line.onMessage((message) => {
      if ('event' in message) {
        take(desk, message);
        return;
      }
      const waiting = desk.waiting.get(message.id);
      desk.waiting.delete(message.id);
      if ('failed' in message) waiting?.reject(fromWire(message.failed));
      else waiting?.resolve(message.answer);
    });
    desk.line.onEnd(() => {
      desk.ended = true;
      for (const waiting of desk.waiting.values()) waiting.reject(new RoomError('room/gone', 'the mailroom ended'));
      desk.waiting.clear();
      if (closing) return;
      log('error', 'mailroom ended', { room });
      // One that cannot even start is not started again and again in one breath.
      const wait = Date.now() - started < restMs ? restMs : 0;
      setTimeout(() => {
        if (!closing) desks[room] = open(room);
      }, wait).unref();
    });
    return desk;
  };
  const desks = Array.from({ length: count }, (_, room) => open(room));

  return {
    ask: <O extends Op>(op: O, who: Who, ask: Ask<O>): Promise<Answer<O>> => {
      const desk = desks[place(who.user, count)];
      if (!desk || desk.ended) return Promise.reject(new RoomError('room/gone', 'no mailroom'));
      next += 1;
      const id = next;
      const moved: Record<string, unknown> = {};
      const move: Transferable[] = [];
      for (const [key, value] of Object.entries(ask)) {
        const bytes = value instanceof Uint8Array ? movable(value) : null;
        moved[key] = bytes ? bytes.bytes : value;
        move.push(...(bytes?.move ?? []));
      }
      return new Promise<Answer<O>>((resolve, reject) => {
        desk.waiting.set(id, { resolve, reject });
        desk.line.post({ id, op, who, ask: moved as Ask<O> }, move);
      });
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onLocked: (listener) => {
      locks.add(listener);
      return () => locks.delete(listener);
    },
    onAccounts: (listener) => {
      renewals.add(listener);
      return () => renewals.delete(listener);
    },
    onEnded: (listener) => {
      ends.add(listener);
      return () => ends.delete(listener);
    },
    tide: (user) => {
      const desk = desks[place(user, count)];
      return (desk && !desk.ended && desk.tides.get(user)) || null;
    },
    census: () => ({
      rooms: desks.length,
      users: desks.reduce((sum, desk) => sum + desk.users, 0),
      accounts: desks.reduce((sum, desk) => sum + desk.accounts, 0),
    }),
    [Symbol.asyncDispose]: async () => {
      closing = true;
      await Promise.all(desks.filter((desk) => !desk.ended).map((desk) => desk.line.end()));
    },
  };
};

const patience = 10_000;

/** A mailroom in a thread of its own. `data` becomes its `workerData`. */
export const startThread = (data: unknown, log: Log): Line => {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: data, name: 'mailroom' });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    post: (message, move) => worker.postMessage(message, move),
    onMessage: (listener) => worker.on('message', listener),
    onEnd: (listener) => {
      worker.on('error', (error) => logError(log, 'mailroom failed', error));
      worker.once('exit', listener);
    },
    end: async () => {
      worker.postMessage('end');
      const timer = setTimeout(() => void worker.terminate(), patience);
      await ended;
      clearTimeout(timer);
    },
  };
};
