import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Env } from './env.ts';
import { Secret } from './secret.ts';

/** What must not be printed. Each prints as `[secret]`. */
export interface Secrets {
  /** `sqlite:…` or `postgres:…`, which may hold a password. */
  databaseUrl: Secret<string>;
  metricsToken: Secret<string> | null;
  /** Null: app passwords are not managed here. */
  appPasswordsUrl: Secret<string> | null;
  appPasswordsOwnerUrl: Secret<string> | null;
  doveadmKey: Secret<string>;
}

const orNull = (text: string): Secret<string> | null => (text === '' ? null : new Secret(text));

export const toSecrets = (env: Env): Secrets => ({
  databaseUrl: new Secret(
    env.databaseUrl === ''
      ? `sqlite:${pathToFileURL(join(resolve(env.data), 'postern.db')).pathname}`
      : env.databaseUrl,
  ),
  metricsToken: orNull(env.metricsToken),
  appPasswordsUrl: orNull(env.appPasswordsUrl),
  appPasswordsOwnerUrl: orNull(env.appPasswordsOwnerUrl),
  doveadmKey: new Secret(env.appPasswordsDoveadmKey),
});
