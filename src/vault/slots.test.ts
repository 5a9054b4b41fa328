import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Arena } from './arena.ts';
import { random, same } from './bytes.ts';
import { decodeHostFile, encodeHostFile, openHostFile } from './host-file.ts';
import { advanceRing, HostKeys } from './host-keys.ts';
import type { MailAccountId, SessionId, SlotId, SlotRow, Target, UserId } from './keeper.ts';
import { lockedKiB } from './memory.ts';
import { derive, hashToken, passwordKeys, stretch, type Cost } from './keys.ts';
import { makeSecretSlot, openSecretSlot } from './secret-slots.ts';
import {
  keysFit,
  makePasswordSlot,
  makeSession,
  makeUser,
  openPasswordSlot,
  openSession,
  slotServes,
} from './slots.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-slots-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.key`);

const dayMs = 86_400_000;
const clockAt = (day: number) => {
  const clock = { day, now: () => clock.day * dayMs + 5, after: () => () => undefined };
  return clock;
};
const openHost = (path = newPath(), clock = clockAt(20_000)) => new HostKeys(new Arena(200), path, clock);

const cheap: Cost = { passes: 1, memoryKiB: 8 };
const user = 'user-1' as UserId;
const slotName = {
  id: 'slot-1' as SlotId,
  user,
  kind: 'mail-password',
  account: 'account-1' as MailAccountId,
  generation: 1,
} as const;
const imap: Target = {
  protocol: 'imap',
  host: 'imap.example.org',
  port: 993,
  security: 'tls',
  username: 'alice',
  pin: null,
};
const servers = { imap, smtp: { ...imap, protocol: 'smtp', host: 'smtp.example.org', port: 465 } } as const;
const session = { id: 'session-1' as SessionId, user, generation: 1 };

test('V7 Argon2id is the standard one, with 64 MiB and three passes', async () => {
  // echo -n "password" | argon2 "saltsaltsaltsalt" -id -t 3 -k 65536 -p 1 -l 32, by another implementation
  const { argon2Sync } = await import('node:crypto');
  const salt = Buffer.from('saltsaltsaltsalt');
  const other = argon2Sync('argon2id', {
    message: 'password',
    nonce: salt,
    parallelism: 1,
    tagLength: 32,
    memory: 65_536,
    passes: 3,
  });
  assert.deepEqual(await stretch(Buffer.from('password'), salt, { passes: 3, memoryKiB: 65_536 }), other);
});

test('V8 KEY_A and verifier each follow from their own salt and from the pepper, and not from each other', async () => {
  const salts = { stretch: random(16), keyA: random(16), verifier: random(16) };
  const make = (change: Partial<typeof salts>, pepper: Buffer) =>
    passwordKeys(Buffer.from('secret'), { ...salts, ...change }, cheap, (work) => work(pepper));
  const pepper = random(32);
  const first = await make({}, pepper);
  const again = await make({}, pepper);
  assert.deepEqual(again, first);
  assert.ok(!same(first.keyA, first.verifierHash));
  const otherKeyA = await make({ keyA: random(16) }, pepper);
  assert.ok(!same(otherKeyA.keyA, first.keyA) && same(otherKeyA.verifierHash, first.verifierHash));
  const otherVerifier = await make({ verifier: random(16) }, pepper);
  assert.ok(same(otherVerifier.keyA, first.keyA) && !same(otherVerifier.verifierHash, first.verifierHash));
  const otherPepper = await make({}, random(32));
  assert.ok(!same(otherPepper.keyA, first.keyA) && !same(otherPepper.verifierHash, first.verifierHash));
});

test('V9 purposes and parts separate derived keys', () => {
  const key = random(32);
  const found = new Set(
    [
      derive(key, 'postern/1/session', ['a', 'b']),
      derive(key, 'postern/1/session', ['ab']),
      derive(key, 'postern/1/token', ['a', 'b']),
      derive(random(32), 'postern/1/session', ['a', 'b']),
      hashToken(key),
    ].map((bytes) => bytes.toString('hex')),
  );
  assert.equal(found.size, 5);
});

