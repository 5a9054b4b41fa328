import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { Level } from '#base/log.ts';
import type { AppPasswordsConfig } from './app-passwords.ts';
import type { Env } from './env.ts';
import type { Cidr } from './networks.ts';
import type { DomainServers, ServerPattern } from './servers.ts';

/** What Postern does, without any secret: it may be printed. Plain data, so that it can be handed to threads. */
export interface Config {
  host: string;
  port: number;
  /** Absolute. */
  data: string;
  /** Absolute; holds the keeper's host key. */
  secretFile: string;
  /** Origins without a trailing slash; null when not said. */
  publicUrl: string | null;
  mailOrigin: string | null;
  allowedServers: readonly ServerPattern[];
  privateServers: readonly ServerPattern[];
  /** Servers that are told the visitor's address (RFC 2971). */
  idServers: readonly ServerPattern[];
  domains: ReadonlyMap<string, DomainServers>;
  /** https URL or absolute path of a folder, or null: not asked. */
  ispdb: string | null;
  discoveryAddress: boolean;
  /** Absolute path of a JSON file with OAuth2 clients, or null. */
  oauth: string | null;
  /** Absolute path of a PEM file, or null. */
  extraCa: string | null;
  mailrooms: number;
  sessionIdleMs: number;
  /** 0: for ever. */
  auditKeepMs: number;
  keeper: 'child' | 'inside';
  jsonSignIn: boolean;
  trustedProxies: readonly Cidr[];
  appPasswords: AppPasswordsConfig;
  log: Level;
  demo: boolean;
}

export const toConfig = (env: Env): Config => {
  const data = resolve(env.data);
  return {
    host: env.host,
    port: env.port,
    data,
    secretFile: env.secretFile === '' ? join(data, 'host.key') : resolve(env.secretFile),
    publicUrl: env.publicUrl,
    mailOrigin: env.mailOrigin,
    allowedServers: env.allowedServers,
    privateServers: env.privateServers,
    idServers: env.idServers,
    domains: env.domains,
    ispdb: env.ispdb === '' ? null : env.ispdb,
    discoveryAddress: env.discoveryAddress,
    oauth: env.oauth === '' ? null : resolve(env.oauth),
    extraCa: env.extraCa === '' ? null : resolve(env.extraCa),
    mailrooms: env.mailrooms || availableParallelism(),
    sessionIdleMs: env.sessionIdle,
    auditKeepMs: env.auditKeep,
    keeper: env.keeper,
    jsonSignIn: env.jsonSignIn,
    trustedProxies: env.trustedProxies,
    appPasswords: {
      scheme: env.appPasswordsScheme,
      most: env.appPasswordsMost,
      longestMs: env.appPasswordsAge,
      protocols: env.appPasswordsProtocols,
      domains: env.appPasswordsDomains,
      servers: env.appPasswordsServers,
      setup: env.appPasswordsSetup,
      required: env.appPasswordsRequired,
      onMainChange: env.appPasswordsOnChange,
      swap: env.appPasswordsSwap,
      swapNetworks: env.appPasswordsSwapNetworks,
      swapEnds: env.appPasswordsSwapEnds,
      doveadm: env.appPasswordsDoveadm,
      classic: env.appPasswordsClassic === '' ? null : resolve(env.appPasswordsClassic),
    },
    log: env.log,
    demo: env.demo,
  };
};
