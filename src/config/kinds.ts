import type { Level } from '#base/log.ts';
import { parseCidr, type Cidr } from './networks.ts';
import type { AppPasswordProtocol, SetupServers } from './app-passwords.ts';
import { parseAddress, parseDomains, parseServerList, type DomainServers, type ServerPattern } from './servers.ts';

/** How the text of an option becomes its value. `read` answers undefined when the text is not of this kind. */
export interface Kind<T> {
  /** Shown in `--help`: what may stand there. */
  word: string;
  read(text: string): T | undefined;
}

const kind = <T>(word: string, read: (text: string) => T | undefined): Kind<T> => ({ word, read });

export const text = kind('TEXT', (value) => value);
export const path = kind('PATH', (value) => value || undefined);
export const optionalPath = kind('PATH', (value) => value);
export const host = kind('HOST', (value) => (/^[\w.:-]+$/.test(value) ? value : undefined));
export const port = kind('PORT', (value) =>
  /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined,
);
export const count = kind('NUMBER', (value) => (/^\d{1,6}$/.test(value) ? Number(value) : undefined));

const yes = new Set(['1', 'yes', 'true', 'on']);
const no = new Set(['0', 'no', 'false', 'off', '']);
export const flag = kind('0|1', (value) =>
  yes.has(value.toLowerCase()) ? true : no.has(value.toLowerCase()) ? false : undefined,
);

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Milliseconds. */
export const duration = kind('90s|30m|12h|30d', (value) => {
  const match = /^(\d{1,6})([smhd])$/.exec(value);
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : undefined;
});

/** An absolute http or https URL without path, query or credentials; null when empty. Normalised to its origin. */
export const origin = kind('URL', (value): string | null | undefined => {
  if (value === '') return null;
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const bare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  return bare && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : undefined;
});

/** An https URL, an absolute path, or nothing. */
export const urlOrPath = kind('URL|PATH', (value) =>
  value === '' || value.startsWith('/') || (URL.canParse(value) && new URL(value).protocol === 'https:')
    ? value
    : undefined,
);

export const databaseUrl = kind('URL', (value) =>
  value === '' || /^(sqlite|postgres|postgresql):/.test(value) ? value : undefined,
);

/** A database that app passwords may be kept in. */
export const appPasswordsUrl = kind('URL', (value) =>
  value === '' || /^(sqlite|postgres|postgresql|mysql|mariadb):/.test(value) ? value : undefined,
);

export const choice = <const T extends string>(...words: readonly T[]): Kind<T> =>
  kind(words.join('|'), (value) => words.find((word) => word === value));
export const level: Kind<Level> = choice('debug', 'info', 'warn', 'error');

const list = (value: string): string[] => value.split(/[\s,]+/).filter((word) => word !== '');

/** Addresses and networks: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
export const networks = kind('NETWORK,…', (value): Cidr[] | undefined => {
  const found = list(value).map((word) => parseCidr(word));
  return found.every((cidr) => cidr !== undefined) ? found : undefined;
});

/** Some of these words, each once. */
export const some = <const T extends string>(...words: readonly T[]): Kind<readonly T[]> =>
  kind(`${words.join(',')}`, (value): readonly T[] | undefined => {
    const named = list(value);
    return named.every((name) => words.some((word) => word === name))
      ? words.filter((word) => named.includes(word))
      : undefined;
  });

/** Names of domains, in lower case. */
export const domainNames = kind('DOMAIN,…', (value): readonly string[] | undefined => {
  const found = list(value.toLowerCase());
  return found.every((name) => /^[^\s@/:*?]+$/.test(name)) ? found : undefined;
});

/** Host names (`*.example.org`), addresses or networks, each with `:port` or without. */
export const servers = kind('HOST[:PORT],…', (value): ServerPattern[] | undefined => parseServerList(list(value)));

/** `example.org=imap.example.org:993:tls,smtp.example.org:465:tls;…` */
export const domains = kind('DOMAIN=IMAP,SMTP;…', (value): ReadonlyMap<string, DomainServers> | undefined =>
  parseDomains(value),
);

/** `imap=HOST:PORT:tls,submission=…`: where mail programs are sent. */
export const setupServers = kind('PROTOCOL=HOST:PORT:tls|starttls,…', (value): SetupServers | undefined => {
  const found: Record<AppPasswordProtocol, SetupServers['imap']> = {
    imap: null,
    submission: null,
    pop3: null,
    sieve: null,
  };
  for (const word of list(value)) {
    const [protocol = '', rest = ''] = word.split(/=(.*)/s);
    const server = parseAddress(rest);
    if (!Object.hasOwn(found, protocol) || !server || server.security === 'none') return undefined;
    found[protocol as AppPasswordProtocol] = server;
  }
  return found;
});
