import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '#cli/demo/ports.ts';
import { familyOf } from '#village/family.ts';

/** Postern as it runs for people, in a process of its own on a fresh data folder. */
export interface RunningPostern extends AsyncDisposable {
  origin: string;
  /** CPU seconds so far, of the process and its children. */
  cpu(): number;
  /** Resident memory in bytes, likewise. */
  memory(): number;
}

const ticks = 100;

const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
};

const memoryOf = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1024;

export const startPostern = async (environment: Record<string, string>): Promise<RunningPostern> => {
  const data = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(process.execPath, ['src/main.ts', 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, POSTERN_PORT: String(port), POSTERN_DATA: data, POSTERN_LOG: 'error', ...environment },
  });
  const pid = child.pid ?? 0;
  let exited = false;
  child.once('exit', () => (exited = true));
  for (let tries = 0; ; tries += 1) {
    if (exited || tries > 400) throw new Error('Postern did not start');
    const answer = await fetch(`${origin}/healthz`).catch(() => null);
    if (answer?.status === 200) break;
    await wait(50);
  }
  return {
    origin,
    cpu: () => familyOf(pid).reduce((sum, each) => sum + cpuOf(each), 0),
    memory: () => familyOf(pid).reduce((sum, each) => sum + memoryOf(each), 0),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      for (let tries = 0; !exited && tries < 200; tries += 1) await wait(25);
      if (!exited) child.kill('SIGKILL');
      rmSync(data, { recursive: true, force: true });
    },
  };
};

/** Answer of one HTTP request over a kept connection. */
export interface Answer {
  status: number;
  body: Buffer;
  cookies: string[];
}

export type Invocation = readonly [string, Record<string, unknown>, string];

/** POST with keep-alive; the same code measures Postern and the limit. */
export const post = (
  agent: Agent,
  origin: string,
  path: string,
  body: Buffer,
  headers: Record<string, string>,
): Promise<Answer> =>
  new Promise((done, fail) => {
    const sent = request(
      `${origin}${path}`,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': String(body.length), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks),
            cookies: response.headers['set-cookie'] ?? [],
          }),
        );
        response.on('error', fail);
      },
    );
    sent.on('error', fail);
    sent.end(body);
  });

/** A signed-in browser, without the browser. */
export class Client {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly origin: string;
  cookie = '';
  accountId = '';

  constructor(origin: string) {
    this.origin = origin;
  }

  async signIn(address: string, password: string, imapPort: number, smtpPort: number): Promise<void> {
    const server = (port: number): object => ({ host: '127.0.0.1', port, security: 'none', username: address });
    const answer = await post(
      this.agent,
      this.origin,
      '/auth/sign-in',
      Buffer.from(
        JSON.stringify({ address, password, imap: server(imapPort), smtp: server(smtpPort), remember: true }),
      ),
      { origin: this.origin },
    );
    if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.body.toString()}`);
    this.cookie = answer.cookies.map((each) => each.split(';')[0] ?? '').join('; ');
    const session = JSON.parse((await this.get('/.well-known/jmap')).toString()) as {
      primaryAccounts: Record<string, string>;
    };
    this.accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'] ?? '';
  }

  async get(path: string): Promise<Buffer> {
    const answer = await fetch(`${this.origin}${path}`, { headers: { cookie: this.cookie } });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  body(calls: readonly Invocation[]): Buffer {
    return Buffer.from(
      JSON.stringify({
        using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:postern:params:jmap:keep'],
        methodCalls: calls.map(([name, args, id]) => [name, { accountId: this.accountId, ...args }, id]),
      }),
    );
  }

  /** What a browser sends along. */
  get headers(): Record<string, string> {
    return { cookie: this.cookie, origin: this.origin };
  }

  send(body: Buffer): Promise<Answer> {
    return post(this.agent, this.origin, '/jmap/api', body, this.headers);
  }

  /** The answers' arguments in order. @throws Error for any error answer */
  async call(...calls: Invocation[]): Promise<Record<string, unknown>[]> {
    const answer = await this.send(this.body(calls));
    if (answer.status !== 200)
      throw new Error(`JMAP answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
    const { methodResponses } = JSON.parse(answer.body.toString()) as {
      methodResponses: [string, Record<string, unknown>, string][];
    };
    for (const [name, args] of methodResponses) if (name === 'error') throw new Error(JSON.stringify(args));
    return methodResponses.map(([, args]) => args);
  }

  close(): void {
    this.agent.destroy();
  }
}
