import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Duplex } from 'node:stream';
import sodium from 'sodium-native';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { credentialBinding, recordBinding } from './associated.ts';
import { random } from './bytes.ts';
import { FrameReader, encodeFrame } from './frames.ts';
import type { IncomingSecret, Keeper, MailAccountId, Opened, SealedCredential, SessionId } from './keeper.ts';
import type { SlotId, Target, UserId } from './keeper.ts';
import type { KeeperConfig } from './keeper-config.ts';
import { openKeeper } from './keeper-client.ts';
import { KeeperCore } from './keeper-core.ts';
import { hashToken } from './keys.ts';
import { Network } from './network.ts';
import { imapScript, openScripted, type ScriptedServer } from './scripted-server.testkit.ts';
import { openRecord, sealRecord } from './seal-record.ts';
import { startKeeper, type RunningKeeper } from './start-keeper.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-keeper-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const nextName = (): string => `n${(count += 1)}`;

const settings = (keeper: KeeperConfig['keeper'], secretFile = join(folder, `${nextName()}.key`)): KeeperConfig => ({
  keeper,
  secretFile,
  allowedServers: [],
  privateServers: [must(parseServer('127.0.0.1'), 'a server')],
  idServers: [],
  extraCa: null,
  cost: { passes: 1, memoryKiB: 8 },
});

const target = (port: number, more: Partial<Target> = {}): Target => ({
  protocol: 'imap',
  host: '127.0.0.1',
  port,
  security: 'none',
  username: 'alice',
  pin: null,
  ...more,
});

const text = (password: string): IncomingSecret => ({ kind: 'bytes', bytes: Buffer.from(password) });

interface Counting extends ScriptedServer {
  signIns(): number;
}

