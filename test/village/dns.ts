import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Records of one name, by type. An `A` of several addresses is answered with all. */
export interface Zone {
  A?: readonly string[];
  MX?: readonly (readonly [priority: number, exchange: string])[];
  SRV?: readonly (readonly [priority: number, weight: number, port: number, target: string])[];
  TXT?: readonly string[];
}

export interface DnsServer extends AsyncDisposable {
  /** `address:port`, as `openNames` takes it. */
  address: string;
  /** Names by which it was asked, with their type. */
  asked: string[];
  zones: Map<string, Zone>;
  /** Names that are never answered. */
  silent: Set<string>;
}

const types = { 1: 'A', 15: 'MX', 16: 'TXT', 33: 'SRV' } as const;

const u16 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => bytes.writeUInt16BE(value, i * 2));
  return bytes;
};
const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.of(0),
  ]);

const dataOf = (zone: Zone, type: 'A' | 'MX' | 'SRV' | 'TXT'): Buffer[] => {
  switch (type) {
    case 'A':
      return (zone.A ?? []).map((address) => Buffer.from(address.split('.').map(Number)));
    case 'MX':
      return (zone.MX ?? []).map(([priority, exchange]) => Buffer.concat([u16(priority), nameBytes(exchange)]));
    case 'SRV':
      return (zone.SRV ?? []).map(([priority, weight, port, target]) =>
        Buffer.concat([u16(priority, weight, port), nameBytes(target)]),
      );
    case 'TXT':
      return (zone.TXT ?? []).map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]));
  }
};

/** RFC 1035 as far as a resolver on the same machine needs it: one question, answers from `zones`, else NXDOMAIN. */
export const openDns = async (zones: Record<string, Zone>): Promise<DnsServer> => {
  const socket = createSocket('udp4');
  const known = new Map(Object.entries(zones));
  const asked: string[] = [];
  const silent = new Set<string>();
  socket.on('message', (question, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length).toLowerCase());
      at += 1 + length;
    }
    const name = labels.join('.');
    const type = types[question.readUInt16BE(at + 1) as keyof typeof types];
    asked.push(`${name} ${type ?? 'other'}`);
    if (silent.has(name)) return;
    const zone = known.get(name);
    const data = zone && type ? dataOf(zone, type) : [];
    const head = u16(question.readUInt16BE(0), zone ? 0x81_80 : 0x81_83, 1, data.length, 0, 0);
    const answers = data.map((bytes) =>
      Buffer.concat([u16(0xc0_0c, question.readUInt16BE(at + 1), 1, 0, 60, bytes.length), bytes]),
    );
    socket.send(Buffer.concat([head, question.subarray(12, at + 5), ...answers]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    asked,
    zones: known,
    silent,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
};
