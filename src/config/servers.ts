import { isIP } from 'node:net';
import { blockList, isPrivateAddress, parseCidr, within, type Cidr } from './networks.ts';

export type Security = 'tls' | 'starttls' | 'none';

/** host-port = ( name / "*." name / IPv4 / "[" IPv6 "]" / network ) [ ":" port ] */
export interface ServerPattern {
  /** A lower-case name, `*.name`, or null when `net` says it. */
  name: string | null;
  net: Cidr | null;
  port: number | null;
}

export interface ServerAddress {
  host: string;
  port: number;
  security: Security;
}

/** What the operator says of one domain. */
export interface DomainServers {
  imap: ServerAddress;
  smtp: ServerAddress;
}

const parsePort = (digits: string | undefined): number | null | undefined => {
  if (digits === undefined) return null;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
};

export const parseServer = (word: string): ServerPattern | undefined => {
  const plain = parseCidr(word);
  if (plain) return { name: null, net: plain, port: null };
  const match = /^(?:\[([0-9a-f:.]+)\]|((?:\*\.)?[\w.-]+)(\/\d{1,2})?)(?::(\d{1,5}))?$/i.exec(word);
  if (!match) return undefined;
  const port = parsePort(match[4]);
  if (port === undefined) return undefined;
  const host = match[1] ?? `${match[2] ?? ''}${match[3] ?? ''}`;
  const net = parseCidr(host);
  if (net) return { name: null, net, port };
  return match[1] === undefined && match[3] === undefined ? { name: host.toLowerCase(), net: null, port } : undefined;
};

export const parseServerList = (words: readonly string[]): ServerPattern[] | undefined => {
  const found = words.map((word) => parseServer(word));
  return found.every((server) => server !== undefined) ? found : undefined;
};

/** `host:port:tls` */
export const parseAddress = (word: string): ServerAddress | undefined => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5}):(tls|starttls|none)$/i.exec(word.trim());
  const port = parsePort(match?.[3]);
  if (!match || !port) return undefined;
  return {
    host: (match[1] ?? match[2] ?? '').toLowerCase(),
    port,
    security: (match[4] ?? '').toLowerCase() as Security,
  };
};

/** `example.org=imap.example.org:993:tls,smtp.example.org:465:tls;…`; the domain `*` stands for all others. */
export const parseDomains = (text: string): ReadonlyMap<string, DomainServers> | undefined => {
  const found = new Map<string, DomainServers>();
  for (const entry of text.split(';').map((part) => part.trim())) {
    if (entry === '') continue;
    const [domain = '', right = '', ...rest] = entry.split('=');
    const [imap, smtp, ...more] = right.split(',').map((word) => parseAddress(word));
    if (!/^(\*|[\w.-]+)$/.test(domain.trim()) || rest.length > 0 || more.length > 0 || !imap || !smtp) return undefined;
    found.set(domain.trim().toLowerCase(), { imap, smtp });
  }
  return found;
};

const nameMatches = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host;

const portMatches = (pattern: ServerPattern, port: number): boolean => pattern.port === null || pattern.port === port;

/** Where Postern may connect to on behalf of somebody who types a host name. */
export interface Reach {
  /** Whether the operator's list allows this name at all; decided before any name is resolved. */
  allows(host: string, port: number): boolean;
  /** Whether this resolved address may be reached: public, or listed by the operator by address or by name. */
  mayConnect(host: string, port: number, address: string): boolean;
  /** Whether host and port are on the operator's list of private servers, where a connection without TLS is permitted. */
  isPrivateServer(host: string, port: number): boolean;
}

export const openReach = (allowed: readonly ServerPattern[], privateServers: readonly ServerPattern[]): Reach => {
  const byNet = (list: readonly ServerPattern[], port: number, address: string): boolean =>
    isIP(address) !== 0 &&
    list.some((p) => p.net !== null && portMatches(p, port) && within(blockList([p.net]), address));
  const byName = (list: readonly ServerPattern[], host: string, port: number): boolean =>
    list.some((p) => p.name !== null && portMatches(p, port) && nameMatches(p.name, host));
  const isPrivateServer = (host: string, port: number): boolean =>
    byName(privateServers, host, port) || byNet(privateServers, port, host);
  return {
    isPrivateServer,
    allows: (host, port) =>
      allowed.length === 0 || byName(allowed, host, port) || byNet(allowed, port, host) || isPrivateServer(host, port),
    mayConnect: (host, port, address) =>
      !isPrivateAddress(address) || byNet(privateServers, port, address) || byName(privateServers, host, port),
  };
};
