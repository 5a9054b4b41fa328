/** Installs Debian packages that the demo or the tests need, where we may; otherwise says what is missing and goes on. */
import { spawn, spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

interface Need {
  package: string;
  present: () => boolean;
  what: string;
}

const has = (...files: string[]): boolean => files.some((file) => existsSync(file));

const dovecot: Need[] = [
  {
    package: 'dovecot-imapd',
    present: () => has('/usr/sbin/dovecot') && has('/usr/lib/dovecot/imap'),
    what: 'Dovecot',
  },
  { package: 'dovecot-lmtpd', present: () => has('/usr/lib/dovecot/lmtp'), what: 'its LMTP' },
  {
    package: 'dovecot-sqlite',
    present: () => has('/usr/lib/dovecot/modules/auth/libdriver_sqlite.so'),
    what: "its driver for SQLite, for the demo's app passwords",
  },
  { package: 'openssl', present: () => has('/usr/bin/openssl'), what: 'openssl' },
];
const needs: Record<string, Need[]> = {
  demo: dovecot,
  test: [
    ...dovecot,
    { package: 'chromium', present: () => has('/usr/bin/chromium'), what: 'Chromium' },
    {
      package: 'postgresql',
      present: () => ['15', '16', '17', '18'].some((v) => has(`/usr/lib/postgresql/${v}/bin/postgres`)),
      what: 'PostgreSQL',
    },
    { package: 'mariadb-server', present: () => has('/usr/sbin/mariadbd'), what: 'MariaDB' },
    ...['mysql', 'pgsql'].map((driver) => ({
      package: `dovecot-${driver}`,
      present: () => has(`/usr/lib/dovecot/modules/auth/libdriver_${driver}.so`),
      what: `Dovecot's driver ${driver}`,
    })),
    { package: 'dovecot-pop3d', present: () => has('/usr/lib/dovecot/pop3-login'), what: 'its POP3' },
    {
      package: 'dovecot-managesieved',
      present: () => has('/usr/lib/dovecot/managesieve-login'),
      what: 'its ManageSieve',
    },
    {
      package: 'dovecot-submissiond',
      present: () => has('/usr/lib/dovecot/submission'),
      what: 'its submission server',
    },
  ],
};

/**
 * Servers of which Debian lets only one be installed, and Dovecot is that one: they are unpacked beside each other, and
 * what they are linked with is installed.
 */
interface Unpacked {
  name: string;
  what: string;
  packages: readonly string[];
  libraries: readonly string[];
}

const servers: Unpacked[] = [
  {
    name: 'cyrus',
    what: 'Cyrus IMAP',
    packages: ['cyrus-imapd', 'cyrus-common'],
    libraries: [
      'libical3',
      'libicu72',
      'libjansson4',
      'libkrb5-3',
      'libldap-2.5-0',
      'libpcre3',
      'libpq5',
      'libsasl2-2',
      'libsasl2-modules',
      'libsqlite3-0',
      'libwrap0',
      'libxapian30',
      'libxml2',
    ],
  },
  {
    name: 'courier',
    what: 'Courier IMAP',
    packages: ['courier-imap', 'courier-base', 'courier-authlib'],
    libraries: ['libcourier-unicode4', 'libgamin0', 'libgdbm6', 'libgnutls30', 'libidn12', 'libpcre3'],
  },
];

const place = (server: Unpacked): string => join('.cache/servers', server.name);

const policy = '/usr/sbin/policy-rc.d';

/** A Debian package starts its service when installed; we want the programs, not a mail server on the machine's ports. */
const withoutServices = async (task: () => Promise<boolean>): Promise<boolean> => {
  if (existsSync(policy)) return task();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await task();
  } finally {
    rmSync(policy, { force: true });
  }
};

/** Shows how far apt is, where somebody looks on; its words only when it fails. */
const apt = async (...parameters: string[]): Promise<boolean> => {
  const child = spawn('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', '-o', 'APT::Status-Fd=3', ...parameters], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const [words, status] = child.stdio.slice(2) as [Readable, Readable];
  // Lines of apt's README.progress-reporting: `dlstatus:1:45.0:Retrieving …`, `pmstatus:openssl:45.0:Unpacking …`.
  createInterface(status).on('line', (line) => {
    const [kind = '', , percent] = line.split(':');
    const done = { dlstatus: 'fetched', pmstatus: 'installed' }[kind];
    if (done !== undefined && process.stdout.isTTY)
      process.stdout.write(`\r${Math.round(Number(percent))} % ${done}   `);
  });
  const [said, [code]] = await Promise.all([text(words), once(child, 'close')]);
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  if (code !== 0) process.stderr.write(said);
  return code === 0;
};

/** Whether it is there now. */
const unpack = (server: Unpacked): boolean => {
  mkdirSync('.cache/servers', { recursive: true });
  const folder = mkdtempSync('.cache/servers/new-');
  try {
    // As the user we are: apt's own may not write here.
    const options: SpawnSyncOptions = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
    const parameters = ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...server.packages];
    if (spawnSync('apt-get', parameters, options).status !== 0) return false;
    for (const file of globSync('*.deb', { cwd: folder }))
      if (spawnSync('dpkg', ['-x', file, 'root'], options).status !== 0) return false;
    renameSync(join(folder, 'root'), place(server));
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const install = async (names: readonly string[]): Promise<boolean> => {
  const done = await withoutServices(
    async () => (await apt('update')) && (await apt('install', '-y', '--no-install-recommends', ...names)),
  );
  if (!done) console.log(`Could not install ${names.join(', ')} by apt; going on without.`);
  return done;
};

const wish = process.argv[2] ?? '';
const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
const missing = (needs[wish] ?? []).filter((need) => !need.present());
if (missing.length > 0) {
  const names = missing.map((need) => need.package);
  if (mayInstall) {
    console.log(`Installing ${names.join(', ')} (once, one to three minutes) ...`);
    await install(names);
  } else
    console.log(
      `Not here: ${missing.map((need) => need.what).join(', ')}. To install: apt-get install ${names.join(' ')}`,
    );
}
for (const server of wish === 'test' && mayInstall ? servers : []) {
  if (existsSync(place(server))) continue;
  console.log(`Unpacking ${server.what} for the tests (once) ...`);
  if (!(await install(server.libraries)) || !unpack(server))
    console.log(`Could not unpack ${server.what}; its tests are skipped.`);
}
