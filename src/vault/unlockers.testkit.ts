import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { KeeperCore } from './keeper-core.ts';
import type { IncomingSecret, PasskeyName, SlotId, SlotRow, UserId, UserKeys } from './keeper.ts';
import type { MailAccountId, SessionId, Target } from './keeper.ts';
import { Network } from './network.ts';
import { imapScript, openScripted } from './scripted-server.testkit.ts';

export const folder = mkdtempSync(join(tmpdir(), 'postern-unlockers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
export const next = (): string => `n${(count += 1)}`;

const cost = { passes: 1, memoryKiB: 8 };
export const clock = stillClock();

const server = await openScripted(imapScript({ username: 'alice', password: 'right' }));
after(() => server[Symbol.asyncDispose]());

const target = (protocol: 'imap' | 'smtp'): Target => ({
  protocol,
  host: '127.0.0.1',
  port: server.port,
  security: 'none',
  username: 'alice',
  pin: null,
});

export const coreOptions = (secretFile: string) => ({
  secretFile,
  network: new Network({
    allowedServers: [],
    privateServers: [must(parseServer('127.0.0.1'), 'a server')],
    idServers: [],
    extraCa: [],
  }),
  cost,
  clock,
});

export const openCore = (secretFile = join(folder, `${next()}.key`)): KeeperCore =>
  new KeeperCore(coreOptions(secretFile));

/** Closed at the end of its test. */
export const closing = (core: KeeperCore): { core: KeeperCore } & Disposable => ({
  core,
  [Symbol.dispose]: () => core.close(),
});

export const plain = (text: string | Uint8Array): IncomingSecret => ({ kind: 'bytes', bytes: Buffer.from(text) });

/** Somebody who has signed in with a mail password. */
export const enroll = async (core: KeeperCore) => {
  const [user, account] = [next() as UserId, next() as MailAccountId];
  const [imap, smtp] = [target('imap'), target('smtp')];
  const { handle } = await core.admit(imap, plain('right'));
  const ids = { session: next() as SessionId, slot: next() as SlotId };
  const wish = { admission: handle, user, account, imap, smtp, ...ids, leaveNothing: false };
  const opened = await core.enroll(wish);
  return { user, account, imap, smtp, opened, keys: must(opened.keys, 'keys'), slot: must(opened.slots[0], 'a slot') };
};

export const sitePassword = (core: KeeperCore, user: UserId, password = 'a long site password'): Promise<SlotRow> =>
  core.makeUnlocker({ user, slot: next() as SlotId, generation: 1, kind: 'site-password', secret: plain(password) });

export const refused = { code: 'slot/does-not-open' };

/** Whether an unlocker opens a user who is locked. */
export const opens = async (
  core: KeeperCore,
  slot: SlotRow,
  keys: UserKeys,
  secret: IncomingSecret,
  name?: PasskeyName,
) => {
  core.forget(slot.user);
  const wish = { slot, keys, secret, ...(name ? { passkey: name } : {}) };
  await core.open(wish);
  return core.isOpen(slot.user);
};
