import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Duplex } from 'node:stream';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { credentialBinding } from './associated.ts';
import type { IncomingSecret, Keeper, MailAccountId, Opened, SealedCredential, SessionId } from './keeper.ts';
import type { SlotId, Target, UserId } from './keeper.ts';
import type { KeeperConfig } from './keeper-config.ts';
import { imapScript, openScripted, type ScriptedServer } from './scripted-server.testkit.ts';

export const folder = mkdtempSync(join(tmpdir(), 'postern-keeper-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
export const nextName = (): string => `n${(count += 1)}`;

export const settings = (
  keeper: KeeperConfig['keeper'],
  secretFile = join(folder, `${nextName()}.key`),
): KeeperConfig => ({
  keeper,
  secretFile,
  allowedServers: [],
  privateServers: [must(parseServer('127.0.0.1'), 'a server')],
  idServers: [],
  extraCa: null,
  cost: { passes: 1, memoryKiB: 8 },
});

export const target = (port: number, more: Partial<Target> = {}): Target => ({
  protocol: 'imap',
  host: '127.0.0.1',
  port,
  security: 'none',
  username: 'alice',
  pin: null,
  ...more,
});

export const text = (password: string): IncomingSecret => ({ kind: 'bytes', bytes: Buffer.from(password) });

interface Counting extends ScriptedServer {
  signIns(): number;
}

/** A server that counts how often a password is used; `password` may be changed. */
export const openCounting = async (account = { password: 'right' }): Promise<Counting> => {
  let signIns = 0;
  const server = await openScripted(async (peer) => {
    const onLine = (line: string): void => void (signIns += /AUTHENTICATE|LOGIN /.test(line) ? 1 : 0);
    await imapScript({ username: 'alice', password: account.password, onLine })(peer);
  });
  return {
    port: server.port,
    get connections() {
      return server.connections;
    },
    get open() {
      return server.open;
    },
    signIns: () => signIns,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

export const user = (): UserId => nextName() as UserId;

/** A first sign-in as the door does it. */
export const enroll = async (keeper: Keeper, server: { port: number }, leaveNothing = false, password = 'right') => {
  const imap = target(server.port);
  const smtp = target(server.port, { protocol: 'smtp' });
  const ids = {
    user: user(),
    account: nextName() as MailAccountId,
    session: nextName() as SessionId,
    slot: nextName() as SlotId,
  };
  const { handle } = await keeper.admit(imap, text(password));
  const opened = await keeper.enroll({ admission: handle, ...ids, imap, smtp, leaveNothing });
  return { ...ids, imap, smtp, opened, keys: must(opened.keys, 'keys'), slotRow: opened.slots[0] };
};

export const credentialOf = (
  made: { user: UserId; account: MailAccountId; imap: Target },
  opened: Opened,
): SealedCredential => {
  const row = must(
    opened.credentials.find((one) => one.protocol === 'imap'),
    'the IMAP credential',
  );
  const binding = credentialBinding(made.user, made.account, 'imap', row.generation);
  return { binding, target: made.imap, sealed: row.sealed };
};

export const readLine = async (stream: Duplex): Promise<string> => {
  let seen = '';
  while (!seen.includes('\r\n')) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await once(stream, 'readable');
    else seen += chunk.toString();
  }
  return seen;
};
