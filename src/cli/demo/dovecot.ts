import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { adminPath, dovecotDialect, dovecotWords } from './dovecot-words.ts';
import { answers, freePort, greets } from './ports.ts';

/** A Dovecot of our own: on loopback, on free ports, without system services, ended by its pid. For the demo and for tests. */
export interface DovecotOptions {
  users: readonly { address: string; password: string }[];
  /** Where mail is kept. Made if missing; given to Dovecot's mail user when we are root. */
  mail: string;
  /** Fixed IMAP port, or a free one. */
  imapPort?: number;
  /** PEM files; with them IMAPS and STARTTLS are offered. */
  tls?: { cert: string; key: string };
  /**
   * `full`: all that Dovecot can. `plain`: no CONDSTORE, MOVE, UIDPLUS, SPECIAL-USE and a namespace `INBOX.`.
   * `condstore`: CONDSTORE without QRESYNC. `limited`: two connections a user.
   */
  variant?: 'full' | 'plain' | 'condstore' | 'limited';
  /** Lines that say who is let in, with what they include written; otherwise the users, each with one password. */
  signIn?: (place: SignInPlace) => string;
  /** Further configuration lines, appended. */
  extra?: string;
}

/** What the lines about signing in are made of. */
export interface SignInPlace {
  /** The instance's own folder, gone when it ends. */
  folder: string;
  /** The passwd-file of the users. */
  users: string;
  /** A user's home, with `%u` for the user, and the system account that owns the mail. */
  mail: { home: string; owner: string };
}

export interface RunningDovecot extends AsyncDisposable {
  host: '127.0.0.1';
  imapPort: number;
  /** 0 without `tls`. */
  imapsPort: number;
  lmtpPort: number;
  configFile: string;
  /** The socket over which other servers ask who is let in. */
  authSocket: string;
  logFile: string;
  /** uid and gid that own the mail. */
  owner: { uid: number; gid: number };
  /** The lines of its log that tell of somebody who signed in over IMAP: this user, or anybody. */
  signIns(address?: string): string[];
  /** Runs `doveadm` against this instance; throws with its words on failure. */
  doveadm(...args: string[]): string;
}

/** Whether every folder above `path` lets other users through: Dovecot's mail user must reach its files. */
const reachable = (path: string): boolean => {
  for (let at = resolve(path); at !== '/'; at = dirname(at))
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
  return true;
};

/** `wanted`, or, when we are root and the mail user could not reach it, a folder in /var/tmp that stays the same for it. */
export const mailFolder = (wanted: string): string =>
  process.getuid?.() !== 0 || reachable(dirname(resolve(wanted)))
    ? resolve(wanted)
    : `/var/tmp/postern-${createHash('sha256').update(resolve(wanted)).digest('hex').slice(0, 12)}`;

const ssha512 = (password: string): string => {
  const salt = randomBytes(8);
  return `{SSHA512}${Buffer.concat([createHash('sha512').update(password).update(salt).digest(), salt]).toString('base64')}`;
};

const capabilities = {
  full: '',
  limited: '',
  plain: 'imap_capability = IMAP4rev1 LITERAL+ ENABLE IDLE NAMESPACE CHILDREN UNSELECT',
  condstore:
    'imap_capability = IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN LIST-EXTENDED CONDSTORE ESEARCH MOVE SPECIAL-USE LIST-STATUS',
} as const;

const mailboxes = (variant: NonNullable<DovecotOptions['variant']>): string =>
  ['Drafts', 'Sent', 'Trash', 'Archive', 'Junk']
    .map(
      (name) =>
        `  mailbox ${name} {\n    auto = subscribe\n${variant === 'plain' ? '' : `    special_use = \\${name}\n`}  }`,
    )
    .join('\n');

