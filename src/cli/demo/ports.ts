import { createServer, connect } from 'node:net';

const someFreePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });

const given = new Set<number>();

/** A port of loopback that nobody listens on, and that was not given before: whoever asks for several gets as many. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = await someFreePort();
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
};

/** Whether something answers on the port. */
export const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });

/** Whether an IMAP server greets there; whoever else listens on the port says something else, or nothing. */
export const greets = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const end = (said: boolean): void => {
      socket.destroy();
      done(said);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', (bytes) => end(bytes.toString('latin1').startsWith('* OK')));
    socket.once('error', () => end(false));
    socket.once('close', () => done(false));
  });
