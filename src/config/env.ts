import { readFileSync } from 'node:fs';
import { ConfigError } from './errors.ts';
import * as kinds from './kinds.ts';
import type { Kind } from './kinds.ts';

/** One thing an operator may set. `--help`, the page in docs and the complaint about a wrong value are made from it. */
export interface Option<T> {
  variable: string;
  kind: Kind<T>;
  /** As it would be typed. */
  fallback: string;
  help: readonly string[];
  /** The value may hold a credential: never printed. */
  secret: boolean;
}

const option = <T>(
  variable: string,
  kind: Kind<T>,
  fallback: string,
  help: readonly string[],
  secret = false,
): Option<T> => ({ variable, kind, fallback, help, secret });

export const options = {
  host: option('POSTERN_HOST', kinds.host, '127.0.0.1', [
    'The address to listen on.',
    'Keep loopback and put a TLS proxy in front.',
  ]),
  port: option('POSTERN_PORT', kinds.port, '8080', ['The port to listen on; 0 takes a free one.']),
  data: option('POSTERN_DATA', kinds.path, './data', ['The folder for the database, the indexes and the secret file.']),
  databaseUrl: option(
    'POSTERN_DATABASE_URL',
    kinds.databaseUrl,
    '',
    [
      'Where users, sealed credentials, drafts and the outbox are kept: postgres://…',
      'Empty: SQLite in the data folder.',
    ],
    true,
  ),
  secretFile: option('POSTERN_SECRET_FILE', kinds.optionalPath, '', [
    'The host key, without which nothing in the database opens. Made at the first start, mode 600.',
    'Empty: host.key in the data folder. Back it up apart from the database.',
  ]),
  publicUrl: option('POSTERN_PUBLIC_URL', kinds.origin, '', [
    'The URL people type, such as https://mail.example.org. Needed for every name but localhost.',
  ]),
  mailOrigin: option('POSTERN_MAIL_ORIGIN', kinds.origin, '', [
    'A second origin that shows the HTML of mails, such as https://mail-body.example.org.',
    'Empty: the same origin; mails are sandboxed all the same.',
  ]),
  allowedServers: option('POSTERN_ALLOWED_SERVERS', kinds.servers, '', [
    'The mail servers that may be used, such as imap.example.org, *.example.org:993.',
    'Empty: any public server.',
  ]),
  privateServers: option('POSTERN_PRIVATE_SERVERS', kinds.servers, '', [
    'Private and loopback addresses that may be reached, such as 127.0.0.1:1143 or 10.0.0.0/8.',
    'All others are refused, whoever names them.',
  ]),
  idServers: option('POSTERN_ID_SERVERS', kinds.servers, '', [
    "IMAP servers that are told the visitor's address by ID (RFC 2971), such as imap.example.org or 10.0.0.0/8.",
    'For servers that trust this machine: Dovecot with login_trusted_networks then logs and limits by it.',
  ]),
  domains: option('POSTERN_DOMAINS', kinds.domains, '', [
    'Servers of your own domains: example.org=imap.example.org:993:tls,smtp.example.org:465:tls',
    'Several are parted by a semicolon; the domain * stands for all others.',
  ]),
  ispdb: option('POSTERN_ISPDB', kinds.urlOrPath, 'https://autoconfig.thunderbird.net/v1.1', [
    "Thunderbird's database of mail settings, asked where a domain publishes none; it is told the domain, never the address.",
    'Or a folder with a copy of its files. Empty: not asked.',
  ]),
  discoveryAddress: option('POSTERN_DISCOVERY_ADDRESS', kinds.flag, '0', [
    'Whether the autoconfig server of a domain is told the whole address that is looked for, not the domain alone.',
  ]),
  oauth: option('POSTERN_OAUTH', kinds.optionalPath, '', [
    'A JSON file with the OAuth2 clients registered for this Postern, so that people sign in at Google, Microsoft or an issuer of your own.',
    'See docs/oauth.md. Empty: none.',
  ]),
  extraCa: option('POSTERN_EXTRA_CA', kinds.optionalPath, '', [
    'A PEM file of further certificate authorities for mail servers.',
  ]),
  mailrooms: option('POSTERN_MAILROOMS', kinds.count, '0', [
    'Worker threads that host signed-in users. 0: one for each processor.',
  ]),
  sessionIdle: option('POSTERN_SESSION_IDLE', kinds.duration, '30m', [
    'Keys and connections of a user are dropped after this time without a request or an open window.',
    'The next visit picks them up again without a question.',
  ]),
  auditKeep: option('POSTERN_AUDIT_KEEP', kinds.duration, '180d', [
    'Entries of the audit log (sign-ins, changes of unlockers and accounts) are deleted after this time. 0d: never.',
  ]),
  keeper: option('POSTERN_KEEPER', kinds.choice('child', 'inside'), 'child', [
    'Where the keys are held: in a process of their own, or inside this one.',
  ]),
  jsonSignIn: option('POSTERN_JSON_SIGN_IN', kinds.flag, '1', [
    'Whether POST /auth/sign-in takes the password as JSON. The browser never sends it that way; scripts do.',
  ]),
  trustedProxies: option('POSTERN_TRUSTED_PROXIES', kinds.networks, '127.0.0.0/8,::1', [
    'Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
  ]),
  metricsToken: option(
    'POSTERN_METRICS_TOKEN',
    kinds.text,
    '',
    ['GET /metrics answers with Authorization: Bearer TOKEN from anywhere.', 'Empty: on loopback only.'],
    true,
  ),
  appPasswordsUrl: option(
    'POSTERN_APP_PASSWORDS_URL',
    kinds.appPasswordsUrl,
    '',
    [
      'Where app passwords are kept, for Dovecot to check: mariadb://USER:PASSWORD@HOST/NAME, postgres://…, sqlite:/PATH.',
      'Empty: Postern manages none.',
    ],
    true,
  ),
  appPasswordsOwnerUrl: option(
    'POSTERN_APP_PASSWORDS_OWNER_URL',
    kinds.appPasswordsUrl,
    '',
    ['The same database by an account that may make tables, for `postern app-passwords init` alone.'],
    true,
  ),
  appPasswordsScheme: option(
    'POSTERN_APP_PASSWORDS_SCHEME',
    kinds.choice('SSHA512', 'SSHA256', 'SHA512-CRYPT', 'ARGON2ID'),
    'SSHA512',
    ['How new app passwords are hashed. They are 133 random bits, for which a fast hash is enough.'],
  ),
  appPasswordsMost: option('POSTERN_APP_PASSWORDS_MOST', kinds.count, '25', [
    'App passwords a user may have. 0: any number.',
  ]),
  appPasswordsAge: option('POSTERN_APP_PASSWORDS_AGE', kinds.duration, '0d', [
    'The longest life of an app password. 0d: for ever.',
  ]),
  appPasswordsProtocols: option(
    'POSTERN_APP_PASSWORDS_PROTOCOLS',
    kinds.some('imap', 'pop3', 'submission', 'sieve'),
    'imap,pop3,submission,sieve',
    ['What app passwords may be made for.'],
  ),
  appPasswordsDomains: option('POSTERN_APP_PASSWORDS_DOMAINS', kinds.domainNames, '', [
    'Domains whose users may have app passwords. Empty: all.',
  ]),
  appPasswordsServers: option('POSTERN_APP_PASSWORDS_SERVERS', kinds.servers, '', [
    'The IMAP servers whose Dovecot checks these app passwords, such as imap.example.org (at 143 and 993) or 127.0.0.1:1143.',
    'Only whoever is signed in there may make some. Empty: the servers that POSTERN_DOMAINS names for the domain.',
  ]),
  appPasswordsSetup: option('POSTERN_APP_PASSWORDS_SETUP', kinds.setupServers, '', [
    'The servers that people are told to type into their programs:',
    'imap=imap.example.org:993:tls,submission=smtp.example.org:465:tls,pop3=…,sieve=…',
    'What is left out is told as Postern itself uses it; pop3 and sieve are then not told.',
  ]),
  appPasswordsRequired: option('POSTERN_APP_PASSWORDS_REQUIRED', kinds.flag, '0', [
    'Whether Dovecot takes the main password from Postern alone, so that every other program needs an app password.',
    'Said to the users; postern app-passwords dovecot --web makes it so.',
  ]),
  appPasswordsOnChange: option('POSTERN_APP_PASSWORDS_ON_CHANGE', kinds.choice('keep', 'ask', 'drop'), 'keep', [
    'What happens to app passwords when the main password changes: keep them, ask the user, or revoke all.',
  ]),
  appPasswordsSwap: option('POSTERN_APP_PASSWORDS_SWAP', kinds.choice('off', 'on', 'required'), 'off', [
    'Sign in, swap, forget: Postern makes an app password for itself at the sign-in, keeps that, and forgets the main one.',
    'on: where it cannot be made, the main password is kept, and the user is told. required: nobody gets in without.',
  ]),
  appPasswordsSwapNetworks: option('POSTERN_APP_PASSWORDS_SWAP_NETWORKS', kinds.networks, '', [
    'Where Postern comes from, as Dovecot sees it: its own app passwords work from there alone. Empty: from anywhere.',
  ]),
  appPasswordsSwapEnds: option('POSTERN_APP_PASSWORDS_SWAP_ENDS', kinds.flag, '0', [
    "Whether Postern's own app password is revoked when the last session of its user ends.",
  ]),
  appPasswordsDoveadm: option('POSTERN_APP_PASSWORDS_DOVEADM', kinds.text, 'doveadm', [
    'How Dovecot is told of a revocation: a command such as doveadm or ssh mail doveadm, or the URL of its HTTP API.',
    'none: it is not told. A revoked password then works until the cache ends, and open connections go on.',
  ]),
  appPasswordsDoveadmKey: option(
    'POSTERN_APP_PASSWORDS_DOVEADM_KEY',
    kinds.text,
    '',
    ['The doveadm_api_key of the HTTP API.'],
    true,
  ),
  appPasswordsClassic: option('POSTERN_APP_PASSWORDS_CLASSIC', kinds.optionalPath, '', [
    'A JSON file with the statements for a table of unsalted SHA-512 passwords that is in use already.',
    'See postern app-passwords classic --help.',
  ]),
  log: option('POSTERN_LOG', kinds.level, 'info', [
    'The least level that is written to stderr, one JSON object a line.',
  ]),
  demo: option('POSTERN_DEMO', kinds.flag, '1', ['Whether `npm start` also starts the demo mail server.']),
} as const;

