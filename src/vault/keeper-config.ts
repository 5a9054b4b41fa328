import { readFileSync } from 'node:fs';
import type { Level } from '#base/log.ts';
import type { Config } from '#config/config.ts';
import { KeeperCore } from './keeper-core.ts';
import type { Cost } from './keys.ts';
import { Network, type Limits } from './network.ts';

/** What the keeper needs of the configuration; plain data. */
export interface KeeperConfig extends Pick<
  Config,
  'keeper' | 'secretFile' | 'allowedServers' | 'privateServers' | 'idServers' | 'extraCa'
> {
  /** Least level of what a child logs. */
  log?: Level;
  limits?: Partial<Limits>;
  /** Argon2id cost of new password slots. */
  cost?: Cost;
}

/** @throws VaultError `host/secret-file` */
export const makeCore = (config: KeeperConfig): KeeperCore => {
  const { allowedServers, privateServers, idServers, limits, cost } = config;
  const extraCa = config.extraCa === null ? [] : [readFileSync(config.extraCa, 'utf8')];
  const network = new Network({ allowedServers, privateServers, idServers, extraCa, ...(limits ? { limits } : {}) });
  return new KeeperCore({ secretFile: config.secretFile, network, ...(cost ? { cost } : {}) });
};
