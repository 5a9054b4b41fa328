import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { dovecotDialect, openDovecot, type Village } from '#village/dovecot.ts';
import { signIn } from './connect.ts';
import type { Target } from './keeper.ts';
import { Network } from './network.ts';

const carla = { address: 'carla@village.test', password: 'carla,"Bücher"' };

/** A real Dovecot which has SCRAM secrets of carla, and only hashes of the others; without its delays for wrong passwords. */
const carlas = {
  '2.3': `passdb {
  driver = static
  args = password=${carla.password}
  username_filter = ${carla.address}
}`,
  '2.4': `passdb carla {
  driver = static
  static_password = "${carla.password.replaceAll('"', '\\"')}"
  username_filter = ${carla.address}
}`,
};
const extra = `auth_mechanisms = plain login scram-sha-256
${carlas[dovecotDialect()]}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}`;

describe('against Dovecot', () => {
  let village: Village;
  let network: Network;
  before(async () => {
    village = await openDovecot({ tls: true, variant: 'limited', extra });
    const privateServers = [must(parseServer('127.0.0.1'), 'a server')];
    const extraCa = [must(village.authority, 'an authority').ca];
    network = new Network({ allowedServers: [], privateServers, extraCa });
  });
  after(() => village[Symbol.asyncDispose]());

  const target = (username: string, security: Target['security']): Target => ({
    protocol: 'imap',
    host: '127.0.0.1',
    port: security === 'tls' ? village.imapsPort : village.imapPort,
    security,
    username,
    pin: null,
  });
  const alice = () => must(village.users[0], 'alice');

  for (const security of ['tls', 'starttls', 'none'] as const)
    test(`V24 signs in with ${security}`, async () => {
      const { address, password } = alice();
      const { socket, capabilities, greeting, certificate } = await signIn(
        network,
        target(address, security),
        Buffer.from(password),
      );
      socket.destroy();
      assert.ok(capabilities.includes('IDLE') && capabilities.includes('UIDPLUS'));
      assert.match(greeting, /Dovecot/);
      assert.equal(certificate?.issuer, security === 'none' ? undefined : 'Postern test authority');
    });

  test('V20 SCRAM with a user whose secret it has', async () => {
    const { socket } = await signIn(network, target(carla.address, 'tls'), Buffer.from(carla.password));
    socket.destroy();
  });

  test('V25 a wrong password is refused, with or without SCRAM secrets', async () => {
    for (const { address } of [alice(), carla])
      await assert.rejects(signIn(network, target(address, 'tls'), Buffer.from('wrong')), { code: 'auth/refused' });
  });

  test('V23 the third connection of two that are allowed is one too many', async () => {
    const { address, password } = must(village.users[1], 'bob');
    const open = () => signIn(network, target(address, 'tls'), Buffer.from(password));
    const two = [await open(), await open()];
    await assert.rejects(open(), { code: 'limit/connections', words: /Maximum number of connections/ });
    for (const { socket } of two) socket.destroy();
  });

  test('V24 signs in to the submission server', async () => {
    const { address, password } = alice();
    const smtp: Target = { ...target(address, 'none'), protocol: 'smtp', port: village.smtpPort };
    const { socket, capabilities } = await signIn(network, smtp, Buffer.from(password));
    socket.destroy();
    assert.ok(capabilities.some((line) => line.startsWith('AUTH')));
    await assert.rejects(signIn(network, smtp, Buffer.from('wrong')), { code: 'auth/refused' });
  });
});
