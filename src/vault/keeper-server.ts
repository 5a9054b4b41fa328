import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { logError, silent, type Log } from '#base/log.ts';
import { same, wipe } from './bytes.ts';
import type { SignedIn } from './connect.ts';
import { cleanWords, toWire } from './errors.ts';
import { FrameReader, sendFrame, wipeWithin } from './frames.ts';
import type { KeeperCore } from './keeper-core.ts';
import { askable, type Ask, type AskStream, type Hello, type StreamWish } from './protocol.ts';

/** The greeting that stands before the stream; see {@link Authenticated}. */
export const preface = (protocol: 'imap' | 'smtp', signedIn: Pick<SignedIn, 'capabilities' | 'greeting'>): string => {
  const text = cleanWords(signedIn.greeting) ?? 'ready';
  if (protocol === 'smtp') return `220 ${text}\r\n`;
  const known = signedIn.capabilities.filter((word) => /^[\x21-\x5c\x5e-\x7e]+$/.test(word));
  return known.length > 0 ? `* PREAUTH [CAPABILITY ${known.join(' ')}] ${text}\r\n` : `* PREAUTH ${text}\r\n`;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isHello = (value: unknown): value is Hello =>
  isObject(value) && value['hello'] === 1 && Buffer.isBuffer(value['token']);

const isAsk = (value: unknown): value is Ask =>
  isObject(value) &&
  typeof value['id'] === 'number' &&
  askable.some((name) => name === value['method']) &&
  Array.isArray(value['args']);

const isAskStream = (value: unknown): value is AskStream => isObject(value) && isObject(value['connect']);

/** Joins two streams both ways until one of them is gone. */
const splice = (local: Socket, upstream: SignedIn['socket']): void => {
  upstream.pipe(local);
  local.pipe(upstream);
  upstream.once('close', () => local.destroySoon());
  local.once('close', () => upstream.destroy());
};

const answer = async (core: KeeperCore, socket: Socket, ask: Ask, log: Log): Promise<void> => {
  let ok: unknown;
  try {
    const method = core[ask.method] as (...args: unknown[]) => unknown;
    ok = await method.apply(core, ask.args);
    sendFrame(socket, { id: ask.id, ok });
  } catch (error) {
    logError(log, 'keeper.refused', error, { method: ask.method });
    sendFrame(socket, { id: ask.id, error: toWire(error) });
  } finally {
    wipeWithin(ok);
    wipeWithin(ask.args);
  }
};

const handStream = async (core: KeeperCore, socket: Socket, wish: StreamWish, log: Log): Promise<void> => {
  try {
    const byTicket = 'ticket' in wish;
    const signedIn = await (byTicket ? core.connectByTicket(wish.ticket) : core.connect(wish));
    if (socket.destroyed) {
      signedIn.socket.destroy();
      return;
    }
    const { capabilities, greeting, certificate, privateAddress, rest } = signedIn;
    sendFrame(socket, { ok: { capabilities, greeting, certificate, privateAddress } });
    socket.write(preface(byTicket ? 'smtp' : wish.target.protocol, signedIn));
    if (rest.length > 0) socket.write(rest);
    splice(socket, signedIn.socket);
  } catch (error) {
    logError(log, 'keeper.refused', error, { method: 'connect' });
    sendFrame(socket, { error: toWire(error) });
    socket.end();
  }
};

/** One caller: says hello, then asks, or asks for a stream. Whoever does not know the token is cut off. */
const serve = (core: KeeperCore, token: Buffer, socket: Socket, log: Log): void => {
  const reader = new FrameReader();
  let known = false;

  const take = (frame: unknown): 'more' | 'stream' => {
    if (!known) {
      known = isHello(frame) && same(frame.token, token);
      wipeWithin(frame);
      if (!known) socket.destroy();
    } else if (isAsk(frame)) void answer(core, socket, frame, log);
    else if (isAskStream(frame)) {
      socket.off('data', onData);
      socket.pause();
      if (reader.rest().length > 0) socket.unshift(reader.rest());
      void handStream(core, socket, frame.connect as StreamWish, log);
      return 'stream';
    } else socket.destroy();
    return 'more';
  };

  const onData = (chunk: Buffer): void => {
    try {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next())
        if (socket.destroyed || take(frame) === 'stream') return;
    } catch (error) {
      logError(log, 'keeper.frame', error);
      socket.destroy();
    }
  };

  socket.on('data', onData);
  socket.on('error', () => undefined);
};

/** Listens on a Unix socket, which must lie in a folder of mode 0700. Disposing closes every connection and the core. */
export const openKeeperServer = async (
  core: KeeperCore,
  socketPath: string,
  token: Buffer,
  log: Log = silent,
): Promise<AsyncDisposable> => {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(core, token, socket, log);
  });
  rmSync(socketPath, { force: true });
  server.listen(socketPath);
  await once(server, 'listening');
  chmodSync(socketPath, 0o600);
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      core.close();
      wipe(token);
    },
  };
};
