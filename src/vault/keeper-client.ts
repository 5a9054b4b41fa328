import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { wipe } from './bytes.ts';
import { fromWire, VaultError } from './errors.ts';
import { FrameReader, sendFrame } from './frames.ts';
import type { Authenticated, IncomingSecret, Keeper } from './keeper.ts';
import type { Ask, Askable, Hello, Reply, StreamReply, StreamWish } from './protocol.ts';

/** Where the keeper listens, and the token that admits its callers. Both may be handed to a thread. */
export interface KeeperAddress {
  socketPath: string;
  /** 32 bytes. */
  token: Uint8Array;
}

export interface KeeperOptions extends KeeperAddress {
  /** How long to go on trying while the keeper starts again, milliseconds. */
  patience?: number;
}

/** Asked again on a new connection when the keeper ended while it worked: they change nothing but the keeper's memory. */
const repeatable: ReadonlySet<Askable> = new Set([
  'publicKey',
  'makeTotp',
  'makeRecovery',
  'unlock',
  'unlockByToken',
  'isOpen',
  'forget',
  'narrow',
  'makeKey',
  'openKey',
  'dropTicket',
  'rotate',
  'makeToken',
]);

const away = (cause?: unknown): VaultError =>
  new VaultError('keeper/away', 'the keeper cannot be reached', {}, cause === undefined ? {} : { cause });

const opened = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });

