import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Village } from '#village/dovecot.ts';
import { familyOf } from '#village/family.ts';
import { Browser } from './browser.ts';

/** The program in a process of its own, as people run it. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** Standard output and error so far. */
  readonly said: string;
  /** Resolves to exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly hasEnded: boolean;
  /** The process and all below it that live now. */
  family(): number[];
  /** Waits until it has said this. @throws Error when it ends before, or takes over two minutes */
  until(words: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it as Ctrl-C does and waits. */
  stop(): Promise<void>;
}

/** Asks until it is so. */
export const eventually = async (what: string, so: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> => {
  for (const end = Date.now() + ms; !(await so()); await sleep(25))
    if (Date.now() > end) throw new Error(`not so after ${ms} ms: ${what}`);
};

/** The environment of the test without what would configure Postern. */
const plain = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POSTERN_')));

export interface LaunchOptions {
  env?: Record<string, string>;
  /** Put before the program: `['prlimit', '--fsize=1000000']`. */
  within?: readonly string[];
}

/** `postern WORDS` */
export const launch = (words: readonly string[], { env = {}, within = [] }: LaunchOptions = {}): Running => {
  const [file, ...before] = [...within, process.execPath];
  const child: ChildProcess = spawn(file, [...before, 'src/main.ts', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...plain(), ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    // `close`: what it said is here as well.
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    if (!hasEnded()) child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  };
  return {
    pid: child.pid ?? 0,
    get said() {
      return said;
    },
    ended,
    get hasEnded() {
      return hasEnded();
    },
    family: () => familyOf(child.pid ?? 0),
    until: async (words) => {
      for (const end = Date.now() + 120_000; ; await sleep(20)) {
        const found = words.exec(said);
        if (found) return found;
        if (hasEnded()) throw new Error(`it ended before it said ${words}: ${said}`);
        if (Date.now() > end) throw new Error(`it did not say ${words}: ${said}`);
      }
    },
    kill: (signal) => void child.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

export interface Serving extends Running {
  browser: Browser;
  url: string;
}

/** `postern serve` on a free port in front of a village, once it answers. */
export const serve = async (
  village: Pick<Village, 'imapPort' | 'smtpPort'>,
  data: string,
  { env = {}, within = [] }: LaunchOptions = {},
): Promise<Serving> => {
  const running = launch(['serve'], {
    within,
    env: {
      POSTERN_PORT: '0',
      POSTERN_DATA: data,
      POSTERN_LOG: 'error',
      POSTERN_MAILROOMS: '2',
      POSTERN_PRIVATE_SERVERS: '127.0.0.1',
      POSTERN_DOMAINS: `village.test=127.0.0.1:${village.imapPort}:none,127.0.0.1:${village.smtpPort}:none`,
      ...env,
    },
  });
  try {
    const [, url = ''] = await running.until(/Postern is at (http:\S+)/);
    return Object.assign(running, { browser: new Browser(url), url });
  } catch (error) {
    await running.stop();
    throw error;
  }
};

/** The child that runs the keeper. */
export const keeperOf = (running: Running): number => {
  const pid = running
    .family()
    .find(
      (each) =>
        existsSync(`/proc/${each}`) && readFileSync(`/proc/${each}/cmdline`, 'latin1').includes('keeper-process'),
    );
  if (pid === undefined) throw new Error('there is no keeper');
  return pid;
};
