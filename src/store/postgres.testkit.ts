import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestPostgres extends AsyncDisposable {
  /** A new empty database. */
  database(): Promise<string>;
}

const unprivileged = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => /^(postgres|nobody):/.test(entry));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
};

const run = (program: string, args: string[], owner: ReturnType<typeof unprivileged>): void => {
  const { status, stderr } = spawnSync(program, args, { ...owner, cwd: '/', encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
};

/** PostgreSQL on a Unix socket in a folder of its own, or the one of POSTERN_TEST_POSTGRES; null when there is none. */
export const openPostgres = async (): Promise<TestPostgres | null> => {
  const given = process.env['POSTERN_TEST_POSTGRES'];
  if (given !== undefined) return { database: async () => given, [Symbol.asyncDispose]: async () => undefined };
  const bin = globSync('/usr/lib/postgresql/*/bin').at(-1);
  if (bin === undefined) return null;
  const folder = mkdtempSync(join(tmpdir(), 'postern-pg-'));
  chmodSync(folder, 0o755);
  const owner = unprivileged();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  run(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postern', '--no-sync', '-E', 'UTF8'], owner);
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off', 'max_connections=40'];
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings.flatMap((one) => ['-c', one])], {
    ...owner,
    cwd: '/',
    stdio: 'ignore',
  });
  const url = (name: string): string => `postgres://postern@localhost/${name}?host=${encodeURIComponent(folder)}`;
  const isReady = (): boolean =>
    spawnSync(join(bin, 'pg_isready'), ['-h', folder, '-d', 'postgres', '-U', 'postern']).status === 0;
  while (!isReady() && server.exitCode === null) await sleep(50);
  let count = 0;
  return {
    database: async () => {
      count += 1;
      run(join(bin, 'createdb'), ['-h', folder, '-U', 'postern', `test${count}`], owner);
      return url(`test${count}`);
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
