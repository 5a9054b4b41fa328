import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#cli/demo/ports.ts';
import { readKey, type Sealed, sealForm } from '#model/seal.ts';
import type { Village } from '#village/dovecot.ts';
import { familyOf } from '#village/family.ts';
import { Browser } from '../e2e/browser.ts';
import { sealSignIn } from '../e2e/sealed-sign-in.ts';

/** Postern as it runs for people: `main.ts serve` and its keeper, in processes of their own. */
export interface Instance extends AsyncDisposable {
  browser: Browser;
  /** Where it was started, and where a crash would leave a core. */
  folder: string;
  /** The data folder; the secret file lies beside it, in {@link secretFile}. */
  data: string;
  secretFile: string;
  /** What it uses as the folder for passing files. */
  temporary: string;
  pid: number;
  /** The main process and all below it. */
  family(): number[];
  /** All that was said on standard output and error. */
  said(): string;
  /** Ends it and waits. */
  stop(): Promise<void>;
  /** Runs another command of the program with the same environment; `input` is what is piped in. */
  command(words: readonly string[], input?: string): Promise<Ran>;
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command of the program as an operator types it. */
export const runCommand = async (
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  input = '',
): Promise<Ran> => {
  const child = spawn(process.execPath, ['src/main.ts', ...words], { stdio: ['pipe', 'pipe', 'pipe'], env });
  const ran: Ran = { code: -1, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (ran.out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (ran.err += chunk));
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ...ran, code: code ?? -1 };
};

/** Folders of an instance, which several starts may share. */
export const openPlace = (): { path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'postern-security-'));
  for (const name of ['data', 'tmp']) mkdirSync(join(path, name), { mode: 0o700 });
  mkdirSync(join(path, 'secret'), { mode: 0o700 });
  chmodSync(path, 0o700);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
};

export const startInstance = async (
  place: string,
  village: Pick<Village, 'imapPort' | 'smtpPort'>,
  more: Record<string, string> = {},
): Promise<Instance> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = join(place, 'data');
  const secretFile = join(place, 'secret', 'host.key');
  const temporary = join(place, 'tmp');
  const env = {
    ...process.env,
    TMPDIR: temporary,
    POSTERN_PORT: String(port),
    POSTERN_DATA: data,
    POSTERN_SECRET_FILE: secretFile,
    POSTERN_LOG: 'error',
    POSTERN_MAILROOMS: '2',
    POSTERN_PRIVATE_SERVERS: '127.0.0.1',
    POSTERN_DOMAINS: `village.test=127.0.0.1:${village.imapPort}:none,127.0.0.1:${village.smtpPort}:none`,
    ...more,
  };
  const child: ChildProcess = spawn(process.execPath, [resolve('src/main.ts'), 'serve'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: place,
    env,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  for (let tries = 0; ; tries += 1) {
    if (hasExited() || tries > 600) throw new Error(`Postern did not start: ${said}`);
    const answer = await fetch(`${url}/healthz`).catch(() => null);
    if (answer?.status === 200) break;
    await sleep(50);
  }
  const pid = child.pid ?? 0;
  const stop = async (): Promise<void> => {
    if (hasExited()) return;
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(late);
  };
  return {
    browser: new Browser(url),
    folder: place,
    data,
    secretFile,
    temporary,
    pid,
    family: () => familyOf(pid),
    said: () => said,
    stop,
    command: (words, input) => runCommand(words, env, input),
    [Symbol.asyncDispose]: stop,
  };
};

const keyOf = async (browser: Browser): Promise<Uint8Array> => {
  const { key } = (await (await browser.fetch('/auth/key')).json()) as { key: string };
  const publicKey = readKey(key);
  if (!publicKey) throw new Error('the key is none');
  return publicKey;
};

const octets = { 'content-type': 'application/octet-stream' };

/** Sends a form with secrets as the web app does. */
export const postSealed = async (
  browser: Browser,
  path: string,
  form: object,
  secrets: readonly Sealed[],
): Promise<Response> => {
  const body = sealForm(form, secrets, await keyOf(browser));
  const answer = await browser.fetch(path, { method: 'POST', headers: octets, body });
  if (answer.ok && path.startsWith('/auth/sign-in')) {
    const facts = (await answer.clone().json()) as { accounts: { id: string }[] };
    browser.account = facts.accounts[0]?.id ?? '';
  }
  return answer;
};

/** Signs in as the web app does. */
export const signInSealed = async (browser: Browser, wish: Parameters<typeof sealSignIn>[0]): Promise<Response> => {
  const body = sealSignIn(wish, await keyOf(browser));
  const answer = await browser.fetch('/auth/sign-in', { method: 'POST', headers: octets, body });
  if (answer.ok) {
    const facts = (await answer.clone().json()) as { accounts: { id: string }[] };
    browser.account = facts.accounts[0]?.id ?? '';
  }
  return answer;
};
