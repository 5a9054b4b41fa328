import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseCidr } from '#config/networks.ts';
import { dovecotFiles } from '#app-passwords/dovecot/files.ts';
import type { DovecotDatabase, DovecotWish, Main, Web } from '#app-passwords/dovecot/wish.ts';
import { listOf, oneOf } from './app-passwords-words.ts';
import { read, type Task, textOf, type Values, WordsError } from './tasks.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  dialect: text,
  database: text,
  host: text,
  name: text,
  user: text,
  path: text,
  folder: text,
  'web-networks': text,
  'web-port': text,
  'main-everywhere': flag,
  main: text,
  home: text,
  owner: text,
  imported: flag,
  classic: flag,
  'no-last-use': flag,
  mta: text,
  write: text,
} as const;

const webOf = (values: Values): Web => {
  const networks = textOf(values, 'web-networks');
  const port = textOf(values, 'web-port');
  const isEverywhere = values['main-everywhere'] === true;
  if ([networks !== undefined, port !== undefined, isEverywhere].filter(Boolean).length !== 1)
    throw new WordsError(
      'say from where the main password is taken: --web-networks NETWORK,… or --web-port PORT or --main-everywhere',
    );
  if (networks !== undefined) {
    const found = listOf(networks);
    if (found.length === 0 || !found.every((word) => parseCidr(word)))
      throw new WordsError('--web-networks is a list such as 192.0.2.7,2001:db8::/64');
    return { by: 'networks', networks: found };
  }
  if (port === undefined) return { by: 'everywhere' };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new WordsError('--web-port is a port');
  return { by: 'port', port: Number(port) };
};

const mainOf = (word: string): Main => {
  const file = /^passwd-file:(\/[^\s]+)$/.exec(word);
  if (file?.[1] !== undefined) return { kind: 'passwd-file', path: file[1] };
  if (word === 'sql' || word === 'pam') return { kind: word };
  throw new WordsError('--main is sql, pam or passwd-file:/PATH');
};

const mtasOf = (word: string): DovecotWish['mtas'] =>
  listOf(word).map((name) =>
    oneOf(['postfix', 'exim'], name, '--mta') === 'postfix'
      ? { kind: 'postfix', socket: '/var/spool/postfix/private/auth', owner: 'postfix' }
      : { kind: 'exim', socket: '/run/dovecot/auth-exim', owner: 'Debian-exim' },
  );

/** Nothing that could end a line or a value of the configuration. */
const plain = (value: string, name: string): string => {
  if (!/^[\w.:/@%+-]+$/.test(value)) throw new WordsError(`--${name} holds a character that the configuration cannot`);
  return value;
};

const wishOf = (values: Values): DovecotWish => {
  const said = (name: string, usual: string): string => plain(textOf(values, name) ?? usual, name);
  const databases: readonly DovecotDatabase[] = ['mariadb', 'mysql', 'postgresql', 'sqlite'];
  return {
    dialect: oneOf(['2.3', '2.4'], textOf(values, 'dialect') ?? '2.3', '--dialect'),
    database: oneOf(databases, textOf(values, 'database') ?? '', '--database'),
    connect: {
      host: said('host', 'localhost'),
      database: said('name', 'mail'),
      user: said('user', 'dovecot'),
      password: 'CHANGE-ME-2',
      path: said('path', '/var/lib/postern/app-passwords.db'),
    },
    folder: said('folder', '/etc/dovecot/postern'),
    web: webOf(values),
    main: mainOf(textOf(values, 'main') ?? 'sql'),
    mail: { home: said('home', '/var/vmail/%d/%n'), owner: said('owner', 'vmail') },
    imported: values['imported'] === true,
    classic: values['classic'] === true,
    lastUse: values['no-last-use'] !== true,
    mtas: mtasOf(textOf(values, 'mta') ?? ''),
  };
};

export const dovecot: Task = {
  name: 'dovecot',
  words: '--dialect 2.3|2.4 --database mariadb|mysql|postgresql|sqlite --web-networks NETWORK,… [options]',
  summary: 'Prints the finished configuration of Dovecot.',
  details: [
    '2.3 is tested with 2.3.19, 2.4 with 2.4.1.',
    '',
    'From where the main password is taken, one of:',
    '  --web-networks NETWORK,…   the addresses of Postern',
    '  --web-port PORT            an IMAP port of Dovecot that Postern alone can reach',
    '  --main-everywhere          from everywhere',
    'Where users and main passwords are:',
    '  --main sql                 a table users(username, domain, password) in the same database (usual)',
    '  --main passwd-file:/PATH   a passwd-file, with all its fields, as Dovecot wants for a user lookup',
    '  --main pam                 accounts of the system',
    '  --home /var/vmail/%d/%n --owner vmail    where mail is, and whose it is',
    'The database, as Dovecot reaches it:',
    '  --host localhost --name mail --user dovecot    a host, or the path of a socket or its folder',
    '  --path FILE                of SQLite',
    '--imported                   passwords of the classic table that were imported go on working',
    '--classic                    the classic table itself is asked too',
    '--no-last-use                the last use is not written',
    '--mta postfix,exim           sockets for mail servers that ask Dovecot by SASL',
    '--folder /etc/dovecot/postern    where the files go',
    '--write FOLDER               writes the files there instead of printing them; those with a password get mode 600',
  ],
  run: async (words, { say }) => {
    const { values } = read(words, 0, options);
    const files = dovecotFiles(wishOf(values));
    const folder = textOf(values, 'write');
    if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o755 });
    for (const { path, mode, text: content } of files) {
      if (folder === undefined) {
        say(`# ==== ${path} (mode ${mode.toString(8)})\n${content}`);
      } else {
        const file = join(folder, basename(path));
        writeFileSync(file, content, { mode });
        say(file);
      }
    }
    return 0;
  },
};
