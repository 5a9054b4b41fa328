import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, createServer as createTls } from 'node:tls';
import type { DiscoveryStep, FoundSettings } from '#jmap/auth/discovery.ts';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { openReach, parseDomains, parseServerList } from '#config/servers.ts';
import { openDiscovery } from '#discovery/discover.ts';
import { openFetching } from '#discovery/fetching.ts';
import { askedIspdb } from '#discovery/ispdb.ts';
import { openNames } from '#discovery/names.ts';
import { openProver } from '#discovery/prove.ts';
import { openSources } from '#discovery/sources.ts';
import { openWorld } from '#world';
import { type DnsServer, openDns, type Zone } from '#village/dns.ts';
import { openAuthority, type TestAuthority } from '#village/tls.ts';
import { Browser } from './browser.ts';
import { openFolder } from './postern.ts';

export type Page = (request: IncomingMessage, answer: ServerResponse) => void;

/** A small internet: DNS by UDP, one https server for every name, mail servers that greet. */
export interface Net extends AsyncDisposable {
  dns: DnsServer;
  authority: TestAuthority;
  /** Of the https server, by host and path. */
  pages: Map<string, Page>;
  /** `host path?query` of each request. */
  requests: string[];
  httpsPort: number;
  /** A mail server with a certificate for these names; its port. */
  mail(protocol: 'imap' | 'smtp', names: readonly string[]): Promise<number>;
  /** A TCP port that counts who connects. */
  trap(): Promise<{ port: number; touched: () => number }>;
}

export const openNet = async (zones: Record<string, Zone>, webNames: readonly string[]): Promise<Net> => {
  const authority = openAuthority();
  const dns = await openDns(zones);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const pages = new Map<string, Page>();
  const requests: string[] = [];
  const pair = authority.issue(webNames);
  const web = createHttps({ cert: pair.cert, key: pair.key }, (request, answer) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    requests.push(`${host} ${request.url ?? ''}`);
    const page = pages.get(`${host}${(request.url ?? '').replace(/\?.*/, '')}`);
    if (page) page(request, answer);
    else answer.writeHead(404).end();
  });
  web.on('tlsClientError', () => undefined);
  const httpsPort = await listen(web);
  return {
    dns,
    authority,
    pages,
    requests,
    httpsPort,
    mail: (protocol, names) => {
      const { cert, key } = authority.issue(names);
      const hello = protocol === 'imap' ? '* OK [CAPABILITY IMAP4rev1] ready\r\n' : '220 ready\r\n';
      const server = createTls({ secureContext: createSecureContext({ cert, key }), cert, key }, (socket) =>
        socket.on('error', () => undefined).write(hello),
      );
      server.on('tlsClientError', () => undefined);
      return listen(server);
    },
    trap: async () => {
      let touched = 0;
      const server = createTls({}, () => undefined).on('connection', () => (touched += 1));
      server.on('tlsClientError', () => undefined);
      return { port: await listen(server), touched: () => touched };
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await dns[Symbol.asyncDispose]();
    },
  };
};

export interface Asked {
  steps: DiscoveryStep[];
  settings: FoundSettings | null;
  failed: Extract<DiscoveryStep, { step: 'failed' }> | null;
  vias: Record<string, string>;
}

export interface Finder extends AsyncDisposable {
  browser: Browser;
  /** `POST /auth/discover`, as the sign-in screen does it. */
  ask(address: string): Promise<Asked>;
}

export interface FinderWish {
  /** Names and addresses that count as the public internet here. */
  open: readonly string[];
  allowed?: readonly string[];
  domains?: string;
  ispdb?: string | null;
  tellAddress?: boolean;
  limitMs?: number;
}

const eventsOf = async (answer: Response): Promise<DiscoveryStep[]> =>
  (await answer.text())
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)) as DiscoveryStep);

/** A running Postern that looks for servers in a {@link Net}. */
export const openFinder = async (net: Net, wish: FinderWish): Promise<Finder> => {
  const folder = openFolder();
  const env = readEnv({
    POSTERN_DATA: folder.path,
    POSTERN_PORT: '0',
    POSTERN_LOG: 'error',
    POSTERN_MAILROOMS: '1',
    POSTERN_KEEPER: 'inside',
    POSTERN_ISPDB: '',
  });
  const names = openNames([net.dns.address]);
  const reach = openReach(parseServerList(wish.allowed ?? []) ?? [], parseServerList(wish.open) ?? []);
  const context = createSecureContext({ ca: net.authority.ca });
  const fetching = { reach, names, context, port: net.httpsPort, timeoutMs: 800 };
  const discover = openDiscovery({
    domains: parseDomains(wish.domains ?? '') ?? new Map(),
    prove: openProver(reach, names, context, 800),
    sources: openSources({
      names,
      fetching: openFetching(fetching),
      ispdb: wish.ispdb ? askedIspdb(wish.ispdb, openFetching({ ...fetching, trusted: true })) : null,
      tellAddress: wish.tellAddress ?? false,
    }),
    issuers: [{ id: 'house', name: 'House', issuer: 'https://id.house.test', domains: ['staff.test'] }],
    byAddress: wish.tellAddress ?? false,
    ...(wish.limitMs === undefined ? {} : { limitMs: wish.limitMs }),
  });
  const world = await openWorld(toConfig(env), toSecrets(env), { discover });
  let visitors = 0;
  const browser = new Browser(world.door.url);
  return {
    browser,
    ask: async (address) => {
      visitors += 1;
      const answer = await browser.post(
        '/auth/discover',
        { address },
        {
          headers: { accept: 'text/event-stream', 'x-forwarded-for': `198.51.100.${visitors}` },
        },
      );
      if (answer.status !== 200) throw new Error(await answer.text());
      const steps = await eventsOf(answer);
      const last = steps.at(-1);
      const vias = steps.flatMap((step) => (step.step === 'via' ? [[step.source, step.state]] : []));
      return {
        steps,
        settings: last?.step === 'result' ? last.settings : null,
        failed: last?.step === 'failed' ? last : null,
        vias: Object.fromEntries(vias) as Record<string, string>,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

/** An autoconfig document. */
export const clientConfig = (
  domain: string,
  imap: { host: string; port: number },
  smtp: { host: string; port: number },
  more = '',
  username = '%EMAILADDRESS%',
): string => `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${domain}">
    <domain>${domain}</domain>
    <displayName>Mail of ${domain} &amp; friends</displayName>
    <incomingServer type="pop3"><hostname>pop.${domain}</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
    <incomingServer type="imap">
      <hostname>${imap.host}</hostname><port>${imap.port}</port><socketType>SSL</socketType>
      <username>${username}</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>${smtp.host}</hostname><port>${smtp.port}</port><socketType>SSL</socketType>
      <username>${username}</username><authentication>password-cleartext</authentication>
    </outgoingServer>
    ${more}
  </emailProvider>
</clientConfig>`;