test('V10 a password slot opens with its password only', async () => {
  const host = openHost();
  const { userKey } = makeUser(user);
  const slot = await makePasswordSlot(host, slotName, Buffer.from('right'), userKey, cheap, servers);
  assert.deepEqual(await openPasswordSlot(host, slot, Buffer.from('right')), userKey);
  const refused = { code: 'slot/does-not-open', message: 'a slot does not open' };
  await assert.rejects(openPasswordSlot(host, slot, Buffer.from('wrong')), refused);
  await assert.rejects(openPasswordSlot(openHost(), slot, Buffer.from('right')), refused);
  const others: Partial<SlotRow>[] = [
    { user: 'user-2' as UserId },
    { id: 'slot-2' as SlotId },
    { account: 'account-2' as MailAccountId },
    { kind: 'site-password' },
    { generation: 2 },
  ];
  for (const other of others)
    await assert.rejects(openPasswordSlot(host, { ...slot, ...other }, Buffer.from('right')), refused);
  for (let at = 0; at < slot.sealed.length; at += 1) {
    const sealed = Buffer.from(slot.sealed);
    sealed[at] = (sealed[at] ?? 0) ^ 0x80;
    await assert.rejects(openPasswordSlot(host, { ...slot, sealed }, Buffer.from('right')), refused);
  }
});

test('V18 a password slot knows its servers, and nobody without the pepper can name others', async () => {
  const path = newPath();
  const host = openHost(path);
  const slot = await makePasswordSlot(host, slotName, Buffer.from('right'), makeUser(user).userKey, cheap, servers);
  assert.ok(slotServes(openHost(path), slot, servers));
  assert.ok(slotServes(host, { ...slot, generation: 2 }, servers));
  const changes: Partial<Target>[] = [
    { host: 'evil.example.org' },
    { port: 994 },
    { security: 'starttls' },
    { username: 'alice2' },
    { pin: 'ab'.repeat(32) },
  ];
  for (const change of changes) {
    assert.ok(!slotServes(host, slot, { ...servers, imap: { ...imap, ...change } }));
    assert.ok(!slotServes(host, slot, { ...servers, smtp: { ...servers.smtp, ...change } }));
  }
  assert.ok(!slotServes(host, slot, { imap: servers.smtp, smtp: imap }));
  assert.ok(!slotServes(openHost(), slot, servers), 'another pepper');
  const account = 'account-2' as MailAccountId;
  assert.ok(!slotServes(host, { ...slot, account }, servers));
  assert.ok(!slotServes(host, { ...slot, sealed: slot.sealed.subarray(0, 121) }, servers));
});

test('V11 a token slot opens with its secret only', () => {
  const host = openHost();
  const { userKey } = makeUser(user);
  const name = { ...slotName, kind: 'token', account: null } as const;
  const secret = random(32);
  const slot = makeSecretSlot(host, name, secret, userKey);
  assert.deepEqual(openSecretSlot(host, slot, secret), userKey);
  const refused = { code: 'slot/does-not-open' };
  assert.throws(() => openSecretSlot(host, slot, random(32)), refused);
  assert.throws(() => openSecretSlot(host, slot, Buffer.alloc(0)), refused);
  assert.throws(() => openSecretSlot(openHost(), slot, secret), refused);
  for (let at = 0; at < slot.sealed.length; at += 1) {
    const sealed = Buffer.from(slot.sealed);
    sealed[at] = (sealed[at] ?? 0) ^ 1;
    assert.throws(() => openSecretSlot(host, { ...slot, sealed }, secret), refused);
  }
});

test('V12 a session opens with its cookie, its row and the host key of its day', () => {
  const host = openHost();
  const { userKey } = makeUser(user);
  const made = makeSession(host, session, userKey);
  assert.deepEqual(made.session.tokenHash, hashToken(made.secrets.token));
  assert.deepEqual(openSession(host, made.session, made.secrets.unlockKey), userKey);
  const refused = { code: 'session/does-not-open', message: 'a session does not open' };
  assert.throws(() => openSession(host, made.session, made.secrets.token), refused);
  assert.throws(() => openSession(openHost(), made.session, made.secrets.unlockKey), refused);
  const other = makeSession(host, { ...session, id: 'session-2' as SessionId }, userKey);
  for (const row of [
    { ...made.session, sealed: other.session.sealed },
    { ...made.session, tokenHash: other.session.tokenHash },
    { ...made.session, user: 'user-2' as UserId },
    { ...made.session, generation: 2 },
  ])
    assert.throws(() => openSession(host, row, made.secrets.unlockKey), refused);
  for (let at = 0; at < made.session.sealed.length; at += 1) {
    const sealed = Buffer.from(made.session.sealed);
    sealed[at] = (sealed[at] ?? 0) ^ 1;
    assert.throws(() => openSession(host, { ...made.session, sealed }, made.secrets.unlockKey), refused);
  }
});

test('V13 the key pair belongs to its user and its user key', () => {
  const one = makeUser(user);
  const two = makeUser(user);
  assert.ok(keysFit(user, one.userKey, one.keys));
  assert.ok(!keysFit(user, one.userKey, two.keys));
  assert.ok(!keysFit('user-2' as UserId, one.userKey, one.keys));
  assert.ok(!keysFit(user, one.userKey, { ...one.keys, publicKey: two.keys.publicKey }));
});

