import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { silent, type Log } from '#base/log.ts';
import { copyOf, random } from './bytes.ts';
import { withoutCores } from './core-dumps.ts';
import { fromWire, VaultError, type WireError } from './errors.ts';
import { sendFrame } from './frames.ts';
import type { KeeperAddress } from './keeper-client.ts';
import { makeCore, type KeeperConfig } from './keeper-config.ts';
import type { Orders } from './keeper-process.ts';
import { openKeeperServer } from './keeper-server.ts';

/** A keeper that listens at its address until it is disposed of. */
export interface RunningKeeper extends KeeperAddress, AsyncDisposable {
  /** Process id of the child, which changes when it is started again; null inside. */
  readonly pid: number | null;
}

const program = fileURLToPath(new URL('keeper-process.ts', import.meta.url));

/** The child sees no more of the environment than it needs; a database URL, say, is none of its business. */
const passedOn = ['PATH', 'TZ', 'LD_LIBRARY_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE', 'RES_OPTIONS'];

const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

/** Without core dumps, and without a debugger that a signal opens. */
const launch = (): ChildProcess => {
  const [file, words] = withoutCores(process.execPath, ['--disable-sigusr1', program]);
  return spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'], env: environment() });
};

/** Starts one child and waits until it listens. @throws VaultError what the child could not do, `keeper/away` */
const startChild = async (orders: Orders): Promise<ChildProcess> => {
  const child = launch();
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new VaultError('keeper/defect', 'the child has no pipes');
  stdin.on('error', () => undefined);
  sendFrame(stdin, orders);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', (cause) => reject(new VaultError('keeper/away', 'the keeper does not start', {}, { cause })));
  child.once('exit', () => reject(new VaultError('keeper/away', 'the keeper ended while it started')));
  createInterface(stdout).once('line', (line) => {
    const said = JSON.parse(line) as { ready: true } | { error: WireError };
    if ('error' in said) reject(fromWire(said.error));
    else resolve();
  });
  await promise;
  return child;
};

/** A child that is started again whenever it ends. */
const supervise = async (orders: Orders, log: Log): Promise<{ readonly pid: number | null } & AsyncDisposable> => {
  let child = await startChild(orders);
  let ending = false;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async (): Promise<void> => {
    for (let wait = 50; !ending; wait = Math.min(wait * 2, 10_000)) {
      try {
        child = await startChild(orders);
        watch();
        log('info', 'keeper.restarted');
        return;
      } catch (error) {
        log('error', 'keeper.restart-failed', { code: error instanceof VaultError ? error.code : 'unknown' });
        await new Promise((resolve) => setTimeout(resolve, wait).unref());
      }
    }
  };
  const watch = (): void => {
    child.once('exit', (code, signal) => {
      if (ending) return;
      log('error', 'keeper.ended', { code, signal });
      restarting = restart();
    });
  };
  watch();

  return {
    get pid() {
      return child.pid ?? null;
    },
    [Symbol.asyncDispose]: async () => {
      ending = true;
      await restarting;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(late);
    },
  };
};

/**
 * Starts the keeper, as a child process or inside this one (`config.keeper`), and makes the host key file when there is
 * none. Threads reach it with `openKeeper({ socketPath, token })`.
 * @throws VaultError `host/secret-file`, `keeper/away`
 */
export const startKeeper = async (config: KeeperConfig, log: Log = silent): Promise<RunningKeeper> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-keeper-'));
  const socketPath = join(folder, 'keeper.sock');
  const token = random(32);
  const orders: Orders = { config: plainConfig(config), socketPath, token };
  try {
    const running =
      config.keeper === 'child'
        ? await supervise(orders, log)
        : { pid: null, ...(await openKeeperServer(makeCore(config), socketPath, copyOf(token), log)) };
    return {
      socketPath,
      token,
      get pid() {
        return running.pid;
      },
      [Symbol.asyncDispose]: async () => {
        await running[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};

/** The keeper's part of a larger configuration, so that nothing else reaches the child. */
const plainConfig = (config: KeeperConfig): KeeperConfig => {
  const { keeper, secretFile, allowedServers, privateServers, idServers, extraCa, log, limits, cost, oauthClients } =
    config;
  const more = {
    ...(log ? { log } : {}),
    ...(limits ? { limits } : {}),
    ...(cost ? { cost } : {}),
    ...(oauthClients ? { oauthClients } : {}),
  };
  return { keeper, secretFile, allowedServers, privateServers, idServers, extraCa, ...more };
};
