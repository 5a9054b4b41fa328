import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Runs one of the limits in a process of its own; `task` gets its first message. */
export const withLimit = async <M, T>(
  file: string,
  parameters: readonly string[],
  task: (message: M) => Promise<T>,
): Promise<T> => {
  const child = fork(new URL(`../limit/${file}`, import.meta.url), parameters, { execArgv: ['--expose-gc'] });
  const [message] = (await once(child, 'message')) as [M];
  try {
    return await task(message);
  } finally {
    child.disconnect();
  }
};

/** Runs `task` against a bare HTTP server that answers with `bytes` octets. */
export const withBareHttp = <T>(bytes: number, task: (origin: string) => Promise<T>): Promise<T> =>
  withLimit('http.ts', [String(bytes)], ({ port }: { port: number }) => task(`http://127.0.0.1:${port}`));