/** A server that counts how often a password is used; `password` may be changed. */
const openCounting = async (account = { password: 'right' }): Promise<Counting> => {
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

const user = (): UserId => nextName() as UserId;

/** A first sign-in as the door does it. */
const enroll = async (keeper: Keeper, server: { port: number }, leaveNothing = false, password = 'right') => {
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

const credentialOf = (
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

const readLine = async (stream: Duplex): Promise<string> => {
  let seen = '';
  while (!seen.includes('\r\n')) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await once(stream, 'readable');
    else seen += chunk.toString();
  }
  return seen;
};

for (const where of ['inside', 'child'] as const)
  describe(`keeper ${where}`, () => {
    test('V40 signing in and the first connection cost one LOGIN; the next costs another', async () => {
      await using server = await openCounting();
      await using running = await startKeeper(settings(where));
      await using keeper = await openKeeper(running);
      const made = await enroll(keeper, server);
      const credential = credentialOf(made, made.opened);
      const first = await keeper.connect(credential);
      assert.equal(server.signIns(), 1);
      assert.deepEqual(first.capabilities, ['IMAP4rev1', 'IDLE', 'UIDPLUS']);
      assert.equal(await readLine(first.stream), '* PREAUTH [CAPABILITY IMAP4rev1 IDLE UIDPLUS] Scripted ready\r\n');
      first.stream.write('a1 NOOP\r\n');
      assert.equal(await readLine(first.stream), 'a1 OK done\r\n');
      const second = await keeper.connect(credential);
      assert.equal(server.signIns(), 2);
      second.stream.destroy();
      first.stream.destroy();
    });

    test('A80 another password is sealed in place of the one signed in with; later sign-ins leave it as it is', async () => {
      const account = { password: 'right' };
      await using server = await openCounting(account);
      await using running = await startKeeper(settings(where));
      await using keeper = await openKeeper(running);
      const imap = target(server.port);
      const smtp = target(server.port, { protocol: 'smtp' });
      const ids = { user: user(), account: nextName() as MailAccountId, slot: nextName() as SlotId };
      const main = await keeper.admit(imap, text('right'));
      account.password = 'made-for-us';
      const own = await keeper.admit(imap, text('made-for-us'));
      const session = nextName() as SessionId;
      const instead = { admission: own.handle };
      const wish = { admission: main.handle, ...ids, imap, smtp, session, leaveNothing: false };
      const opened = await keeper.enroll({ ...wish, instead });
      const credential = credentialOf({ ...ids, imap }, opened);
      (await keeper.connect(credential)).stream.destroy();
      assert.equal(server.signIns(), 2, 'the connection that goes on is of the password that is kept');
      (await keeper.connect(credential)).stream.destroy();
      account.password = 'right';
      await assert.rejects(keeper.connect(credential), { code: 'auth/refused' });
      await assert.rejects(keeper.enroll({ ...wish, instead }), { code: 'admission/gone' });

      const again = await keeper.admit(imap, text('right'));
      const entered = await keeper.enter({
        admission: again.handle,
        slot: must(opened.slots[0], 'a slot of the typed password'),
        keys: must(opened.keys, 'keys'),
        account: ids.account,
        imap,
        smtp,
        credentialGeneration: 1,
        session: nextName() as SessionId,
        instead: 'kept',
      });
      assert.deepEqual(entered.credentials, []);
    });

    test('V41 unlock, lock, rotate: a session opens with its newest cookie only', async () => {
      await using server = await openCounting();
      const config = settings(where);
      let made: Awaited<ReturnType<typeof enroll>>;
      {
        await using running = await startKeeper(config);
        await using keeper = await openKeeper(running);
        made = await enroll(keeper, server);
        assert.equal(await keeper.isOpen(made.user), true);
      }
      await using running = await startKeeper(config);
      await using keeper = await openKeeper(running);
      const { session, secrets } = made.opened;
      assert.deepEqual(session.tokenHash, hashToken(secrets.token));
      assert.equal(await keeper.isOpen(made.user), false);
      await assert.rejects(keeper.connect(credentialOf(made, made.opened)), { code: 'user/locked' });
      await assert.rejects(keeper.unlock(session, made.keys, random(32)), { code: 'session/does-not-open' });
      await keeper.unlock(session, made.keys, secrets.unlockKey);
      const rotated = await keeper.rotate(session);
      assert.equal(rotated.session.generation, 2);
      await keeper.forget(made.user);
      assert.equal(await keeper.isOpen(made.user), false);
      await assert.rejects(keeper.rotate(session), { code: 'user/locked' });
      await assert.rejects(keeper.unlock(rotated.session, made.keys, secrets.unlockKey), {
        code: 'session/does-not-open',
      });
      await keeper.unlock(rotated.session, made.keys, rotated.secrets.unlockKey);
      const again = await keeper.connect(credentialOf(made, made.opened));
      again.stream.destroy();
    });
  });

describe('the keeper', () => {
  test('V42 a later sign-in opens the slot and seals the credentials anew', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const binding = recordBinding({ id: 'draft', user: made.user, account: null, purpose: 'draft', generation: 1 });
    const record = await sealRecord(keeper, binding, Buffer.from('Dear Bob'));
    await keeper.forget(made.user);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const { keys, imap, smtp, account } = made;
    const slot = must(made.slotRow, 'a slot');
    const session = 'later' as SessionId;
    const wish = { admission: handle, slot, keys, account, imap, smtp, credentialGeneration: 1, session };
    const opened = await keeper.enter(wish);
    assert.deepEqual([opened.slots, opened.keys], [[], null]);
    assert.deepEqual(
      opened.credentials.map((one) => one.generation),
      [2, 2],
    );
    assert.equal((await openRecord(keeper, binding, record)).toString(), 'Dear Bob');
    const taken = await keeper.connect(credentialOf(made, opened));
    taken.stream.destroy();
    assert.equal(server.signIns(), 2);
    await assert.rejects(keeper.enter(wish), { code: 'admission/gone' });
  });

  test('V43 a password changed at the server: the old one opens the slot once, then the new one', async () => {
    const account = { password: 'right' };
    await using server = await openCounting(account);
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    await keeper.forget(made.user);
    account.password = 'changed';
    const { handle } = await keeper.admit(made.imap, text('changed'));
    const slot = must(made.slotRow, 'a slot');
    const { keys, imap, smtp } = made;
    const wish = { slot, keys, account: made.account, imap, smtp, credentialGeneration: 1, session: 's' as SessionId };
    await assert.rejects(keeper.enter({ ...wish, admission: handle }), { code: 'slot/does-not-open' });
    await assert.rejects(keeper.enter({ ...wish, admission: handle, previous: text('never') }), {
      code: 'slot/does-not-open',
    });
    assert.equal(await keeper.isOpen(made.user), false);
    const opened = await keeper.enter({ ...wish, admission: handle, previous: text('right') });
    assert.equal(server.signIns(), 2);
    const renewed = must(opened.slots[0], 'the slot made anew');
    assert.deepEqual([renewed.id, renewed.generation], [slot.id, 2]);
    const next = await keeper.admit(made.imap, text('changed'));
    await keeper.enter({ ...wish, slot: renewed, admission: next.handle });
  });

  test('V18 a kept account is opened at its own servers only; for others nothing is sent, and a slot is made anew', async () => {
    await using server = await openCounting();
    await using evil = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const slot = must(made.slotRow, 'a slot');
    const { imap, smtp, keys, account } = made;
    const refused = { code: 'record/does-not-open' };
    await assert.rejects(keeper.admit(target(evil.port), text('right'), { slot, smtp }), refused);
    const elsewhere = target(evil.port, { protocol: 'smtp' });
    await assert.rejects(keeper.admit(imap, text('right'), { slot, smtp: elsewhere }), refused);
    assert.equal(evil.connections, 0);
    assert.equal(server.signIns(), 1);
    const { handle } = await keeper.admit(imap, text('right'), { slot, smtp });
    // Whoever names other servers at a sign-in of their own gets a slot for those.
    const session = 's' as SessionId;
    const wish = { admission: handle, slot, keys, account, imap, credentialGeneration: 1, session };
    const renewed = must((await keeper.enter({ ...wish, smtp: elsewhere })).slots[0], 'the slot made anew');
    await assert.rejects(keeper.admit(imap, text('right'), { slot: renewed, smtp }), refused);
    await keeper.admit(imap, text('right'), { slot: renewed, smtp: elsewhere });
  });

  test('V44 the cost of a slot is raised at the next sign-in', async () => {
    await using server = await openCounting();
    const config = settings('inside');
    let made: Awaited<ReturnType<typeof enroll>>;
    {
      await using running = await startKeeper(config);
      await using keeper = await openKeeper(running);
      made = await enroll(keeper, server);
    }
    await using running = await startKeeper({ ...config, cost: { passes: 1, memoryKiB: 16 } });
    await using keeper = await openKeeper(running);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const { keys, account, imap, smtp, slotRow } = made;
    const slot = must(slotRow, 'a slot');
    const session = 's' as SessionId;
    const opened = await keeper.enter({
      admission: handle,
      slot,
      keys,
      account,
      imap,
      smtp,
      credentialGeneration: 1,
      session,
    });
    assert.equal(opened.slots[0]?.sealed.readUInt32BE(5), 16);
  });

  test('V45 leaving nothing makes no slot; another account or server cannot take an admission', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server, true);
    assert.deepEqual(made.opened.slots, []);
    const { handle } = await keeper.admit(made.imap, text('right'));
    const wish = { ...made, admission: handle, leaveNothing: true };
    await assert.rejects(keeper.enroll({ ...wish, imap: target(1) }), { code: 'admission/gone' });
    await assert.rejects(keeper.enroll({ ...wish, admission: 'unknown' }), { code: 'admission/gone' });
  });

  test('V40 a parked connection is for its account only, and goes when its user is locked', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const one = await enroll(keeper, server);
    const two = await enroll(keeper, server);
    assert.deepEqual([server.signIns(), server.open], [2, 2]);
    await keeper.forget(one.user);
    while (server.open > 1) await new Promise((resolve) => setImmediate(resolve));
    await keeper.unlock(one.opened.session, one.keys, one.opened.secrets.unlockKey);
    const own = await keeper.connect(credentialOf(one, one.opened));
    assert.equal(server.signIns(), 3);
    const parked = await keeper.connect(credentialOf(two, two.opened));
    assert.equal(server.signIns(), 3);
    own.stream.destroy();
    parked.stream.destroy();
  });

  test('V40 after a minute an admission is gone and its connection takes leave', async () => {
    await using server = await openCounting();
    const due: [number, () => void][] = [];
    const clock = {
      now: () => Date.now(),
      after: (ms: number, task: () => void) => (due.push([ms, task]), () => undefined),
    };
    const network = new Network({ ...settings('inside'), extraCa: [] });
    const core = new KeeperCore({ secretFile: join(folder, `${nextName()}.key`), network, clock });
    const imap = target(server.port);
    const { handle } = await core.admit(imap, text('right'));
    assert.deepEqual(
      due.map(([ms]) => ms),
      [60_000, 60_000],
    );
    for (const [, task] of due.splice(0)) task();
    while (server.open > 0) await new Promise((resolve) => setImmediate(resolve));
    const ids = { user: user(), account: 'a' as MailAccountId, session: 's' as SessionId, slot: 'x' as SlotId };
    const wish = { admission: handle, ...ids, imap, smtp: imap, leaveNothing: true };
    await assert.rejects(core.enroll(wish), { code: 'admission/gone' });
    core.close();
  });

  test('V46 the key of a mail password never leaves; records open in their row only', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const credential = credentialOf(made, made.opened);
    await assert.rejects(keeper.makeKey(credential.binding), { code: 'record/refused' });
    await assert.rejects(keeper.openKey(credential.binding, credential.sealed.subarray(0, 73)), {
      code: 'record/refused',
    });
    const binding = recordBinding({ id: 'r', user: made.user, account: made.account, purpose: 'draft', generation: 1 });
    await assert.rejects(keeper.openKey(binding, credential.sealed.subarray(0, 73)), { code: 'record/does-not-open' });
    await assert.rejects(keeper.connect({ ...credential, binding }), { code: 'record/refused' });
    const record = await sealRecord(keeper, binding, Buffer.alloc(100_000, 7));
    assert.deepEqual(await openRecord(keeper, binding, record), Buffer.alloc(100_000, 7));
    const elsewhere = { ...binding, row: 'other' };
    await assert.rejects(openRecord(keeper, elsewhere, record), { code: 'record/does-not-open' });
    const damaged = { ...record, sealed: Buffer.from(record.sealed).fill(0, 30, 31) };
    await assert.rejects(openRecord(keeper, binding, damaged), { code: 'record/does-not-open' });
    await assert.rejects(keeper.connect({ ...credential, target: target(1) }), { code: 'record/does-not-open' });
    assert.equal(server.connections, 1);
  });

  test('V11 an API token unlocks its user', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const { slot, secret } = await keeper.makeToken(made.user, 'token-1' as SlotId);
    await keeper.forget(made.user);
    await assert.rejects(keeper.unlockByToken(slot, made.keys, random(32)), { code: 'slot/does-not-open' });
    await keeper.unlockByToken(slot, made.keys, secret);
    assert.equal(await keeper.isOpen(made.user), true);
    await assert.rejects(keeper.makeToken(user(), 'token-2' as SlotId), { code: 'user/locked' });
  });

  test('V13 an unlocker does not open for keys of another user', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const one = await enroll(keeper, server);
    const two = await enroll(keeper, server);
    await keeper.forget(one.user);
    const { session, secrets } = one.opened;
    await assert.rejects(keeper.unlock(session, two.keys, secrets.unlockKey), { code: 'session/does-not-open' });
    assert.equal(await keeper.isOpen(one.user), false);
  });
});

