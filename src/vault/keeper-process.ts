import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { logError, openLog } from '#base/log.ts';
import { dumpsNoCore } from './core-dumps.ts';
import { toWire } from './errors.ts';
import { FrameReader } from './frames.ts';
import { makeCore, type KeeperConfig } from './keeper-config.ts';
import { openKeeperServer } from './keeper-server.ts';

/**
 * The keeper as a child process. Its first frame on standard input says what to do; it answers with one line of JSON on
 * standard output, and ends when standard input ends, so that it never outlives its parent. Signals of the terminal are
 * left to the parent.
 */
export interface Orders {
  config: KeeperConfig;
  socketPath: string;
  token: Buffer;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

const start = async ({ config, socketPath, token }: Orders): Promise<void> => {
  const log = openLog(config.log ?? 'warn', (line) => process.stderr.write(`${line}\n`));
  // The parent starts another.
  process.on('uncaughtException', (error) => {
    logError(log, 'keeper.failed', error);
    process.exit(1);
  });
  try {
    const core = makeCore(config);
    if (core.memoryIsLocked() === false) log('warn', 'keeper.memory-not-locked');
    if (dumpsNoCore() === false) log('warn', 'keeper.core-dumps-on');
    const server = await openKeeperServer(core, socketPath, token, log);
    process.stdin.once('close', () => {
      // A parent that was killed has not cleared up.
      rmSync(dirname(socketPath), { recursive: true, force: true });
      void server[Symbol.asyncDispose]();
    });
    process.stdout.write('{"ready":true}\n');
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: toWire(error) })}\n`);
    process.stdin.destroy();
  }
};

const reader = new FrameReader();
let started = false;
process.stdin.on('data', (chunk: Buffer) => {
  reader.push(chunk);
  const orders = started ? undefined : reader.next();
  if (orders === undefined) return;
  started = true;
  void start(orders as Orders);
});
