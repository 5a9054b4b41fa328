import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

/** The server's side of one connection: text in lines, both ways. */
export interface Line {
  send(text: string): void;
  /** The next line without its end; null when the client has gone. */
  next(): Promise<string | null>;
  startTls(): void;
}

/** A server on 127.0.0.1 that keeps every byte it was sent: as it came, and as TLS opened it. */
export interface RecordingServer extends AsyncDisposable {
  port: number;
  readonly connections: number;
  readonly heard: Buffer;
}

export interface Recording {
  /** What is said on each connection. */
  talk(line: Line): Promise<void>;
  tls?: { key: string; cert: string };
  /** TLS from the first byte. */
  implicit?: boolean;
}

export const openRecording = async ({ talk, tls, implicit = false }: Recording): Promise<RecordingServer> => {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const speak = (plain: Socket): void => {
    let stream = plain;
    let buffered = '';
    let gone = false;
    let wake: () => void = () => undefined;
    const listen = (): void => {
      stream.on('data', (chunk: Buffer) => {
        if (stream !== plain) heard.push(chunk);
        buffered += chunk.toString('latin1');
        wake();
      });
      stream.on('error', () => undefined).once('close', () => ((gone = true), wake()));
    };
    const line: Line = {
      send: (text) => void stream.write(text),
      next: async () => {
        for (;;) {
          const end = buffered.indexOf('\r\n');
          if (end >= 0) {
            const text = buffered.slice(0, end);
            buffered = buffered.slice(end + 2);
            return text;
          }
          if (gone) return null;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      startTls: () => {
        plain.removeAllListeners('data');
        buffered = '';
        stream = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ ...tls }) });
        listen();
      },
    };
    // Before anything else takes it: what is under TLS is kept as well.
    const { push } = plain;
    plain.push = (chunk: unknown, ...rest: never[]): boolean => {
      if (Buffer.isBuffer(chunk)) heard.push(Buffer.from(chunk));
      return push.call(plain, chunk, ...rest);
    };
    if (implicit) line.startTls();
    else listen();
    talk(line).catch(() => plain.destroy());
  };
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    speak(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get heard() {
      return Buffer.concat(heard);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
