import { type Clock, systemClock } from '#base/clock.ts';
import type { AppPasswordsConfig } from '#config/app-passwords.ts';
import { type Database, openDatabase } from './database.ts';
import { type AppPasswords, openManager } from './manager.ts';
import type { Policy } from './policy.ts';
import { type Sever, severByCommand, severByHttp, severNothing } from './sever.ts';
import { openAppPasswordStore } from './store.ts';

export interface OpenedAppPasswords extends AsyncDisposable {
  app: AppPasswords;
  database: Database;
}

export const policyOf = (config: AppPasswordsConfig): Policy => ({
  most: config.most,
  longest: config.longestMs,
  protocols: config.protocols,
  domains: config.domains,
  onMainChange: config.onMainChange,
});

/** `none`, a URL, or a command with its words parted by spaces. */
export const severOf = (doveadm: string, key: string): Sever =>
  doveadm === 'none'
    ? severNothing
    : /^https?:\/\//.test(doveadm)
      ? severByHttp(doveadm, key)
      : severByCommand(doveadm.split(/\s+/).filter((word) => word !== ''));

/** App passwords as the operator configured them. The database is opened when it is needed, so that this succeeds while it is away. */
export const openAppPasswords = (
  config: AppPasswordsConfig,
  url: string,
  doveadmKey: string,
  clock: Clock = systemClock,
): OpenedAppPasswords => {
  const database = openDatabase(url);
  const app = openManager({
    store: openAppPasswordStore(database, clock),
    sever: severOf(config.doveadm, doveadmKey),
    policy: policyOf(config),
    scheme: config.scheme,
    clock,
  });
  return { app, database, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
};