export type Options = typeof options;
export type OptionName = keyof Options;
export type Env = { readonly [N in OptionName]: Options[N] extends Option<infer T> ? T : never };

const names = Object.keys(options) as OptionName[];

const readConfigFile = (path: string): Readonly<Record<string, string>> => {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError('config/file', [`POSTERN_CONFIG: ${path} cannot be read as JSON.`], { cause });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new ConfigError('config/file', [`POSTERN_CONFIG: ${path} must hold one JSON object.`]);
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(data)) {
    if (!names.some((name) => name === key))
      throw new ConfigError('config/file', [
        `POSTERN_CONFIG: "${key}" in ${path} is not an option. The options are ${names.join(', ')}.`,
      ]);
    found[key] = Array.isArray(value) ? value.map(String).join(',') : String(value);
  }
  return found;
};

/**
 * The options from the environment, else from the JSON file named by `POSTERN_CONFIG`, else their defaults.
 * @throws ConfigError with one sentence for each value that cannot be read, and each unknown `POSTERN_` variable
 */
export const readEnv = (environment: Readonly<Record<string, string | undefined>>): Env => {
  const file = environment['POSTERN_CONFIG'] ? readConfigFile(environment['POSTERN_CONFIG']) : {};
  const complaints: string[] = [];
  const found: Partial<Record<OptionName, unknown>> = {};
  for (const name of names) {
    const { variable, kind, fallback, help, secret } = options[name] as Option<unknown>;
    const typed = environment[variable]?.trim() ?? file[name]?.trim();
    const value = kind.read(typed ?? fallback);
    if (value === undefined)
      complaints.push(
        `${variable}${secret ? '' : `: "${typed ?? ''}"`} is not of the form ${kind.word}. ${help.join(' ')}`,
      );
    found[name] = value;
  }
  const known = new Set([...names.map((name) => options[name].variable), 'POSTERN_CONFIG']);
  for (const variable of Object.keys(environment)) {
    if (/^POSTERN_(?!TEST_|IMAP$)/.test(variable) && !known.has(variable))
      complaints.push(`${variable} is not an option of Postern.`);
  }
  if (complaints.length > 0) throw new ConfigError('config/invalid', complaints);
  return found as Env;
};

/** The table as text, for `--help`. */
export const describeOptions = (): string =>
  [
    ...names.map((name) => {
      const { variable, kind, fallback, help } = options[name];
      const head = `  ${variable}=${kind.word}${fallback === '' ? '' : ` (${fallback})`}`;
      return [head, ...help.map((line) => `      ${line}`)].join('\n');
    }),
    `  POSTERN_CONFIG=PATH\n      A JSON file with the same options by their short names: ${names.slice(0, 4).join(', ')} … The environment wins.`,
  ].join('\n');

/** The table in Markdown, for docs/options.md. */
export const optionsPage = (): string =>
  [
    '# Options',
    '',
    'Each is an environment variable, or a key of the JSON file that `POSTERN_CONFIG` names. The environment wins. This page is made from `src/config/env.ts`.',
    '',
    '| Variable | In the file | Form | Default | |',
    '|---|---|---|---|---|',
    ...names.map((name) => {
      const { variable, kind, fallback, help } = options[name];
      return `| \`${variable}\` | \`${name}\` | \`${kind.word.replaceAll('|', '\\|')}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${help.join(' ').replaceAll('|', '\\|')} |`;
    }),
    '',
  ].join('\n');