/** A socket on which hello was said; tries again while the keeper starts. */
const dial = async (options: KeeperOptions): Promise<Socket> => {
  const until = Date.now() + (options.patience ?? 5000);
  for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
    try {
      const socket = await opened(options.socketPath);
      const hello: Hello = { hello: 1, token: Buffer.from(options.token) };
      sendFrame(socket, hello);
      return socket;
    } catch (cause) {
      if (Date.now() + wait > until) throw away(cause);
      await sleep(wait);
    }
  }
};

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Questions and answers on one socket. Keeps the process alive only while it waits for an answer. */
class Channel {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.unref();
    const reader = new FrameReader();
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) this.#settle(frame as Reply);
    });
    socket.once('close', () => {
      this.closed = true;
      for (const { reject } of this.#pending.values()) reject(away());
      this.#pending.clear();
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#socket.unref();
    if ('error' in reply) waiting?.reject(fromWire(reply.error));
    else waiting?.resolve(reply.ok);
  }

  ask(method: Askable, args: unknown[]): Promise<unknown> {
    if (this.closed) return Promise.reject(away());
    this.#count += 1;
    const question: Ask = { id: this.#count, method, args };
    return new Promise((resolve, reject) => {
      this.#pending.set(question.id, { resolve, reject });
      this.#socket.ref();
      sendFrame(this.#socket, question);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

class KeeperClient implements Keeper {
  readonly #options: KeeperOptions;
  #channel: Promise<Channel> | null = null;
  #disposed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async #open(): Promise<Channel> {
    if (this.#disposed) throw away();
    const known = await this.#channel?.catch(() => null);
    if (known && !known.closed) return known;
    const next = dial(this.#options).then((socket) => new Channel(socket));
    this.#channel = next;
    return next;
  }

  async #ask<M extends Askable>(method: M, ...args: Parameters<Keeper[M]>): Promise<Awaited<ReturnType<Keeper[M]>>> {
    const send = async () => (await this.#open()).ask(method, args);
    try {
      return (await send()) as Awaited<ReturnType<Keeper[M]>>;
    } catch (error) {
      const broke = error instanceof VaultError && error.code === 'keeper/away';
      if (!broke || !repeatable.has(method) || this.#disposed) throw error;
      return (await send()) as Awaited<ReturnType<Keeper[M]>>;
    }
  }

  async #askWith<T>(secret: IncomingSecret | undefined, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } finally {
      if (secret?.kind === 'bytes') wipe(secret.bytes);
    }
  }

  publicKey = () => this.#ask('publicKey');
  admit: Keeper['admit'] = (target, secret, kept, from) =>
    this.#askWith(secret, () => this.#ask('admit', target, secret, kept ?? null, from ?? null));
  beginOAuth: Keeper['beginOAuth'] = (wish) => this.#ask('beginOAuth', wish);
  admitOAuth: Keeper['admitOAuth'] = (target, answer, from) =>
    this.#ask('admitOAuth', target, answer, from).finally(() => wipe(answer.code));
  freshen: Keeper['freshen'] = (credentials, anew) => this.#ask('freshen', credentials, anew);
  keepPasswords: Keeper['keepPasswords'] = (wish) => this.#ask('keepPasswords', wish);
  enroll: Keeper['enroll'] = (wish) => this.#ask('enroll', wish);
  enter: Keeper['enter'] = (wish) => this.#askWith(wish.previous ?? wish.opens?.secret, () => this.#ask('enter', wish));
  open: Keeper['open'] = (wish) => this.#askWith(wish.secret, () => this.#ask('open', wish));
  isKept: Keeper['isKept'] = (credential, secret) =>
    this.#askWith(secret, () => this.#ask('isKept', credential, secret));
  refuse: Keeper['refuse'] = (secret) => this.#askWith(secret, () => this.#ask('refuse', secret));
  makeUnlocker: Keeper['makeUnlocker'] = (wish) => this.#askWith(wish.secret, () => this.#ask('makeUnlocker', wish));
  makeRecovery: Keeper['makeRecovery'] = (user) => this.#ask('makeRecovery', user);
  recoverySlot: Keeper['recoverySlot'] = (secret) => this.#askWith(secret, () => this.#ask('recoverySlot', secret));
  makeTotp: Keeper['makeTotp'] = (binding) => this.#ask('makeTotp', binding);
  checkTotp: Keeper['checkTotp'] = (proof) => this.#ask('checkTotp', proof);
  beginTurn: Keeper['beginTurn'] = (user) => this.#ask('beginTurn', user);
  turnPart: Keeper['turnPart'] = (user, part) => this.#ask('turnPart', user, part);
  endTurn: Keeper['endTurn'] = (user, kept) => this.#ask('endTurn', user, kept);
  unlock: Keeper['unlock'] = (session, keys, unlockKey) => this.#ask('unlock', session, keys, unlockKey);
  rotate: Keeper['rotate'] = (session) => this.#ask('rotate', session);
  makeToken: Keeper['makeToken'] = (user, slot) => this.#ask('makeToken', user, slot);
  unlockByToken: Keeper['unlockByToken'] = (slot, keys, secret) => this.#ask('unlockByToken', slot, keys, secret);
  isOpen: Keeper['isOpen'] = (user) => this.#ask('isOpen', user);
  forget: Keeper['forget'] = (user) => this.#ask('forget', user);
  narrow: Keeper['narrow'] = (user, accounts) => this.#ask('narrow', user, accounts);
  makeKey: Keeper['makeKey'] = (binding) => this.#ask('makeKey', binding);
  openKey: Keeper['openKey'] = (binding, wrapped) => this.#ask('openKey', binding, wrapped);

  holdTicket: Keeper['holdTicket'] = (target, secret, until) =>
    this.#askWith(secret, () => this.#ask('holdTicket', target, secret, until));
  dropTicket: Keeper['dropTicket'] = (handle) => this.#ask('dropTicket', handle);
  connect: Keeper['connect'] = (credential) => this.#stream(credential);
  connectByTicket: Keeper['connectByTicket'] = (ticket) => this.#stream({ ticket });

  async #stream(wish: StreamWish): Promise<Authenticated> {
    if (this.#disposed) throw away();
    const socket = await dial(this.#options);
    sendFrame(socket, { connect: wish });
    const reply = await firstFrame(socket);
    if ('error' in reply) throw fromWire(reply.error);
    return { stream: socket, ...reply.ok };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const channel = await this.#channel?.catch(() => null);
    channel?.close();
  }
}

/** The answer to a wish for a stream. What follows it is left in the socket, which nobody has read from: it neither flows nor is paused. */
const firstFrame = (socket: Socket): Promise<StreamReply> =>
  new Promise((resolve, reject) => {
    const reader = new FrameReader();
    const onClose = (): void => reject(away());
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        reader.push(chunk);
        const frame = reader.next();
        if (frame === undefined) continue;
        socket.off('readable', onReadable);
        socket.off('close', onClose);
        if (reader.rest().length > 0) socket.unshift(reader.rest());
        process.nextTick(() => resolve(frame as StreamReply));
        return;
      }
    };
    socket.on('readable', onReadable);
    socket.once('close', onClose);
  });

/**
 * The keeper for one thread: usable from any, given the address of a started one. Reconnects by itself when the keeper
 * process was started again; its users are locked then. @throws VaultError `keeper/away`
 */
export const openKeeper = async (options: KeeperOptions): Promise<Keeper> => {
  const client = new KeeperClient(options);
  await client.publicKey();
  return client;
};
