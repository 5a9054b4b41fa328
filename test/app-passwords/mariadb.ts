import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TestMariadb extends AsyncDisposable {
  socket: string;
  /** Runs statements as the administrator; throws with the client's words. */
  admin(sql: string, database?: string): string;
  /** A new empty database. */
  database(): string;
}

const server = '/usr/sbin/mariadbd';

/** MariaDB on a Unix socket in a folder of its own, as an unprivileged user; null when it is not installed. */
export const openMariadb = async (): Promise<TestMariadb | null> => {
  if (!existsSync(server)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'postern-maria-'));
  chmodSync(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  const line = isRoot
    ? readFileSync('/etc/passwd', 'utf8')
        .split('\n')
        .find((one) => one.startsWith('mysql:'))
    : undefined;
  const [, , uid, gid] = line?.split(':').map(Number) ?? [];
  const owner = uid === undefined || gid === undefined ? undefined : { uid, gid };
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const socket = join(folder, 'sock');
  const run = (program: string, args: string[], input = ''): string => {
    const done = spawnSync(program, args, { encoding: 'utf8', cwd: '/', input });
    if (done.status !== 0) throw new Error(`${program}: ${done.stderr}`);
    return done.stdout;
  };
  run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${folder}/data`,
    '--skip-test-db',
    '--auth-root-authentication-method=normal',
    ...(isRoot ? ['--user=mysql'] : [`--user=${userInfo().username}`]),
  ]);
  const settings = [
    'skip-networking',
    'skip-log-bin',
    'innodb-flush-log-at-trx-commit=0',
    'innodb-buffer-pool-size=64M',
  ];
  const process_ = spawn(
    server,
    ['--no-defaults', `--datadir=${folder}/data`, `--socket=${socket}`, ...settings.map((one) => `--${one}`)],
    { ...owner, cwd: folder, stdio: 'ignore' },
  );
  const end = (): void => void process_.kill('SIGKILL');
  process.once('exit', end);
  const admin = (sql: string, database = 'mysql'): string =>
    run('mariadb', ['--no-defaults', '-u', 'root', '-S', socket, '-N', '-B', database], sql);
  const isReady = (): boolean =>
    spawnSync('mariadb', ['--no-defaults', '-u', 'root', '-S', socket, '-e', 'SELECT 1']).status === 0;
  while (!isReady() && process_.exitCode === null) await sleep(50);
  let count = 0;
  return {
    socket,
    admin,
    database: () => {
      count += 1;
      admin(`CREATE DATABASE test${count} CHARACTER SET utf8mb4`);
      return `test${count}`;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(process_, 'exit');
      process.removeListener('exit', end);
      end();
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
