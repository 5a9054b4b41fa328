import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What came back on a socket of its own. */
export interface RawAnswer {
  /** 0: the line was closed without an answer. */
  status: number;
  headers: Headers;
  body: string;
}

export const openSocket = async (url: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

const parse = (bytes: Buffer): RawAnswer => {
  const text = bytes.toString('utf8');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  const end = text.indexOf('\r\n\r\n');
  const fields = text
    .slice(0, Math.max(0, end))
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const headers = new Headers(fields);
  const rest = end < 0 ? '' : text.slice(end + 4);
  if (headers.get('transfer-encoding') !== 'chunked') return { status, headers, body: rest };
  const body = rest.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/gi, '').replace(/\r\n$/, '');
  return { status, headers, body };
};

/** All that the server says until it closes, or says nothing for `quietMs` after it has begun to. */
export const answerOn = (socket: Socket, quietMs = 250): Promise<RawAnswer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(timer);
      resolve(parse(Buffer.concat(chunks)));
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(done, quietMs);
    });
    socket.once('close', done);
    socket.on('error', () => undefined);
  });

/** Sends bytes as they are. */
export const raw = async (url: string, request: string | Buffer): Promise<RawAnswer> => {
  const socket = await openSocket(url);
  const answer = answerOn(socket);
  socket.write(request);
  const got = await answer;
  socket.destroy();
  return got;
};
