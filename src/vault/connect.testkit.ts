import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before } from 'node:test';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { openAuthority, type TestAuthority, type TestCertificate } from '#village/tls.ts';
import { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';
import { Network, type Limits, type NetworkConfig } from './network.ts';

export let authority: TestAuthority;
export let good: TestCertificate;
before(() => {
  authority = openAuthority();
  good = authority.issue(['mail.test', '127.0.0.1']);
});
after(() => rmSync(authority.folder, { recursive: true, force: true }));

export const limits: Limits = { resolve: 20_000, connect: 20_000, tls: 20_000, greeting: 20_000, answer: 20_000 };
export const pattern = (word: string) => must(parseServer(word), 'a server');

/** A network in which every name is this machine. */
export const network = (more: Partial<NetworkConfig> = {}, address = '127.0.0.1'): Network =>
  new Network(
    { allowedServers: [], privateServers: [pattern('127.0.0.1')], extraCa: [authority.ca], limits, ...more },
    async (host) => {
      if (host === 'nowhere.test') throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
      return [{ address, family: 4 }];
    },
  );

export const imap = (port: number, more: Partial<Target> = {}): Target => ({
  protocol: 'imap',
  host: 'mail.test',
  port,
  security: 'none',
  username: 'alice',
  pin: null,
  ...more,
});

export const password = Buffer.from('päss "1\\');
export const alice = { username: 'alice', password: password.toString() };

export const refused = async (work: Promise<unknown>): Promise<VaultError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof VaultError, String(error));
  return error;
};