test('V14 the secret file is made once, mode 600, and read back whole', () => {
  const path = newPath();
  const made = openHostFile(path, 20_000);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(openHostFile(path, 20_001), made);
  assert.deepEqual(decodeHostFile(encodeHostFile(made), path), made);
  assert.equal(made.ring[0]?.epoch, 20_000);
});

test('V14 a damaged, cut, foreign or open secret file is refused in words', () => {
  const path = newPath();
  openHostFile(path, 20_000);
  const whole = readFileSync(path);
  const refused = { code: 'host/secret-file', blame: 'operator' };
  for (let at = 0; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    assert.throws(() => decodeHostFile(flipped, path), refused);
  }
  assert.throws(() => decodeHostFile(whole.subarray(0, 60), path), refused);
  assert.throws(() => decodeHostFile(Buffer.alloc(32), path), refused);
  chmodSync(path, 0o644);
  assert.throws(() => openHostFile(path, 20_000), { ...refused, message: /set its mode to 600/ });
  writeFileSync(newPath(), '');
  assert.throws(() => openHostFile(join(path, 'below'), 20_000), refused);
});

test('V15 nodes with the same file agree on every day, without writing to each other', () => {
  const path = newPath();
  const clock = clockAt(20_000);
  const early = openHost(path, clock);
  const { userKey } = makeUser(user);
  clock.day = 20_010;
  const made = makeSession(early, session, userKey);
  const late = openHost(path, clockAt(20_012));
  assert.deepEqual(openSession(late, made.session, made.secrets.unlockKey), userKey);
});

test('V16 a host key older than the longest session is destroyed, in memory and in the file', () => {
  const path = newPath();
  const clock = clockAt(20_000);
  const host = openHost(path, clock);
  const { userKey } = makeUser(user);
  const old = makeSession(host, session, userKey);
  const before = openHostFile(path, 20_000);
  clock.day += 31;
  assert.deepEqual(openSession(host, old.session, old.secrets.unlockKey), userKey);
  clock.day += 1;
  assert.throws(() => openSession(host, old.session, old.secrets.unlockKey), { code: 'session/does-not-open' });
  const now = openHostFile(path, clock.day);
  assert.equal(now.ring[0]?.epoch, clock.day - 31);
  assert.ok(!readFileSync(path).includes(before.ring[0]!.key));
  assert.deepEqual(now.pepper, before.pepper);
  const replayed = openHost(path, clock);
  assert.throws(() => openSession(replayed, old.session, old.secrets.unlockKey), { code: 'session/does-not-open' });
});

test('V16 a clock that runs backwards neither loses sessions nor stops new ones', () => {
  const clock = clockAt(20_000);
  const host = openHost(newPath(), clock);
  const { userKey } = makeUser(user);
  const made = makeSession(host, session, userKey);
  clock.day = 19_000;
  assert.deepEqual(openSession(host, made.session, made.secrets.unlockKey), userKey);
  const later = makeSession(host, session, userKey);
  assert.deepEqual(openSession(host, later.session, later.secrets.unlockKey), userKey);
});

test('V15 a key that the operator puts into the ring counts from its day on', () => {
  const first = { epoch: 100, key: random(32) };
  const second = { epoch: 110, key: random(32) };
  const ring = advanceRing([first, second], 110 + 31);
  assert.deepEqual(ring, [second]);
  assert.equal(advanceRing([first, second], 105 + 31)[0]?.epoch, 105);
  assert.deepEqual(advanceRing([first, second], 105 + 31)[1], second);
});

test('V17 the arena is locked in memory as one piece', { skip: lockedKiB() === null && 'no /proc here' }, () => {
  const before = lockedKiB() ?? 0;
  const arena = new Arena(4096);
  assert.equal(arena.sizeKiB, 128);
  assert.ok((lockedKiB() ?? 0) - before >= 128);
  arena.close();
});

test('V17 the arena gives places back wiped, and says when it is full', () => {
  const arena = new Arena(2);
  const one = arena.put((key) => key.fill(1));
  arena.put((key) => key.fill(2));
  assert.throws(() => arena.put(() => undefined), { code: 'keeper/full' });
  assert.equal(
    arena.use(one, (key) => key.every((byte) => byte === 1)),
    true,
  );
  arena.drop(one);
  assert.throws(() => arena.use(one, () => undefined), { name: 'InvariantError' });
  const again = arena.put((key) => assert.ok(key.every((byte) => byte === 0)));
  assert.throws(() => {
    arena.drop(again);
    arena.put(() => {
      throw new Error('no');
    });
  }, /no/);
  arena.put((key) => key.fill(3));
  arena.close();
});
