import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { DovecotWish } from '#app-passwords/dovecot/wish.ts';

export type Dialect = DovecotWish['dialect'];

/** What two Dovecots say otherwise in their configuration. */
export interface DovecotWords {
  /** Lines that come first. */
  head: string;
  /** The variable of a user's whole name. */
  user: string;
  cleartext: string;
  /** Of an `inet_listener`. */
  address: string;
  /** A login process serves as many as come. */
  reused: string;
  tls(cert: string, key: string): string;
  /** Where mail is, and what Dovecot knows of it. */
  maildir(home: string): string;
  /** Users of a passwd-file, each with one password. */
  signIn(users: string, home: string): string;
  /** Each user may have so much (`64k`, `5M`) and so many messages. */
  quota(storage: string, messages: number | undefined): string;
}

const quotaPlugins = {
  '2.3': 'mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_quota\n}',
  '2.4': 'mail_plugins {\n  quota = yes\n}\nprotocol imap {\n  mail_plugins {\n    imap_quota = yes\n  }\n}',
};

export const dovecotWords: Record<Dialect, DovecotWords> = {
  '2.3': {
    head: '',
    user: '%u',
    cleartext: 'disable_plaintext_auth = no',
    address: 'address',
    reused: 'service_count = 0',
    tls: (cert, key) => `ssl = yes\nssl_cert = <${cert}\nssl_key = <${key}`,
    maildir: (home) => `mail_location = maildir:${home}/Maildir:INDEX=${home}/index`,
    signIn: (users, home) => `passdb {
  driver = passwd-file
  args = scheme=SSHA512 username_format=%u ${users}
}
userdb {
  driver = static
  args = home=${home}
}`,
    quota: (storage, messages) => `${quotaPlugins['2.3']}
plugin {
  quota = count:Mailbox
  quota_vsizes = yes
  quota_grace = 0
  quota_rule = *:storage=${storage}${messages === undefined ? '' : `:messages=${messages}`}
}
`,
  },
  '2.4': {
    head: 'dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0',
    user: '%{user}',
    cleartext: 'auth_allow_cleartext = yes',
    address: 'listen',
    reused: 'restart_request_count = unlimited',
    tls: (cert, key) => `ssl = yes\nssl_server_cert_file = ${cert}\nssl_server_key_file = ${key}`,
    maildir: (home) => `mail_driver = maildir\nmail_path = ${home}/Maildir\nmail_index_path = ${home}/index`,
    signIn: (users, home) => `passdb users {
  driver = passwd-file
  default_password_scheme = SSHA512
  passwd_file_path = ${users}
}
userdb users {
  driver = static
  fields {
    home = ${home}
  }
}`,
    quota: (storage, messages) => `${quotaPlugins['2.4']}
quota Mailbox {
}
quota_storage_grace = 0
quota_storage_size = ${storage}
${messages === undefined ? '' : `quota_message_count = ${messages}`}
`,
  },
};

/** Programs of the administrator's are often not on the path of others. */
export const adminPath = (): string => `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

/** The Dovecot of this machine, or why there is none to start, in a sentence for people. */
const look = (): Dialect | { missing: string } => {
  const found = spawnSync('dovecot', ['--version'], { encoding: 'utf8', env: { ...process.env, PATH: adminPath() } });
  if (found.error || found.status !== 0)
    return { missing: 'Dovecot is not installed (Debian: apt-get install dovecot-imapd dovecot-lmtpd).' };
  const [version = '?'] = found.stdout.trim().split(' ');
  const dialect = (['2.3', '2.4'] as const).find((each) => version.startsWith(`${each}.`));
  if (dialect === undefined) return { missing: `Dovecot ${version} is installed; the demo server needs 2.3 or 2.4.` };
  if (!existsSync('/usr/lib/dovecot/lmtp'))
    return { missing: 'Dovecot is installed without LMTP (Debian: apt-get install dovecot-lmtpd).' };
  return dialect;
};

let seen: Dialect | null = null;

/** Why there is no Dovecot to start, in a sentence for people; null when there is one. */
export const dovecotMissing = (): string | null => {
  const found = seen ?? look();
  if (typeof found !== 'string') return found.missing;
  seen = found;
  return null;
};

/** The configuration that the Dovecot of this machine reads. @throws Error when there is none */
export const dovecotDialect = (): Dialect => {
  const missing = dovecotMissing();
  if (seen === null) throw new Error(missing ?? 'no Dovecot');
  return seen;
};

/** Configuration lines that give each user a quota of this size (`64k`, `5M`) and, if it is said, so many messages. */
export const quotaOf = ({ storage, messages }: { storage: string; messages?: number }): string =>
  dovecotWords[dovecotDialect()].quota(storage, messages);
