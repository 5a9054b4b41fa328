import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { Doubt } from '#jmap/auth/discovery.ts';
import type { Reach, ServerAddress } from '#config/servers.ts';
import type { Names } from './names.ts';

export type Protocol = 'imap' | 'smtp';

export type Proof = { ok: true } | { ok: false; doubt: Doubt };

export interface Prover {
  /** Connects, verifies the certificate against `host`, sees the protocol's greeting, says goodbye. Never throws. */
  (server: ServerAddress, protocol: Protocol, signal: AbortSignal): Promise<Proof>;
}

class Doubted extends Error {
  readonly doubt: Doubt;
  constructor(doubt: Doubt, options?: ErrorOptions) {
    super(doubt, options);
    this.doubt = doubt;
  }
}

const mostGreeting = 8_192;

/** Lines of a socket, one at a time. What came after the last line taken stays in `rest`. */
class Lines {
  rest = '';
  readonly #socket: Socket;
  #wake: () => void = () => undefined;
  #failure: unknown = null;
  #ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#take);
    socket.on('error', this.#fail);
    socket.on('close', this.#end);
  }

  #take = (chunk: Buffer): void => {
    this.rest += chunk.toString('latin1');
    this.#wake();
  };
  #fail = (error: unknown): void => {
    this.#failure = error;
    this.#wake();
  };
  #end = (): void => {
    this.#ended = true;
    this.#wake();
  };

  async next(): Promise<string | null> {
    for (;;) {
      const end = this.rest.indexOf('\n');
      if (end >= 0) {
        const line = this.rest.slice(0, end).replace(/\r$/, '');
        this.rest = this.rest.slice(end + 1);
        return line;
      }
      if (this.#failure) throw new Doubted('unreachable', { cause: this.#failure });
      if (this.#ended || this.rest.length > mostGreeting) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Gives the socket back, for the TLS handshake. */
  release(): void {
    this.#socket.off('data', this.#take).off('close', this.#end);
    this.#socket.pause();
  }
}

const opened = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });

const secure = async (make: () => TLSSocket): Promise<TLSSocket> => {
  const socket = make();
  try {
    await opened(socket, 'secureConnect');
    return socket;
  } catch (cause) {
    socket.destroy();
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    const certificate = /CERT|SELF_SIGNED|ISSUER|ALTNAME|HOSTNAME|CRL/.test(code);
    throw new Doubted(
      certificate ? 'certificate' : /^E(CONN|HOST|NET|PIPE|TIMEDOUT)/.test(code) ? 'unreachable' : 'no-tls',
      { cause },
    );
  }
};

const greets = (line: string | null, protocol: Protocol): boolean =>
  line !== null && (protocol === 'imap' ? /^\* (OK|PREAUTH)\b/i.test(line) : /^220[ -]/.test(line));

const greeting = async (lines: Lines, protocol: Protocol): Promise<void> => {
  const first = await lines.next();
  if (!greets(first, protocol)) throw new Doubted(protocol === 'imap' ? 'not-imap' : 'not-smtp');
  for (let line = first; line?.startsWith('220-'); line = await lines.next());
};

/** RFC 9051 §6.2.1, RFC 3207. What a server says before TLS is not believed, and nothing may be left over after its OK. */
const startTls = async (socket: Socket, lines: Lines, protocol: Protocol): Promise<void> => {
  if (protocol === 'smtp') {
    socket.write('EHLO localhost\r\n');
    for (let line = await lines.next(); line === null || line.startsWith('250-'); line = await lines.next())
      if (line === null) throw new Doubted('no-tls');
  }
  socket.write(protocol === 'imap' ? 'a STARTTLS\r\n' : 'STARTTLS\r\n');
  for (;;) {
    const line = await lines.next();
    if (protocol === 'imap' && line?.startsWith('* ')) continue;
    if (line === null || !(protocol === 'imap' ? /^a OK\b/i.test(line) : line.startsWith('220 ')) || lines.rest !== '')
      throw new Doubted('no-tls');
    return;
  }
};

/** A prover on real sockets. The name is resolved once and the address that passed `reach` is the one connected to. */
export const openProver = (
  reach: Reach,
  names: Names,
  context: SecureContext | undefined,
  timeoutMs = 3_000,
): Prover => {
  const attempt = async (server: ServerAddress, protocol: Protocol, sockets: Socket[]): Promise<void> => {
    const { host, port, security } = server;
    if (!reach.allows(host, port)) throw new Doubted('not-allowed');
    if (security === 'none' && !reach.isPrivateServer(host, port)) throw new Doubted('plain-refused');
    const addresses = await names.addresses(host);
    if (addresses.length === 0) throw new Doubted('not-found');
    const address = addresses.find((candidate) => reach.mayConnect(host, port, candidate));
    if (address === undefined) throw new Doubted('private');
    const plain = connectTcp({ host: address, port });
    sockets.push(plain);
    await opened(plain, 'connect').catch((cause: unknown) => {
      throw new Doubted('unreachable', { cause });
    });
    const wrap = (): Promise<TLSSocket> =>
      secure(() =>
        connectTls({
          socket: plain,
          ...(isIP(host) ? { host } : { servername: host, host }),
          ...(context ? { secureContext: context } : {}),
        }),
      );
    if (security === 'tls') {
      await greeting(new Lines(await wrap()), protocol);
      return;
    }
    const lines = new Lines(plain);
    await greeting(lines, protocol);
    if (security === 'none') return;
    await startTls(plain, lines, protocol);
    lines.release();
    await wrap();
  };

  return async (server, protocol, signal) => {
    const sockets: Socket[] = [];
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const late = new Promise<never>((_, reject) => {
      if (limit.aborted) reject(new Doubted('timeout'));
      limit.addEventListener('abort', () => reject(new Doubted('timeout')), { once: true });
    });
    try {
      await Promise.race([attempt(server, protocol, sockets), late]);
      return { ok: true };
    } catch (error) {
      return { ok: false, doubt: error instanceof Doubted ? error.doubt : 'unreachable' };
    } finally {
      for (const socket of sockets) socket.on('error', () => undefined).destroy();
    }
  };
};
