import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import type { Reach } from '#config/servers.ts';
import type { Names } from './names.ts';

/** The body of an https URL, or null: not there, refused, too long, too slow. Never rejects. */
export interface Fetching {
  (url: string, signal: AbortSignal): Promise<Buffer | null>;
}

export interface FetchingParts {
  reach: Reach;
  names: Names;
  context: SecureContext | undefined;
  /** The operator named this URL himself: his list of mail servers does not count for it. */
  trusted?: boolean;
  /** The port of URLs that name none. */
  port?: number;
  timeoutMs?: number;
}

const mostBytes = 64 * 1_024;
const mostRedirects = 2;
const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** A URL without login, on any port, over TLS. */
const httpsUrl = (text: string, base?: string): URL | null => {
  if (!URL.canParse(text, base)) return null;
  const url = new URL(text, base);
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url : null;
};

const bodyOf = async (answer: IncomingMessage): Promise<Buffer | null> => {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' || Number(answer.headers['content-length'] ?? 0) > mostBytes) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * Asks over https for a small public document: certificate valid, at most two redirects, 64 KB and three seconds in all.
 * Each host is resolved once, and the address that was found to be public (or listed) is the one connected to.
 */
export const openFetching = (parts: FetchingParts): Fetching => {
  const { reach, names, context, trusted = false, port: usual = 443, timeoutMs = 3_000 } = parts;
  const portOf = (url: URL): number => (url.port === '' ? usual : Number(url.port));

  /** The address of a host that may be connected to. */
  const addressOf = async (host: string, port: number): Promise<string | null> => {
    if (!trusted && !reach.allows(host, port)) return null;
    const found = await names.addresses(host);
    return found.find((address) => reach.mayConnect(host, port, address)) ?? null;
  };

  const ask = (url: URL, host: string, address: string, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const family = isIP(address);
      const checked: LookupFunction = (_host, options, callback) =>
        options.all ? callback(null, [{ address, family }]) : callback(null, address, family);
      const asking = request({
        host,
        port: portOf(url),
        path: `${url.pathname}${url.search}`,
        lookup: checked,
        // Of the address alone when the host is one: Node does not look it up then.
        ...(isIP(host) ? {} : { servername: host }),
        ...(context ? { secureContext: context } : {}),
        agent: false,
        maxHeaderSize: 16_384,
        signal,
        headers: { accept: 'application/xml, text/xml, application/json;q=0.9', 'user-agent': 'Postern' },
      });
      asking.once('response', resolve).once('error', reject).end();
    });

  const follow = async (first: string, signal: AbortSignal): Promise<Buffer | null> => {
    let url = httpsUrl(first);
    for (let hop = 0; url && hop <= mostRedirects; hop += 1) {
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const address = await addressOf(host, portOf(url));
      if (address === null || signal.aborted) return null;
      const answer = await ask(url, host, address, signal);
      answer.on('error', () => undefined);
      const status = answer.statusCode ?? 0;
      if (status === 200) return await bodyOf(answer).finally(() => answer.destroy());
      answer.destroy();
      url = redirecting.has(status) ? httpsUrl(answer.headers.location ?? '', url.href) : null;
    }
    return null;
  };

  return async (url, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const late = new Promise<null>((resolve) => {
      if (limit.aborted) resolve(null);
      limit.addEventListener('abort', () => resolve(null), { once: true });
    });
    // A line that breaks, a certificate that does not hold, an answer that is none: nothing is published there.
    return Promise.race([follow(url, limit).catch(() => null), late]);
  };
};
