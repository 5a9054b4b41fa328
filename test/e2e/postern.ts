import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import type { Village } from '#village/dovecot.ts';
import { openWorld, type Parts, type World } from '#world';
import { Browser } from './browser.ts';

/** A data folder of its own, which several starts may share. */
export const openFolder = (): { path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'postern-e2e-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
};

/** Postern in front of a village whose servers it finds by the address. */
export const openPostern = async (
  village: Pick<Village, 'imapPort' | 'smtpPort' | 'authority'>,
  data: string,
  more: Record<string, string> = {},
  instead: Partial<Parts> = {},
): Promise<World & { browser: Browser }> => {
  const env = readEnv({
    POSTERN_DATA: data,
    POSTERN_PORT: '0',
    POSTERN_LOG: 'error',
    POSTERN_MAILROOMS: '1',
    POSTERN_KEEPER: 'inside',
    POSTERN_PRIVATE_SERVERS: '127.0.0.1',
    POSTERN_DOMAINS: `village.test=127.0.0.1:${village.imapPort}:none,127.0.0.1:${village.smtpPort}:none`,
    ...(village.authority ? { POSTERN_EXTRA_CA: village.authority.caFile } : {}),
    ...more,
  });
  const world = await openWorld(toConfig(env), toSecrets(env), instead);
  return {
    ...world,
    browser: new Browser(world.door.url),
    get keeperPid() {
      return world.keeperPid;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
};
