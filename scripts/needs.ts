/** Installs Debian packages that the demo or the tests need, where we may; otherwise says what is missing and goes on. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

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

const policy = '/usr/sbin/policy-rc.d';

/** A Debian package starts its service when installed; we want the programs, not a mail server on the machine's ports. */
const withoutServices = (task: () => boolean): boolean => {
  if (existsSync(policy)) return task();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return task();
  } finally {
    rmSync(policy, { force: true });
  }
};

const apt = (...parameters: string[]): boolean =>
  spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...parameters], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

const missing = (needs[process.argv[2] ?? ''] ?? []).filter((need) => !need.present());
if (missing.length > 0) {
  const names = missing.map((need) => need.package);
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log(
      `Not here: ${missing.map((need) => need.what).join(', ')}. To install: apt-get install ${names.join(' ')}`,
    );
  } else {
    console.log(`Installing ${names.join(', ')} (once, one to three minutes) ...`);
    const done = withoutServices(() => apt('update') && apt('install', '-y', '--no-install-recommends', ...names));
    if (!done) console.log(`Could not install ${names.join(', ')} by apt; going on without.`);
  }
}