/** A box as the browser makes it; see docs/spec/vault.md. */
const sealBox = (publicKey: Buffer, password: string, login = 'alice', challenge: Buffer = Buffer.alloc(0)): Buffer => {
  const [name, secret] = [Buffer.from(login), Buffer.from(password)];
  const lengths = [name, secret].map((part) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(part.length);
    return length;
  });
  const said = Buffer.concat([
    Buffer.from([1, 1, challenge.length]),
    challenge,
    lengths[0]!,
    name,
    lengths[1]!,
    secret,
  ]);
  const payload = Buffer.alloc(Math.ceil(said.length / 256) * 256);
  said.copy(payload);
  const box = Buffer.alloc(payload.length + sodium.crypto_box_SEALBYTES);
  sodium.crypto_box_seal(box, payload, publicKey);
  return box;
};

describe('the sealed box', () => {
  test('V50 a password sealed by the browser signs in', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const publicKey = await keeper.publicKey();
    const challenge = random(16);
    const box = sealBox(publicKey, 'right', 'alice', challenge);
    const { capabilities } = await keeper.admit(target(server.port), {
      kind: 'sealed',
      box,
      login: 'alice',
      challenge,
    });
    assert.ok(capabilities.includes('IDLE'));
  });

  test('V51 a box for another login, challenge or key, or a damaged one, is refused before anything is sent', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const box = sealBox(await keeper.publicKey(), 'right', 'alice', Buffer.alloc(16, 1));
    const flipped = Buffer.from(box);
    flipped[60] = (flipped[60] ?? 0) ^ 1;
    const wishes: IncomingSecret[] = [
      { kind: 'sealed', box, login: 'bob' },
      { kind: 'sealed', box, challenge: Buffer.alloc(16, 2) },
      { kind: 'sealed', box, challenge: Buffer.alloc(0) },
      { kind: 'sealed', box: sealBox(random(32), 'right') },
      { kind: 'sealed', box: flipped },
      { kind: 'sealed', box: box.subarray(0, 48) },
      { kind: 'sealed', box: Buffer.alloc(0) },
    ];
    for (const wish of wishes)
      await assert.rejects(keeper.admit(target(server.port), wish), { code: 'secret/does-not-open' });
    assert.equal(server.connections, 0);
  });
});

