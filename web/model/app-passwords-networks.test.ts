import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseNetwork, parseNetworks, shortNetwork } from './app-passwords-networks.ts';

test('AP5 networks are sent without what lies behind the prefix, and said in words', () => {
  const cases: [string, string, string][] = [
    ['192.0.2.7', '192.0.2.7/32', '192.0.2.7 alone'],
    ['192.0.2.7/24', '192.0.2.0/24', '192.0.2.0 to 192.0.2.255'],
    ['10.255.0.0/9', '10.128.0.0/9', '10.128.0.0 to 10.255.255.255'],
    ['0.0.0.0/0', '0.0.0.0/0', 'every IPv4 address'],
    ['2001:DB8::1/32', '2001:db8::/32', '2001:db8:: to 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::1', '::1/128', '::1 alone'],
    ['::/0', '::/0', 'every IPv6 address'],
    ['::ffff:192.0.2.7', '::ffff:c000:207/128', '::ffff:c000:207 alone'],
  ];
  for (const [given, text, words] of cases) assert.deepEqual(parseNetwork(given), { text, words }, given);
});

test('AP5 what is no network is named', () => {
  for (const wrong of [
    '192.0.2',
    '192.0.2.256',
    '192.0.2.1/33',
    '192.0.2.01',
    '1.2.3.4.5',
    '::1/129',
    'fe80::1%eth0',
    '2001:db8::1::2',
    'office',
    '192.0.2.0/',
    '192.0.2.0/24/8',
    '[::1]',
    '0x7f.0.0.1',
  ])
    assert.deepEqual(parseNetworks(`192.0.2.1, ${wrong}`), { ok: false, wrong }, wrong);
  const several = parseNetworks(' 192.0.2.1\n192.0.2.1/32; 2001:db8::/32 ');
  assert.deepEqual(several.ok && several.networks.map(({ text }) => text), ['192.0.2.1/32', '2001:db8::/32']);
  assert.deepEqual(parseNetworks('  '), { ok: true, networks: [] });
  assert.deepEqual(['192.0.2.7/32', '192.0.2.0/24', '::1/128', '2001:db8::/32'].map(shortNetwork), [
    '192.0.2.7',
    '192.0.2.0/24',
    '::1',
    '2001:db8::/32',
  ]);
});

test('AP5 every address of both families is read, and what is printed is read again as the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(32), (address, prefix) => {
      const network = parseNetwork(`${address}/${prefix}`);
      assert.ok(network, address);
      assert.deepEqual(parseNetwork(network.text), network);
    }),
  );
});
