import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import sodium from 'sodium-native';
import { must } from '#base/must.ts';
import { recordBinding } from './associated.ts';
import { random } from './bytes.ts';
import { FrameReader, encodeFrame } from './frames.ts';
import type { IncomingSecret, MailAccountId, SessionId, SlotId } from './keeper.ts';
import { openKeeper } from './keeper-client.ts';
import { openScripted } from './scripted-server.testkit.ts';
import { openRecord, sealRecord } from './seal-record.ts';
import { startKeeper, type RunningKeeper } from './start-keeper.ts';
import {
  folder,
  settings,
  target,
  text,
  openCounting,
  user,
  enroll,
  credentialOf,
  readLine,
} from './keeper.testkit.ts';

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