describe('the socket', () => {
  test('V60 the folder is for its owner only and goes at the end', async () => {
    const running = await startKeeper(settings('inside'));
    assert.equal(statSync(dirname(running.socketPath)).mode & 0o777, 0o700);
    await running[Symbol.asyncDispose]();
    assert.equal(existsSync(dirname(running.socketPath)), false);
  });

  test('V61 whoever does not know the token is cut off without an answer', async () => {
    await using running = await startKeeper(settings('inside'));
    const asks = [
      encodeFrame({ hello: 1, token: random(32) }),
      encodeFrame({ hello: 1, token: Buffer.alloc(0) }),
      encodeFrame({ id: 1, method: 'publicKey', args: [] }),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (const ask of asks) {
      const socket = connect(running.socketPath);
      let answered = 0;
      socket.on('data', (chunk) => (answered += chunk.length));
      socket.on('error', () => undefined);
      socket.write(ask);
      await once(socket, 'close');
      assert.equal(answered, 0);
    }
    await assert.rejects(openKeeper({ socketPath: running.socketPath, token: random(32), patience: 100 }), {
      code: 'keeper/away',
    });
  });

  test('V61 a method that is not offered cuts the caller off', async () => {
    await using running = await startKeeper(settings('inside'));
    for (const method of ['close', 'constructor', 'connect']) {
      const socket = connect(running.socketPath);
      socket.on('error', () => undefined);
      socket.write(encodeFrame({ hello: 1, token: running.token }));
      socket.write(encodeFrame({ id: 1, method, args: [] }));
      await once(socket, 'close');
    }
  });

  test('V62 frames carry bytes as bytes, whole or in pieces', () => {
    const value = { id: 3, list: [Buffer.from([1, 2]), { deep: Buffer.alloc(0), text: 'ä' }], none: null };
    const frames = Buffer.concat([encodeFrame(value), encodeFrame('x')]);
    for (const size of [1, 7, frames.length]) {
      const reader = new FrameReader();
      const seen: unknown[] = [];
      for (let at = 0; at < frames.length; at += size) {
        reader.push(Buffer.from(frames.subarray(at, at + size)));
        for (let next = reader.next(); next !== undefined; next = reader.next()) seen.push(next);
      }
      assert.deepEqual(seen, [value, 'x']);
    }
    assert.ok(
      !encodeFrame({ password: Buffer.from('hunter2') })
        .subarray(0, 8 + 20)
        .includes('hunter2'),
    );
  });

  test('V63 a stream carries megabytes both ways and ends when either side ends', async () => {
    const blob = random(3_000_000);
    let got = 0;
    await using server = await openScripted(async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n');
      await peer.line();
      peer.send('k1 OK [CAPABILITY IMAP4rev1] in\r\n');
      got = (await peer.bytes(blob.length)).length;
      peer.send(blob.toString('base64'));
      peer.end();
    });
    await using running = await startKeeper(settings('inside'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const { stream } = await keeper.connect(credentialOf(made, made.opened));
    stream.write(blob);
    let back = '';
    stream.on('data', (chunk: Buffer) => (back += chunk.toString('latin1')));
    await once(stream, 'end');
    assert.equal(got, blob.length);
    assert.ok(back.endsWith(blob.toString('base64')));
    assert.ok(back.startsWith('* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n'));
  });
});

const ended = async (pid: number): Promise<void> => {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const kill = async (running: RunningKeeper): Promise<void> => {
  const pid = must(running.pid, 'a child');
  process.kill(pid, 'SIGKILL');
  await ended(pid);
};

describe('the keeper process', () => {
  test('V64 when it dies it starts again; users are locked, unlock, and nothing else is lost', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('child'));
    await using keeper = await openKeeper(running);
    const made = await enroll(keeper, server);
    const key = await keeper.publicKey();
    const binding = recordBinding({ id: 'd', user: made.user, account: null, purpose: 'draft', generation: 1 });
    const record = await sealRecord(keeper, binding, Buffer.from('kept'));
    const live = await keeper.connect(credentialOf(made, made.opened));
    live.stream.resume();
    const closed = once(live.stream, 'close');
    await kill(running);
    await closed;
    assert.equal(await keeper.isOpen(made.user), false);
    assert.ok(!(await keeper.publicKey()).equals(key));
    await assert.rejects(openRecord(keeper, binding, record), { code: 'user/locked' });
    await keeper.unlock(made.opened.session, made.keys, made.opened.secrets.unlockKey);
    assert.equal((await openRecord(keeper, binding, record)).toString(), 'kept');
    const again = await keeper.connect(credentialOf(made, made.opened));
    assert.equal(await readLine(again.stream), '* PREAUTH [CAPABILITY IMAP4rev1 IDLE UIDPLUS] Scripted ready\r\n');
    again.stream.destroy();
  });

  test('V64 an admission does not outlive it', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('child'));
    await using keeper = await openKeeper(running);
    const imap = target(server.port);
    const { handle } = await keeper.admit(imap, text('right'));
    await kill(running);
    const ids = { user: user(), account: 'a' as MailAccountId, session: 's' as SessionId, slot: 'x' as SlotId };
    const wish = { admission: handle, ...ids, imap, smtp: imap, leaveNothing: false };
    const failed = await keeper.enroll(wish).catch((error: unknown) => (error as { code: string }).code);
    if (failed === 'keeper/away') await assert.rejects(keeper.enroll(wish), { code: 'admission/gone' });
    else assert.equal(failed, 'admission/gone');
  });

  test('V65 it ends with its parent, and what stops it from starting is said', async () => {
    const running = await startKeeper(settings('child'));
    const pid = must(running.pid, 'a child');
    await running[Symbol.asyncDispose]();
    await ended(pid);
    assert.equal(existsSync(dirname(running.socketPath)), false);
    await assert.rejects(startKeeper(settings('child', folder)), { code: 'host/secret-file' });
    await assert.rejects(startKeeper(settings('inside', folder)), { code: 'host/secret-file' });
  });

  test('V66 errors cross the socket whole', async () => {
    await using server = await openCounting();
    await using running = await startKeeper(settings('child'));
    await using keeper = await openKeeper(running);
    const secret = Buffer.from('wrong');
    await assert.rejects(keeper.admit(target(server.port), { kind: 'bytes', bytes: secret }), {
      name: 'VaultError',
      code: 'auth/refused',
      blame: 'user',
      words: 'wrong password',
      certificate: null,
    });
    assert.deepEqual(secret, Buffer.alloc(5));
  });
});