const configuration = (
  o: DovecotOptions,
  at: { run: string; imap: number; imaps: number; lmtp: number; variant: NonNullable<DovecotOptions['variant']> },
): string => {
  const words = dovecotWords[dovecotDialect()];
  const root = process.getuid?.() === 0;
  const self = userInfo().username;
  const unprivileged = root
    ? 'mail_uid = mail\nmail_gid = mail\nfirst_valid_uid = 8'
    : `default_internal_user = ${self}\ndefault_login_user = ${self}\ndefault_internal_group = ${self}\nmail_uid = ${self}\nmail_gid = ${self}\nfirst_valid_uid = ${userInfo().uid}\nservice anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\nservice stats {\n  chroot =\n}`;
  const ssl = o.tls ? words.tls(o.tls.cert, o.tls.key) : 'ssl = no';
  const imaps = o.tls
    ? `  inet_listener imaps {\n    ${words.address} = 127.0.0.1\n    port = ${at.imaps}\n    ssl = yes\n  }`
    : '  inet_listener imaps {\n    port = 0\n  }';
  const users = join(at.run, 'users');
  const home = (user: string): string => join(resolve(o.mail), user);
  return `${words.head}
base_dir = ${at.run}
state_dir = ${at.run}
log_path = ${at.run}/dovecot.log
auth_verbose = no
protocols = imap lmtp
listen = 127.0.0.1
${ssl}
${words.cleartext}
auth_mechanisms = plain login
auth_failure_delay = 0
${words.maildir(home(words.user))}
mail_max_userip_connections = ${at.variant === 'limited' ? 2 : 200}
mail_always_cache_fields = flags date.received size.virtual imap.bodystructure body.snippet hdr.date hdr.from hdr.sender hdr.reply-to hdr.to hdr.cc hdr.bcc hdr.subject hdr.message-id hdr.in-reply-to hdr.references hdr.list-id hdr.list-unsubscribe hdr.auto-submitted hdr.precedence
maildir_stat_dirs = yes
maildir_very_dirty_syncs = yes
default_vsz_limit = 1G
${unprivileged}
${o.signIn?.({ folder: at.run, users, mail: { home: home('%u'), owner: root ? 'mail' : self } }) ?? words.signIn(users, home(words.user))}
namespace inbox {
  inbox = yes
  separator = ${at.variant === 'plain' ? '.\n  prefix = INBOX.' : '/'}
${mailboxes(at.variant)}
}
${capabilities[at.variant]}
service imap-login {
  inet_listener imap {
    ${words.address} = 127.0.0.1
    port = ${at.imap}
  }
${imaps}
  ${words.reused}
}
service imap {
  process_limit = 512
}
service lmtp {
  inet_listener lmtp {
    ${words.address} = 127.0.0.1
    port = ${at.lmtp}
  }
}
protocol lmtp {
  postmaster_address = postmaster@localhost
}
lmtp_save_to_detail_mailbox = no
${o.extra ?? ''}
`;
};

const makeOwned = (folder: string, owner: { uid: number; gid: number }): void => {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (process.getuid?.() === 0) chownSync(folder, owner.uid, owner.gid);
};

/** Linux ends what runs under this when we are gone, also when nobody could end it in order. */
const setpriv = '/usr/bin/setpriv';
const withUs = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM'] : [];

/** Starts a Dovecot and resolves when it answers. @throws Error when none is here, or with the log's last lines when it does not within 15 s. */
export const startDovecot = async (options: DovecotOptions): Promise<RunningDovecot> => {
  const root = process.getuid?.() === 0;
  const owner = root ? { uid: 8, gid: 8 } : { uid: userInfo().uid, gid: userInfo().gid };
  const run = mkdtempSync(join(tmpdir(), 'postern-dovecot-'));
  chmodSync(run, 0o755);
  makeOwned(resolve(options.mail), owner);
  const at = {
    run,
    imap: options.imapPort ?? (await freePort()),
    imaps: options.tls ? await freePort() : 0,
    lmtp: await freePort(),
    variant: options.variant ?? ('full' as const),
  };
  const configFile = join(run, 'postern.conf');
  writeFileSync(
    join(run, 'users'),
    options.users.map((u) => `${u.address}:${ssha512(u.password)}::::::`).join('\n') + '\n',
    {
      mode: 0o644,
    },
  );
  writeFileSync(configFile, configuration(options, at), { mode: 0o644 });

  const env = { ...process.env, PATH: adminPath() };
  // Its own process group, so that Ctrl-C reaches Postern first and the connections end in order.
  const [file, ...parameters] = [...withUs, 'dovecot', '-F', '-c', configFile];
  const child = spawn(file, parameters, { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (words: string) => (complaints += words));
  let exited = false;
  child.once('exit', () => (exited = true));
  const end = (): void => {
    if (!exited && child.pid !== undefined) child.kill('SIGTERM');
  };
  process.once('exit', end);
  const logFile = join(run, 'dovecot.log');
  for (let tries = 0; !(await greets(at.imap)) || !(await answers(at.lmtp)); tries += 1) {
    if (exited || tries > 300) {
      end();
      const logged = existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
      throw new Error(`Dovecot did not start: ${complaints.trim() || logged || 'it says nothing'}`);
    }
    await wait(50);
  }
  return {
    host: '127.0.0.1',
    imapPort: at.imap,
    imapsPort: at.imaps,
    lmtpPort: at.lmtp,
    configFile,
    authSocket: join(run, 'auth-client'),
    logFile,
    owner,
    signIns: (address = '') =>
      readFileSync(logFile, 'latin1')
        .split('\n')
        .filter((line) => /imap-login: (?:Info: )?Log(?:in|ged in): user=</u.test(line))
        .filter((line) => line.includes(`: user=<${address}`)),
    doveadm: (...args) => {
      const done = spawnSync('doveadm', ['-c', configFile, ...args], { encoding: 'utf8', env });
      if (done.status !== 0) throw new Error(`doveadm ${args[0] ?? ''}: ${done.stderr}`);
      return done.stdout;
    },
    [Symbol.asyncDispose]: async () => {
      process.removeListener('exit', end);
      end();
      for (let tries = 0; !exited && tries < 100; tries += 1) await wait(20);
      if (!exited) child.kill('SIGKILL');
      rmSync(run, { recursive: true, force: true });
    },
  };
};
