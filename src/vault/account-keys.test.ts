import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { credentialBinding } from './associated.ts';
import type { KeeperConfig } from './keeper-config.ts';
import { openKeeper } from './keeper-client.ts';
import type {
  AccountPasswords,
  Binding,
  IncomingSecret,
  Keeper,
  MailAccountId,
  Opened,
  SealedCredential,
  SessionId,
  SlotId,
  Target,
  UserId,
} from './keeper.ts';
import { imapScript, openScripted } from './scripted-server.testkit.ts';
import { startKeeper } from './start-keeper.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-accounts-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const name = (): string => `a${(count += 1)}`;

const openVault = async (more: Partial<KeeperConfig> = {}) => {
  const stack = new AsyncDisposableStack();
  const running = stack.use(
    await startKeeper({
      keeper: 'inside',
      secretFile: join(folder, `${name()}.key`),
      allowedServers: [],
      privateServers: [must(parseServer('127.0.0.1'), 'a server')],
      idServers: [],
      extraCa: null,
      cost: { passes: 1, memoryKiB: 8 },
      ...more,
    }),
  );
  const keeper = stack.use(await openKeeper(running));
  return { keeper, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

const openServer = async (password: string) => {
  const capabilities = 'IMAP4rev1 ID SASL-IR AUTH=PLAIN';
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const server = await openScripted((peer) => imapScript({ username: 'alice', password, onLine, capabilities })(peer));
  const signIns = (): number => lines.filter((line) => /AUTHENTICATE|LOGIN /.test(line)).length;
  return { port: server.port, lines, signIns, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
};

const at = (port: number, protocol: Target['protocol'] = 'imap'): Target => ({
  protocol,
  host: '127.0.0.1',
  port,
  security: 'none',
  username: 'alice',
  pin: null,
});

const text = (password: string): IncomingSecret => ({ kind: 'bytes', bytes: Buffer.from(password) });

const enroll = async (keeper: Keeper, port: number, password: string) => {
  const ids = { user: name() as UserId, account: name() as MailAccountId };
  const servers = { imap: at(port), smtp: at(port, 'smtp') };
  const { handle: admission } = await keeper.admit(servers.imap, text(password));
  const rest = { session: name() as SessionId, slot: name() as SlotId, leaveNothing: false };
  const opened = await keeper.enroll({ admission, ...ids, ...servers, ...rest });
  return { ...ids, ...servers, opened };
};

const credential = (
  wish: Pick<AccountPasswords, 'user' | 'account' | 'servers'>,
  sealed: Opened['credentials'],
  protocol: Target['protocol'],
): SealedCredential => {
  const row = must(
    sealed.find((one) => one.protocol === protocol),
    protocol,
  );
  const binding = credentialBinding(wish.user, wish.account, protocol, row.generation);
  return { binding, target: wish.servers[protocol], sealed: row.sealed };
};

const code = async (work: Promise<unknown>): Promise<string | null> =>
  work.then(
    () => null,
    (error: { code: string }) => error.code,
  );

test('V100 V101 a further account of an unlocked user: one LOGIN, a password for each server', async () => {
  await using vault = await openVault();
  await using first = await openServer('one');
  await using second = await openServer('two');
  const { keeper } = vault;
  const { user } = await enroll(keeper, first.port, 'one');
  const servers = { imap: at(second.port), smtp: at(first.port, 'imap') };
  const { handle } = await keeper.admit(servers.imap, text('two'));
  const own = await keeper.admit(servers.smtp, text('one'));
  const account = name() as MailAccountId;
  const wish: AccountPasswords = {
    user,
    account,
    servers,
    credentialGeneration: 0,
    slot: null,
    imap: { admission: handle, target: servers.imap },
    smtp: { admission: own.handle, target: servers.smtp },
  };
  const { credentials, slots } = await keeper.keepPasswords(wish);
  assert.deepEqual([credentials.map(({ generation }) => generation), slots], [[1, 1], []]);
  const stored = { user, account, servers };
  (await keeper.connect(credential(stored, credentials, 'imap'))).stream.destroy();
  assert.equal(second.signIns(), 1, 'the connection that proved the password is the first one');
  const [imap, smtp] = credentials;
  assert.ok(imap && smtp);
  // The password of one server is not sent to the other: it does not even open for it.
  const repointed = { ...credential(stored, credentials, 'imap'), target: servers.smtp };
  assert.equal(await code(keeper.connect(repointed)), 'record/does-not-open');
  assert.equal(await code(keeper.keepPasswords(wish)), 'admission/gone');
});

test('V102 V103 other servers and another password: all sealed anew, or nothing', async () => {
  await using vault = await openVault();
  await using before = await openServer('old');
  await using now = await openServer('new');
  const { keeper } = vault;
  const made = await enroll(keeper, before.port, 'old');
  const { user, account } = made;
  const servers = { imap: at(now.port), smtp: at(now.port, 'smtp') };
  const slot = must(made.opened.slots[0], 'the slot');
  const keep = async (admission: string) =>
    keeper.keepPasswords({
      user,
      account,
      servers,
      slot,
      credentialGeneration: 1,
      imap: { admission, target: servers.imap },
      smtp: { admission: null, target: servers.smtp },
    });
  const wrong = await keeper.admit(made.imap, text('old'));
  assert.equal(await code(keep(wrong.handle)), 'admission/gone', 'proven at one server, kept for no other');
  assert.equal(await code(keeper.admit(servers.imap, text('old'))), 'auth/refused');
  const { handle } = await keeper.admit(servers.imap, text('new'));
  const { credentials, slots } = await keep(handle);
  assert.deepEqual(
    credentials.map(({ protocol, generation }) => [protocol, generation]),
    [
      ['imap', 2],
      ['smtp', 2],
    ],
  );
  (await keeper.connect(credential({ user, account, servers }, credentials, 'imap'))).stream.destroy();
  // The slot opens with the new password at the new servers, and only there.
  const renewed = must(slots[0], 'the slot made anew');
  assert.deepEqual([renewed.id, renewed.generation], [slot.id, slot.generation + 1]);
  await keeper.forget(user);
  assert.equal(
    await code(keeper.admit(made.imap, text('new'), { slot: renewed, smtp: made.smtp })),
    'record/does-not-open',
  );
  const again = await keeper.admit(servers.imap, text('new'), { slot: renewed, smtp: servers.smtp });
  const keys = must(made.opened.keys, 'keys');
  const session = name() as SessionId;
  await keeper.enter({
    admission: again.handle,
    slot: renewed,
    keys,
    account,
    ...servers,
    credentialGeneration: 2,
    session,
  });
  assert.equal(await keeper.isOpen(user), true);
});

test('V100 a locked user keeps no further password', async () => {
  await using vault = await openVault();
  await using server = await openServer('one');
  const { keeper } = vault;
  const { user, account, imap, smtp } = await enroll(keeper, server.port, 'one');
  const { handle } = await keeper.admit(imap, text('one'));
  await keeper.forget(user);
  const wish: AccountPasswords = {
    user,
    account,
    servers: { imap, smtp },
    slot: null,
    credentialGeneration: 1,
    imap: { admission: handle, target: imap },
    smtp: { admission: null, target: smtp },
  };
  assert.equal(await code(keeper.keepPasswords(wish)), 'user/locked');
});

test('V112 while the user is away only the accounts that were named open', async () => {
  await using vault = await openVault();
  await using server = await openServer('one');
  const { keeper } = vault;
  const made = await enroll(keeper, server.port, 'one');
  const { user, account: resident } = made;
  const sealed = name() as MailAccountId;
  const record = (account: MailAccountId | null): Binding => ({
    purpose: 'draft',
    user,
    account,
    row: name(),
    generation: 1,
  });
  const kept = record(resident);
  const { wrapped } = await keeper.makeKey(kept);
  const hidden = record(sealed);
  const other = await keeper.makeKey(hidden);
  await keeper.narrow(user, [resident]);
  assert.equal(await keeper.isOpen(user), true);
  assert.equal((await keeper.openKey(kept, wrapped)).length, 32);
  assert.equal(await code(keeper.openKey(hidden, other.wrapped)), 'user/locked');
  assert.equal(await code(keeper.makeKey(record(null))), 'user/locked');
  assert.equal(await code(keeper.rotate(made.opened.session)), 'user/locked');
  assert.equal(await code(keeper.makeToken(user, name() as SlotId)), 'user/locked');
  const stored = { user, account: resident, servers: { imap: made.imap, smtp: made.smtp } };
  (await keeper.connect(credential(stored, made.opened.credentials, 'imap'))).stream.destroy();
  const stranger = credential(stored, made.opened.credentials, 'imap');
  const foreign = { ...stranger, binding: { ...stranger.binding, account: sealed } };
  assert.equal(await code(keeper.connect(foreign)), 'user/locked');
  // The user comes back.
  const { session, secrets } = made.opened;
  await keeper.unlock(session, must(made.opened.keys, 'keys'), secrets.unlockKey);
  assert.equal((await keeper.openKey(hidden, other.wrapped)).length, 32);
  await keeper.forget(user);
  assert.equal(await code(keeper.narrow(user, [resident])), 'user/locked');
});

test('V108 a server that trusts us is told the visitor before the password; no other is', async () => {
  await using server = await openServer('one');
  for (const trusted of [true, false]) {
    await using vault = await openVault({ idServers: trusted ? [must(parseServer('127.0.0.1'), 'a server')] : [] });
    server.lines.length = 0;
    await vault.keeper.admit(at(server.port), text('one'), null, '192.0.2.7');
    const said = server.lines.findIndex((line) =>
      line.includes('ID ("name" "Postern" "x-originating-ip" "192.0.2.7")'),
    );
    const signedIn = server.lines.findIndex((line) => /AUTHENTICATE|LOGIN /.test(line));
    assert.ok(signedIn >= 0);
    assert.equal(said >= 0, trusted);
    if (trusted) assert.ok(said < signedIn);
  }
});
