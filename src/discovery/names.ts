import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** SRV – RFC 2782, best first. */
export interface ServiceRecord {
  host: string;
  port: number;
}

/** What is asked of DNS. Nothing here rejects: what cannot be answered is empty. */
export interface Names {
  addresses(host: string): Promise<string[]>;
  /** Exchanges of a domain, best first. */
  mx(domain: string): Promise<string[]>;
  srv(name: string): Promise<ServiceRecord[]>;
  txt(name: string): Promise<string[]>;
}

const lower = (name: string): string => name.toLowerCase().replace(/\.$/, '');

const orEmpty = async <T>(answer: Promise<T[]>): Promise<T[]> => {
  try {
    return await answer;
  } catch {
    return [];
  }
};

/**
 * DNS as this machine asks it: addresses as every program here sees them, records from the resolvers of resolv.conf.
 * With `servers` (`address:port`) these are asked for everything.
 */
export const openNames = (servers?: readonly string[]): Names => {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  if (servers) resolver.setServers(servers);
  const resolved = async (host: string): Promise<string[]> =>
    (await Promise.all([orEmpty(resolver.resolve4(host)), orEmpty(resolver.resolve6(host))])).flat();
  const looked = async (host: string): Promise<string[]> =>
    (await lookup(host, { all: true })).map(({ address }) => address);
  return {
    addresses: async (host) => (isIP(host) ? [host] : orEmpty(servers ? resolved(host) : looked(host))),
    mx: async (domain) =>
      (await orEmpty(resolver.resolveMx(domain)))
        .sort((a, b) => a.priority - b.priority)
        .map(({ exchange }) => lower(exchange))
        .filter((exchange) => exchange !== ''),
    srv: async (name) =>
      (await orEmpty(resolver.resolveSrv(name)))
        .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
        .map((record) => ({ host: lower(record.name), port: record.port })),
    txt: async (name) => (await orEmpty(resolver.resolveTxt(name))).map((pieces) => pieces.join('')),
  };
};
