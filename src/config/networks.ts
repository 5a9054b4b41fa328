import { BlockList, isIP } from 'node:net';

/** An address or a network. */
export interface Cidr {
  address: string;
  prefix: number;
  family: 'ipv4' | 'ipv6';
}

export const parseCidr = (word: string): Cidr | undefined => {
  const [address = '', bits, ...rest] = word.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return undefined;
  const most = family === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined;
  const prefix = bits === undefined ? most : Number(bits);
  return prefix <= most ? { address, prefix, family: family === 4 ? 'ipv4' : 'ipv6' } : undefined;
};

export const blockList = (nets: readonly Cidr[]): BlockList => {
  const block = new BlockList();
  for (const net of nets) block.addSubnet(net.address, net.prefix, net.family);
  return block;
};

/** Whether `address` lies in one of the networks; IPv4-mapped IPv6 addresses count as IPv4. */
export const within = (block: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && block.check(address, family === 4 ? 'ipv4' : 'ipv6');
};

/** Everything that is not the public internet: IANA special-purpose registries of IPv4 and IPv6 (RFC 6890 and later). */
const special = blockList(
  [
    [
      '0.0.0.0/8',
      '10.0.0.0/8',
      '100.64.0.0/10',
      '127.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.0.0.0/24',
      '192.0.2.0/24',
      '192.88.99.0/24',
    ],
    ['192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
    [
      '::/96',
      '::ffff:0:0:0/96',
      '64:ff9b::/96',
      '64:ff9b:1::/48',
      '100::/63',
      '2001::/23',
      '2001:db8::/32',
      '2002::/16',
      '3fff::/20',
      '5f00::/16',
      'fc00::/7',
      'fe80::/10',
      'fec0::/10',
      'ff00::/8',
    ],
  ]
    .flat()
    .flatMap((word) => parseCidr(word) ?? []),
);

/** Private, loopback, link-local, documentation, multicast or translated: reached only when the operator lists it. */
export const isPrivateAddress = (address: string): boolean => isIP(address) === 0 || within(special, address);

const loopback = blockList(['127.0.0.0/8', '::1'].flatMap((word) => parseCidr(word) ?? []));
export const isLoopback = (address: string): boolean => within(loopback, address);
