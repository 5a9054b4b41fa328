import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket, createSecureContext } from 'node:tls';

export interface KeyAndCertificate {
  key: string;
  cert: string;
}

/** The server's side of one connection. `line` resolves null at the end of the stream. */
export interface Peer {
  send(text: string): void;
  line(): Promise<string | null>;
  /** The next `size` bytes. */
  bytes(size: number): Promise<Buffer>;
  startTls(): void;
  readonly secure: boolean;
  end(text?: string): void;
}

export type Script = (peer: Peer) => Promise<void>;

export interface ScriptedServer extends AsyncDisposable {
  port: number;
  readonly connections: number;
  /** Connections that stand. */
  readonly open: number;
}

class ScriptedPeer implements Peer {
  #socket: Socket;
  #buffered = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #tls: KeyAndCertificate | undefined;
  secure = false;

  constructor(socket: Socket, tls: KeyAndCertificate | undefined) {
    this.#socket = socket;
    this.#tls = tls;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
      this.#wake();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async #take(length: () => number): Promise<Buffer | null> {
    for (;;) {
      const size = length();
      if (size >= 0 && this.#buffered.length >= size) {
        const taken = this.#buffered.subarray(0, size);
        this.#buffered = this.#buffered.subarray(size);
        return taken;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async line(): Promise<string | null> {
    const taken = await this.#take(() => {
      const end = this.#buffered.indexOf('\r\n');
      return end < 0 ? -1 : end + 2;
    });
    return taken ? taken.subarray(0, -2).toString('utf8') : null;
  }

  async bytes(size: number): Promise<Buffer> {
    return (await this.#take(() => size)) ?? Buffer.alloc(0);
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  startTls(): void {
    this.#socket.removeAllListeners('data');
    const secureContext = createSecureContext({ ...this.#tls });
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext });
    this.secure = true;
    this.#listen();
  }

  end(text = ''): void {
    this.#socket.end(text);
  }
}

/** A server on 127.0.0.1 that follows `script` on each connection; with `implicit` TLS from the first byte. */
export const openScripted = async (
  script: Script,
  tls?: KeyAndCertificate & { implicit?: boolean },
): Promise<ScriptedServer> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const peer = new ScriptedPeer(socket, tls);
    if (tls?.implicit) peer.startTls();
    script(peer).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The server's side of SCRAM-SHA-256 (RFC 5802 §3) for one password; `lie` proves itself with another. */
export const scramServer = (password: string, iterations = 4096, lie = false) => {
  const salt = randomBytes(16);
  let message = '';
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const storedKey = createHash('sha256').update(clientKey).digest();
  return {
    first: (clientFirst: string): string => {
      const bare = clientFirst.replace(/^n,,/, '');
      const nonce = `${/r=([^,]*)/.exec(bare)?.[1] ?? ''}${randomBytes(9).toString('base64')}`;
      const first = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
      message = `${bare},${first}`;
      return first;
    },
    /** The server's last message, or null when the proof is wrong. */
    final: (clientFinal: string): string | null => {
      const [withoutProof = '', proof = ''] = clientFinal.split(',p=');
      const whole = `${message},${withoutProof}`;
      const signature = hmac(storedKey, whole);
      const given = Buffer.from(proof, 'base64');
      const key = Buffer.from(given.map((byte, i) => byte ^ (signature[i] ?? 0)));
      if (!createHash('sha256').update(key).digest().equals(storedKey)) return null;
      const serverKey = hmac(lie ? randomBytes(32) : salted, 'Server Key');
      return `v=${hmac(serverKey, whole).toString('base64')}`;
    },
  };
};

export interface ImapScript {
  username: string;
  password: string;
  /** Words of CAPABILITY before sign-in. */
  capabilities?: string;
  /** Words after it; told in the tagged OK unless `silent`. */
  after?: string;
  silent?: boolean;
  greeting?: string;
  /** Every command line as it came. */
  onLine?: (line: string, peer: Peer) => void;
}

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

const encode = (text: string): string => Buffer.from(text).toString('base64');

/** The arguments of LOGIN: quoted strings, atoms and literals. */
const loginArguments = async (peer: Peer, text: string): Promise<string[]> => {
  const found: string[] = [];
  let rest = text;
  while (found.length < 2) {
    const literal = /^ ?\{(\d+)(\+)?\}$/.exec(rest);
    const quoted = /^ ?"((?:[^"\\]|\\.)*)"/.exec(rest);
    if (literal) {
      if (!literal[2]) peer.send('+ go on\r\n');
      found.push((await peer.bytes(Number(literal[1]))).toString('utf8'));
      rest = (await peer.line()) ?? '';
    } else if (quoted) {
      found.push((quoted[1] ?? '').replaceAll(/\\(.)/g, '$1'));
      rest = rest.slice(quoted[0].length);
    } else return found;
  }
  return found;
};

/** A small IMAP server that lets one user in; afterwards it answers NOOP, CAPABILITY and LOGOUT. */
export const imapScript = (options: ImapScript): Script => {
  const { username, password, greeting = '* OK Scripted ready' } = options;
  const capabilities = options.capabilities ?? 'IMAP4rev1 SASL-IR AUTH=PLAIN';
  const after = options.after ?? 'IMAP4rev1 IDLE UIDPLUS';
  return async (peer) => {
    if (!peer.secure || greeting) peer.send(`${greeting}\r\n`);
    let signedIn = false;
    for (;;) {
      const line = await peer.line();
      if (line === null) return;
      options.onLine?.(line, peer);
      const [tag = '', command = '', ...rest] = line.split(' ');
      const finish = (user: string, pass: string): void => {
        signedIn = user === username && pass === password;
        const code = options.silent ? '' : ` [CAPABILITY ${after}]`;
        peer.send(signedIn ? `${tag} OK${code} in\r\n` : `${tag} NO [AUTHENTICATIONFAILED] wrong password\r\n`);
      };
      switch (command.toUpperCase()) {
        case 'CAPABILITY':
          peer.send(`* CAPABILITY ${signedIn ? after : capabilities}\r\n${tag} OK done\r\n`);
          break;
        case 'LOGIN': {
          const [user = '', pass = ''] = await loginArguments(peer, rest.join(' '));
          finish(user, pass);
          break;
        }
        case 'AUTHENTICATE': {
          const initial = rest[1] ?? (peer.send('+ \r\n'), await peer.line()) ?? '';
          if (rest[0] === 'PLAIN') {
            const [, user = '', pass = ''] = decode(initial).split('\0');
            finish(user, pass);
            break;
          }
          const scram = scramServer(password);
          peer.send(`+ ${encode(scram.first(decode(initial)))}\r\n`);
          const final = scram.final(decode((await peer.line()) ?? ''));
          if (final !== null) {
            peer.send(`+ ${encode(final)}\r\n`);
            await peer.line();
          }
          finish(username, final === null ? '' : password);
          break;
        }
        case 'STARTTLS':
          peer.send(`${tag} OK begin\r\n`);
          peer.startTls();
          break;
        case 'LOGOUT':
          peer.end(`* BYE bye\r\n${tag} OK bye\r\n`);
          return;
        default:
          peer.send(`${tag} OK done\r\n`);
      }
    }
  };
};
