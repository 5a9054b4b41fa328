import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Env } from './env.ts';
import { Secret } from './secret.ts';

/** What must not be printed. Each prints as `[secret]`. */
export interface Secrets {
  /** `sqlite:…` or `postgres:…`, which may hold a password. */
  databaseUrl: Secret<string>;
  metricsToken: Secret<string> | null;
}

export const toSecrets = (env: Env): Secrets => ({
  databaseUrl: new Secret(
    env.databaseUrl === ''
      ? `sqlite:${pathToFileURL(join(resolve(env.data), 'postern.db')).pathname}`
      : env.databaseUrl,
  ),
  metricsToken: env.metricsToken === '' ? null : new Secret(env.metricsToken),
});
