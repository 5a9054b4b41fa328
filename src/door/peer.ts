import { isIP } from 'node:net';
import type { Config } from '#config/config.ts';
import { blockList, isLoopback, within } from '#config/networks.ts';
import { DoorError } from './problems.ts';

/** What of a request says who is asking; a Request is one. Names of headers are lower-case. */
export interface Head {
  readonly url: string;
  readonly headers: { get(name: string): string | null; has(name: string): boolean };
}

/** Who is at the other end, and by which name they reached us. */
export interface Peer {
  /** Address of the client, as far as proxies we trust say it. */
  address: string;
  /** From this machine and through no proxy. */
  local: boolean;
  /** Our origin as the client sees it. */
  origin: string;
  /** Cookies get their prefixes and `Secure`. */
  secure: boolean;
  userAgent: string;
}

const loopbackName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost') || isLoopback(host);

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

const misnamed = (detail: string): DoorError =>
  new DoorError('forbidden-origin', 'Postern does not answer to this name.', detail);

/** What says who is asking. Made once from the configuration. */
export const openPeers = (config: Pick<Config, 'publicUrl' | 'trustedProxies' | 'host'>) => {
  const proxies = blockList(config.trustedProxies);

  /** As a proxy of ours says it. */
  const forwarded = (request: Head, proxy: string): string => {
    const chain = (request.headers.get('x-forwarded-for') ?? '').split(',').map((part) => bare(part.trim()));
    // From the right: the first that is no proxy of ours was seen by one of ours. What stands left of it anybody can write.
    const seen = chain.findLast((address) => !within(proxies, address)) ?? '';
    return isIP(seen) === 0 ? proxy : seen;
  };

  /** The last name that was good: nearly every request comes by the same. */
  let last = { named: '', origin: '' };

  /** Our origin for who calls us so. */
  const originOf = (named: string): string => {
    if (named === last.named) return last.origin;
    if (!URL.canParse(named)) throw misnamed('The Host header cannot be read.');
    const url = new URL(named);
    const name = bare(url.hostname);
    if (config.publicUrl === null && !loopbackName(name) && isIP(name) === 0 && name !== config.host)
      throw misnamed(`Set POSTERN_PUBLIC_URL to ${url.origin} to be reached by this name.`);
    last = { named, origin: config.publicUrl ?? url.origin };
    return last.origin;
  };

  /** The last that connected, likewise. */
  let lastRemote = { remote: '', byProxy: false, local: false };

  const placeOf = (remote: string): typeof lastRemote => {
    if (remote !== lastRemote.remote)
      lastRemote = { remote, byProxy: within(proxies, remote), local: isLoopback(remote) };
    return lastRemote;
  };

  /**
   * @throws DoorError `forbidden-origin` for a name that was not configured: DNS rebinding ends here
   */
  return (request: Head, remote: string): Peer => {
    const { byProxy, local } = placeOf(remote);
    const said = byProxy ? request.headers.get('x-forwarded-proto') : null;
    const scheme = said === 'https' ? 'https' : 'http';
    const host = request.headers.get('host') ?? new URL(request.url).host;
    const origin = originOf(`${scheme}://${host}`);
    return {
      address: byProxy ? forwarded(request, remote) : remote,
      local: local && !(byProxy && request.headers.has('x-forwarded-for')),
      origin,
      secure: origin.startsWith('https:'),
      userAgent: (request.headers.get('user-agent') ?? '').slice(0, 300),
    };
  };
};

/** `or`: what else than our own Origin would do. */
export const foreignOrigin = (peer: Peer, or = ''): DoorError =>
  new DoorError(
    'forbidden-origin',
    'This request comes from another place.',
    `It must carry Origin: ${peer.origin}${or}.`,
  );

/**
 * A request that changes something must come from our own pages. A browser always sends Origin with a POST; one without
 * it is let through only where no cookie gives it power (`cookieless`).
 * @throws DoorError `forbidden-origin`
 */
export const checkOrigin = (request: Head, peer: Peer, cookieless = false): void => {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  if (origin === null && cookieless && (site === null || site === 'same-origin')) return;
  if (origin === peer.origin) return;
  throw foreignOrigin(peer);
};

/** Passwords and cookies do not travel in clear over a network, unless the operator named such a URL himself. */
export const checkTransport = (peer: Peer, config: Pick<Config, 'publicUrl'>): void => {
  if (peer.secure || config.publicUrl !== null || loopbackName(bare(new URL(peer.origin).hostname))) return;
  throw new DoorError(
    'forbidden-origin',
    'This connection is not encrypted.',
    'Put a TLS proxy in front of Postern and set POSTERN_PUBLIC_URL to its https URL.',
  );
};
