import { createServer, connect, type Socket } from 'node:net';

/** What happens when a client says COMMIT. `after`: the server does it, but its answer is lost. `stall`: it never arrives. */
export type Mischief = 'none' | 'before' | 'after' | 'after, and gone' | 'stall';

export interface Cutter extends AsyncDisposable {
  port: number;
  mischief: Mischief;
}

/** Stands between a client and a database's Unix socket, and breaks the line at the worst moment, once. */
export const openCutter = async (socketPath: string): Promise<Cutter> => {
  const lines = new Set<Socket>();
  let isGone = false;
  const server = createServer((client) => {
    if (isGone) {
      client.destroy();
      return;
    }
    const upstream = connect(socketPath);
    for (const line of [client, upstream]) {
      lines.add(line);
      line.on('error', () => undefined);
    }
    let isMuted = false;
    client.on('data', (data) => {
      const isCommit = /commit/i.test(data.toString('latin1'));
      const act = isCommit ? cutter.mischief : 'none';
      if (act !== 'none') cutter.mischief = 'none';
      if (act === 'before') {
        client.destroy();
        upstream.destroy();
        return;
      }
      if (act === 'stall') return;
      if (act === 'after' || act === 'after, and gone') isMuted = true;
      if (act === 'after, and gone') isGone = true;
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (isMuted) client.destroy();
      else client.write(data);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const cutter: Cutter = {
    port: typeof address === 'object' && address ? address.port : 0,
    mischief: 'none',
    [Symbol.asyncDispose]: async () => {
      for (const line of lines) line.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return cutter;
};
