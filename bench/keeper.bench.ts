/**
 * `node bench/keeper.bench.ts`: what the keeper costs as a process of its own, beside the same keeper inside this one and
 * beside no keeper at all; for each byte and for each connection, in turn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { credentialBinding } from '#vault/associated.ts';
import { signIn } from '#vault/connect.ts';
import { openKeeper } from '#vault/keeper-client.ts';
import type { MailAccountId, SealedCredential, SessionId, SlotId, Target, UserId } from '#vault/keeper.ts';
import { Network } from '#vault/network.ts';
import { openScripted, type Script } from '#vault/scripted-server.testkit.ts';
import { startKeeper } from '#vault/start-keeper.ts';
import { openAuthority } from '#village/tls.ts';
import { median } from './figures.ts';

const rounds = 7;
const megabytes = 64;
const connections = 40;
const piece = 'x'.repeat(256 * 1024);

/** Lets anybody in; BLAST is answered with a stream of bytes. */
const script: Script = async (peer) => {
  peer.send('* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n');
  for (;;) {
    const line = await peer.line();
    if (line === null) return;
    const [tag, command] = line.split(' ');
    if (command === 'BLAST') for (let sent = 0; sent < megabytes * 4; sent += 1) peer.send(piece);
    else peer.send(`${tag} OK [CAPABILITY IMAP4rev1] done\r\n`);
  }
};

const blast = (stream: Duplex): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    let left = megabytes * 1024 * 1024;
    stream.on('error', reject).on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      stream.destroy();
      resolve((megabytes * 1000) / (performance.now() - began));
    });
    stream.resume();
    stream.write('b BLAST\r\n');
  });

type Connect = () => Promise<Duplex>;

const connecting = async (connect: Connect): Promise<number> => {
  const began = performance.now();
  for (let n = 0; n < connections; n += 1) (await connect()).destroy();
  return (performance.now() - began) / connections;
};

const authority = openAuthority();
const folder = mkdtempSync(join(tmpdir(), 'postern-keeper-bench-'));
const privateServers = [must(parseServer('127.0.0.1'), 'a server')];
await using stack = new AsyncDisposableStack();
stack.defer(() => [folder, authority.folder].forEach((path) => rmSync(path, { recursive: true, force: true })));

const keeperOf = async (kind: 'child' | 'inside', imap: Target): Promise<Connect> => {
  const running = stack.use(
    await startKeeper({
      keeper: kind,
      secretFile: join(folder, `${kind}-${imap.port}.key`),
      allowedServers: [],
      privateServers,
      idServers: [],
      extraCa: authority.caFile,
      cost: { passes: 1, memoryKiB: 8 },
    }),
  );
  const keeper = stack.use(await openKeeper(running));
  const [user, account] = ['user' as UserId, 'account' as MailAccountId];
  const { handle } = await keeper.admit(imap, { kind: 'bytes', bytes: Buffer.from('password') });
  const ids = { user, account, session: 's' as SessionId, slot: 'x' as SlotId };
  const opened = await keeper.enroll({ admission: handle, ...ids, imap, smtp: imap, leaveNothing: true });
  const { sealed, generation } = must(opened.credentials[0], 'a credential');
  const binding = credentialBinding(user, account, 'imap', generation);
  const credential: SealedCredential = { binding, target: imap, sealed };
  const connect: Connect = async () => (await keeper.connect(credential)).stream;
  // The connection of the sign-in is parked for the first one; that is not what is measured.
  (await connect()).destroy();
  return connect;
};

for (const security of ['none', 'tls'] as const) {
  const tls = authority.issue(['127.0.0.1']);
  const server = stack.use(await openScripted(script, security === 'tls' ? { ...tls, implicit: true } : undefined));
  const imap: Target = { protocol: 'imap', host: '127.0.0.1', port: server.port, security, username: 'u', pin: null };
  const network = new Network({ allowedServers: [], privateServers, extraCa: [authority.ca] });
  const ways: readonly (readonly [string, Connect])[] = [
    ['direct', async () => (await signIn(network, imap, Buffer.from('password'))).socket],
    ['inside', await keeperOf('inside', imap)],
    ['child', await keeperOf('child', imap)],
  ];
  const found = new Map(ways.map(([name]) => [name, { speed: [] as number[], ms: [] as number[] }]));
  for (let round = -1; round < rounds; round += 1)
    for (const [name, connect] of ways) {
      const [speed, ms] = [await blast(await connect()), await connecting(connect)];
      if (round >= 0) {
        found.get(name)?.speed.push(speed);
        found.get(name)?.ms.push(ms);
      }
    }
  const of = (name: string, what: 'speed' | 'ms'): number =>
    median((found.get(name)?.[what] ?? []).toSorted((a, b) => a - b));
  console.log(`\n${security === 'none' ? 'plain' : 'TLS'}: medians of ${rounds} rounds in turn`);
  for (const [name] of ways) {
    const [speed, ms] = [of(name, 'speed'), of(name, 'ms')];
    const [slower, longer] = [of('inside', 'speed') / speed, ms / of('inside', 'ms')];
    console.log(
      `${name.padEnd(8)} ${speed.toFixed(0).padStart(6)} MB/s  ${ms.toFixed(2).padStart(6)} ms a connection` +
        `  beside inside: ${slower.toFixed(2)} times the time a byte, ${longer.toFixed(2)} a connection`,
    );
  }
}
