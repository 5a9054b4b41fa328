import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dovecotFiles } from '../../src/app-passwords/dovecot/files.ts';
import type { ConfigFile, DovecotWish } from '../../src/app-passwords/dovecot/wish.ts';
import { answers, freePort } from '../../src/cli/demo/ports.ts';
import { dovecotDialect, dovecotWords } from '../../src/cli/demo/dovecot-words.ts';

export interface TestDovecot extends AsyncDisposable {
  imap: number;
  /** A second IMAP port, for Postern alone. */
  web: number;
  submission: number;
  /** The socket that Postfix would use. */
  sasl: string;
  http: { url: string; key: string };
  /** `doveadm -c …`, to be followed by a task. */
  doveadm: readonly string[];
  log(): string;
}

export const mainUser = { address: 'alice@village.test', password: 'main-alice' } as const;

/** A Dovecot whose sign-in is exactly what the command prints; only ports, folders and waits are the test's. */
export const openDovecot = async (
  wish: Pick<DovecotWish, 'database' | 'connect'> & Partial<DovecotWish>,
  more = '',
  rewrite: (file: ConfigFile) => string = ({ text }) => text,
): Promise<TestDovecot> => {
  const dialect = dovecotDialect();
  const words = dovecotWords[dialect];
  const run = mkdtempSync(join(tmpdir(), 'postern-apd-'));
  chmodSync(run, 0o755);
  mkdirSync(join(run, 'mail'));
  chownSync(join(run, 'mail'), 8, 8);
  mkdirSync(join(run, 'conf'));
  const [imap, web, submission, http] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const users = join(run, 'users');
  writeFileSync(
    users,
    `${mainUser.address}:{PLAIN}${mainUser.password}::::::\nbob@village.test:{PLAIN}main-bob::::::\n`,
  );
  const sasl = join(run, 'conf', 'sasl');
  const files = dovecotFiles({
    dialect,
    folder: join(run, 'conf'),
    web: { by: 'port', port: web },
    main: { kind: 'passwd-file', path: users },
    mail: { home: `${run}/mail/%u`, owner: 'mail' },
    imported: false,
    classic: false,
    lastUse: true,
    mtas: [{ kind: 'postfix', socket: sasl, owner: 'root' }],
    ...wish,
  });
  for (const file of files) writeFileSync(file.path, rewrite(file), { mode: file.mode });
  const config = join(run, 'test.conf');
  writeFileSync(
    config,
    `${words.head}
base_dir = ${run}
state_dir = ${run}
log_path = ${run}/log
protocols = imap submission
listen = 127.0.0.1
ssl = no
${words.cleartext}
auth_failure_delay = 0
${words.maildir('~')}
mail_uid = mail
mail_gid = mail
first_valid_uid = 8
mail_max_userip_connections = 500
doveadm_api_key = key-of-the-test
submission_relay_host = 127.0.0.1
submission_backend_capabilities = 8BITMIME
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service doveadm {
  inet_listener http {
    port = ${http}${dialect === '2.4' ? '\n    type = http' : ''}
  }
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener web {
    port = ${web}
  }
  inet_listener imaps {
    port = 0
  }
}
service submission-login {
  inet_listener submission {
    port = ${submission}
  }
}
!include ${run}/conf/app-passwords.conf
${more}
`,
  );
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
  const child = spawn('dovecot', ['-F', '-c', config], { stdio: 'ignore', env, detached: true });
  let exited = false;
  child.once('exit', () => (exited = true));
  const end = (): void => void child.kill('SIGTERM');
  process.once('exit', end);
  const log = (): string => readFileSync(join(run, 'log'), 'utf8');
  for (let tries = 0; !(await answers(imap)) || !(await answers(submission)); tries += 1) {
    if (exited || tries > 200) {
      const said = spawnSync('doveconf', ['-n', '-c', config], { encoding: 'utf8', env });
      child.kill('SIGKILL');
      throw new Error(`Dovecot did not start: ${said.stderr}`);
    }
    await sleep(50);
  }
  return {
    imap,
    web,
    submission,
    sasl,
    http: { url: `http://127.0.0.1:${http}/doveadm/v1`, key: 'key-of-the-test' },
    doveadm: ['doveadm', '-c', config],
    log,
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', end);
      end();
      for (let tries = 0; !exited && tries < 200; tries += 1) await sleep(20);
      if (!exited) child.kill('SIGKILL');
      rmSync(run, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
