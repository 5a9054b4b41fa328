import { readFileSync } from 'node:fs';
import type { Level } from '#base/log.ts';
import type { Config } from '#config/config.ts';
import { KeeperCore } from './keeper-core.ts';
import type { Cost } from './keys.ts';
import { Network, type Limits } from './network.ts';
import type { OAuthClient } from './oauth-issuers.ts';

/** What the keeper needs of the configuration; plain data. */
export interface KeeperConfig extends Pick<
  Config,
  'keeper' | 'secretFile' | 'allowedServers' | 'privateServers' | 'idServers' | 'extraCa'
> {
  /** Least level of what a child logs. */
  log?: Level;
  limits?: Partial<Limits>;
  oauthClients?: readonly OAuthClient[];
  /** Argon2id cost of new password slots. */
  cost?: Cost;
}

/** @throws VaultError `host/secret-file` */
export const makeCore = (config: KeeperConfig): KeeperCore => {
  const { allowedServers, privateServers, idServers, limits, cost } = config;
  const extraCa = config.extraCa === null ? [] : [readFileSync(config.extraCa, 'utf8')];
  const common = { privateServers, idServers, extraCa, ...(limits ? { limits } : {}) };
  const network = new Network({ allowedServers, ...common });
  // The operator named the issuers: his list of mail servers does not count for them, that of private addresses does.
  const issuers = new Network({ allowedServers: [], secretAnswers: true, ...common });
  const oauth = { clients: config.oauthClients ?? [], network: issuers };
  return new KeeperCore({ secretFile: config.secretFile, network, oauth, ...(cost ? { cost } : {}) });
};
