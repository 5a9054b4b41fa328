import { createServer, connect, type Socket } from 'node:net';

/** Stands before a mail server and hangs up when told. Ended with all its lines. */
export interface CuttingProxy extends AsyncDisposable {
  port: number;
  /** Connections ever made, and those that stand. */
  readonly connections: number;
  readonly open: number;
  /** LOGIN and AUTHENTICATE seen. */
  readonly logins: number;
  /** Lines hung up so far by {@link cut}. */
  readonly cuts: number;
  /**
   * Hangs up `times` times: when a command matches, after so many bytes of what the server says from then on (0: at
   * once, and the server never hears of it).
   */
  cut(command: RegExp, afterBytes: number, times?: number): void;
  /** Hangs up all lines now. */
  cutAll(): void;
}

export const openCuttingProxy = async (target: number): Promise<CuttingProxy> => {
  const state = { connections: 0, logins: 0, cuts: 0 };
  const lines = new Set<() => void>();
  let plan: { command: RegExp; afterBytes: number; left: number } | null = null;

  const server = createServer((client: Socket) => {
    state.connections += 1;
    const upstream = connect(target, '127.0.0.1');
    const hangUp = (): void => {
      client.destroy();
      upstream.destroy();
      lines.delete(hangUp);
    };
    lines.add(hangUp);
    let left: number | null = null;
    const spent = (): void => {
      state.cuts += 1;
      hangUp();
    };
    for (const socket of [client, upstream]) socket.on('error', () => undefined).on('close', hangUp);
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (/^\S+ (?:LOGIN|AUTHENTICATE) /im.test(text)) state.logins += 1;
      if (left === null && plan !== null && plan.left > 0 && plan.command.test(text)) {
        plan.left -= 1;
        left = plan.afterBytes;
        if (left === 0) {
          spent();
          return;
        }
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (left === null || chunk.length < left) {
        if (left !== null) left -= chunk.length;
        if (!client.write(chunk)) {
          upstream.pause();
          client.once('drain', () => upstream.resume());
        }
        return;
      }
      client.write(chunk.subarray(0, left), spent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    get connections() {
      return state.connections;
    },
    get logins() {
      return state.logins;
    },
    get cuts() {
      return state.cuts;
    },
    get open() {
      return lines.size;
    },
    cut: (command, afterBytes, times = 1) => {
      plan = { command, afterBytes, left: times };
    },
    cutAll: () => {
      for (const hangUp of lines) hangUp();
    },
    [Symbol.asyncDispose]: async () => {
      for (const hangUp of lines) hangUp();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
