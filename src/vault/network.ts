import { lookup, type LookupAddress } from 'node:dns';
import { isIP, connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import {
  createSecureContext,
  connect as connectTls,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { openReach, type Reach, type ServerPattern } from '#config/servers.ts';
import { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';

/** Milliseconds for each step of reaching a server. */
export interface Limits {
  resolve: number;
  connect: number;
  tls: number;
  greeting: number;
  /** Each answer while signing in; servers delay a refusal on purpose. */
  answer: number;
}

const usualLimits: Limits = { resolve: 8000, connect: 10_000, tls: 10_000, greeting: 20_000, answer: 30_000 };

/** Every address of a host name. */
type Resolve = (host: string) => Promise<LookupAddress[]>;

const systemResolve: Resolve = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/** Plain data: which servers may be reached, and how long to wait. */
export interface NetworkConfig {
  allowedServers: readonly ServerPattern[];
  privateServers: readonly ServerPattern[];
  /** Servers that believe the visitor's address from us. */
  idServers?: readonly ServerPattern[];
  /** More trusted authorities, PEM. */
  extraCa: readonly string[];
  limits?: Partial<Limits>;
  /** What arrives is secret: OpenSSL clears what it decrypted. */
  secretAnswers?: boolean;
}

/** SSL_OP_CLEANSE_PLAINTEXT, which Node has no name for. */
const cleansePlaintext = 2;

const mostNoted = 1000;

const within = async <T>(work: Promise<T>, ms: number, what: string): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new VaultError('net/timeout', `${what} took too long`)), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** TCP and TLS to servers that the operator permits. */
export class Network {
  readonly limits: Limits;
  readonly #reach: Reach;
  readonly #trust: SecureContext;
  readonly #resolve: Resolve;
  readonly #idServers: Reach;
  readonly #useless = new Map<string, Set<string>>();

  constructor(config: NetworkConfig, resolve: Resolve = systemResolve) {
    this.limits = { ...usualLimits, ...config.limits };
    this.#reach = openReach(config.allowedServers, config.privateServers);
    this.#idServers = openReach([], config.idServers ?? []);
    this.#resolve = resolve;
    this.#trust = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(config.secretAnswers ? { secureOptions: cleansePlaintext } : {}),
      ...(config.extraCa.length > 0 ? { ca: [...getCACertificates('default'), ...config.extraCa] } : {}),
    });
  }

  /** Whether the operator says that this server believes us (POSTERN_ID_SERVERS). */
  trustsUs({ host, port }: Target): boolean {
    return this.#idServers.isPrivateServer(host, port);
  }

  /** Mechanisms that a server offers and cannot serve: each try would count as a failed sign-in there. */
  useless({ protocol, host, port }: Target): ReadonlySet<string> {
    return this.#useless.get(`${protocol} ${host} ${port}`) ?? new Set();
  }

  noteUseless({ protocol, host, port }: Target, mechanism: string): void {
    const [oldest] = this.#useless.keys();
    if (this.#useless.size >= mostNoted && oldest !== undefined) this.#useless.delete(oldest);
    this.#useless.set(`${protocol} ${host} ${port}`, new Set([mechanism]));
  }

  /** The addresses of a target that may be connected to. @throws VaultError `net/host-not-allowed`, `net/unreachable`, `tls/none` */
  async #addresses({ host, port, security }: Target): Promise<LookupAddress[]> {
    if (!this.#reach.allows(host, port)) throw new VaultError('net/host-not-allowed', "not on the operator's list");
    const family = isIP(host);
    const all = family === 0 ? await this.#lookup(host) : [{ address: host, family }];
    const mayReach = all.filter(({ address }) => this.#reach.mayConnect(host, port, address));
    if (mayReach.length === 0) throw new VaultError('net/host-not-allowed', 'a private address');
    if (security !== 'none') return mayReach;
    const mayTalkPlain = mayReach.filter(
      ({ address }) => this.#reach.isPrivateServer(host, port) || this.#reach.isPrivateServer(address, port),
    );
    if (mayTalkPlain.length === 0) throw new VaultError('tls/none', 'without TLS only to private servers');
    return mayTalkPlain;
  }

  async #lookup(host: string): Promise<LookupAddress[]> {
    try {
      const found = await within(this.#resolve(host), this.limits.resolve, 'resolving the name');
      if (found.length > 0) return found;
    } catch (cause) {
      if (cause instanceof VaultError) throw cause;
      throw new VaultError('net/unreachable', 'the name does not resolve', {}, { cause });
    }
    throw new VaultError('net/unreachable', 'the name has no address');
  }

  /**
   * A TCP connection to one of the addresses that were checked, never to a second answer of the resolver.
   * @throws VaultError `net/host-not-allowed`, `net/unreachable`, `net/timeout`, `tls/none`
   */
  async open(target: Target): Promise<Socket> {
    const addresses = await this.#addresses(target);
    const checked: LookupFunction = (_host, options, callback) => {
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else if (first) callback(null, first.address, first.family);
    };
    const socket = connectTcp({ host: target.host, port: target.port, lookup: checked, autoSelectFamily: true });
    socket.on('error', () => undefined);
    try {
      await within(settled(socket, 'connect'), this.limits.connect, 'connecting');
    } catch (error) {
      socket.destroy();
      throw asNetError(error);
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    return socket;
  }

  /**
   * TLS over `socket`. Whether the certificate is acceptable is for the caller to check before anything is sent.
   * @throws VaultError `tls/none`, `net/timeout`, `net/unreachable`
   */
  async secure(socket: Socket, host: string): Promise<TLSSocket> {
    const named = isIP(host) === 0 ? { servername: host } : {};
    const tls = connectTls({ socket, host, ...named, secureContext: this.#trust, rejectUnauthorized: false });
    tls.on('error', () => undefined);
    try {
      await within(settled(tls, 'secureConnect'), this.limits.tls, 'TLS');
      return tls;
    } catch (error) {
      tls.destroy();
      if (error instanceof VaultError) throw error;
      throw new VaultError('tls/none', 'the server speaks no TLS here', {}, { cause: error });
    }
  }
}

const settled = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    const onClose = (): void => reject(new VaultError('net/unreachable', 'the server closed the connection'));
    socket.once('error', reject);
    socket.once('close', onClose);
    socket.once(event, () => {
      socket.off('error', reject);
      socket.off('close', onClose);
      resolve();
    });
  });

const asNetError = (cause: unknown): VaultError => {
  if (cause instanceof VaultError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ETIMEDOUT') return new VaultError('net/timeout', 'connecting took too long', {}, { cause });
  return new VaultError('net/unreachable', `the server cannot be reached (${code})`, {}, { cause });
};
