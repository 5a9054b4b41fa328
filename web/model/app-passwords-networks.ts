/** Networks as people type them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */

export interface Network {
  /** As the server takes it, with nothing behind the prefix: `192.0.2.0/24`. */
  text: string;
  words: string;
}

export type ParsedNetworks = { ok: true; networks: readonly Network[] } | { ok: false; wrong: string };

/** As the server's limit. */
export const mostNetworks = 20;

interface Family {
  bits: 32 | 128;
  parse(text: string): bigint | null;
  print(value: bigint): string;
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/u;

/** The platform's own reading and shortest writing of an IPv6 address (RFC 5952). */
const canonical = (text: string): string | null =>
  URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : null;

const groupsOf = (text: string): string[] => {
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
};

const families: readonly Family[] = [
  {
    bits: 32,
    parse: (text) => (ipv4.test(text) ? text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n) : null),
    print: (value) => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.'),
  },
  {
    bits: 128,
    parse: (text) => {
      const short = /^[\da-f:.]{2,45}$/iu.test(text) && text.includes(':') ? canonical(text) : null;
      return short === null ? null : groupsOf(short).reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
    },
    print: (value) => {
      const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 65_535n).toString(16));
      return canonical(groups.join(':')) ?? groups.join(':');
    },
  },
];

const wordsOf = (family: Family, first: bigint, prefix: number): string => {
  if (prefix === 0) return family.bits === 32 ? 'every IPv4 address' : 'every IPv6 address';
  const from = family.print(first);
  if (prefix === family.bits) return `${from} alone`;
  const last = first + (1n << BigInt(family.bits - prefix)) - 1n;
  return `${from} to ${family.print(last)}`;
};

export const parseNetwork = (text: string): Network | null => {
  const [address = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/u.test(bits))) return null;
  for (const family of families) {
    const value = family.parse(address);
    if (value === null) continue;
    const prefix = bits === undefined ? family.bits : Number(bits);
    if (prefix > family.bits) return null;
    const host = BigInt(family.bits - prefix);
    const first = (value >> host) << host;
    return { text: `${family.print(first)}/${prefix}`, words: wordsOf(family, first, prefix) };
  }
  return null;
};

/** Separated by commas, spaces or lines; each once. */
export const parseNetworks = (text: string): ParsedNetworks => {
  const found = new Map<string, Network>();
  for (const word of text.split(/[\s,;]+/u).filter(Boolean)) {
    const network = parseNetwork(word);
    if (!network) return { ok: false, wrong: word };
    found.set(network.text, network);
  }
  return { ok: true, networks: [...found.values()] };
};

/** `192.0.2.0/24` is read as it stands; a single address loses its `/32`. */
export const shortNetwork = (text: string): string => text.replace(/^([\d.]+)\/32$|^([\da-f:]+)\/128$/iu, '$1$2');
