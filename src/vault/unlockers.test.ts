import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import sodium from 'sodium-native';
import { stillClock } from '#base/clock.testkit.ts';
import { must } from '#base/must.ts';
import { parseServer } from '#config/servers.ts';
import { credentialBinding, recordBinding } from './associated.ts';
import { copyOf, random } from './bytes.ts';
import { VaultError } from './errors.ts';
import { KeeperCore } from './keeper-core.ts';
import type { IncomingSecret, PasskeyName, SlotId, SlotRow, TotpProof, UserId, UserKeys } from './keeper.ts';
import type { MailAccountId, SealedCredential, SessionId, Target } from './keeper.ts';
import { Network } from './network.ts';
import { formatRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
import { imapScript, openScripted } from './scripted-server.testkit.ts';
import { type SealedPurpose, sealedPurposes } from './sealed-purposes.ts';
import { base32, totpStep } from './totp.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-unlockers-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const next = (): string => `n${(count += 1)}`;

const cost = { passes: 1, memoryKiB: 8 };
const clock = stillClock();

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

const coreOptions = (secretFile: string) => ({
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

const openCore = (secretFile = join(folder, `${next()}.key`)): KeeperCore => new KeeperCore(coreOptions(secretFile));

/** Closed at the end of its test. */
const closing = (core: KeeperCore): { core: KeeperCore } & Disposable => ({
  core,
  [Symbol.dispose]: () => core.close(),
});

const codeAndText = (error: unknown) =>
  error instanceof VaultError ? { code: error.code, message: error.message } : { code: null, message: String(error) };

const plain = (text: string | Uint8Array): IncomingSecret => ({ kind: 'bytes', bytes: Buffer.from(text) });

/** A box as the browser makes it (V50). */
const boxed = (core: KeeperCore, purpose: SealedPurpose, secret: Uint8Array, login = ''): IncomingSecret => {
  const head = Buffer.of(1, sealedPurposes[purpose], 0, 0, login.length);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(secret.length);
  const used = Buffer.concat([head, Buffer.from(login), length, secret]);
  const payload = Buffer.concat([used, Buffer.alloc((256 - (used.length % 256)) % 256)]);
  const box = Buffer.alloc(payload.length + sodium.crypto_box_SEALBYTES);
  sodium.crypto_box_seal(box, payload, core.publicKey());
  return { kind: 'sealed', box };
};

/** Somebody who has signed in with a mail password. */
const enroll = async (core: KeeperCore) => {
  const [user, account] = [next() as UserId, next() as MailAccountId];
  const [imap, smtp] = [target('imap'), target('smtp')];
  const { handle } = await core.admit(imap, plain('right'));
  const ids = { session: next() as SessionId, slot: next() as SlotId };
  const wish = { admission: handle, user, account, imap, smtp, ...ids, leaveNothing: false };
  const opened = await core.enroll(wish);
  return { user, account, imap, smtp, opened, keys: must(opened.keys, 'keys'), slot: must(opened.slots[0], 'a slot') };
};

const sitePassword = (core: KeeperCore, user: UserId, password = 'a long site password'): Promise<SlotRow> =>
  core.makeUnlocker({ user, slot: next() as SlotId, generation: 1, kind: 'site-password', secret: plain(password) });

const refused = { code: 'slot/does-not-open' };
const passkey: PasskeyName = { credentialId: 'Y3JlZA', publicKey: 'pQEC', rpId: 'mail.example.org' };

/** Whether an unlocker opens a user who is locked. */
const opens = async (core: KeeperCore, slot: SlotRow, keys: UserKeys, secret: IncomingSecret, name?: PasskeyName) => {
  core.forget(slot.user);
  const wish = { slot, keys, secret, ...(name ? { passkey: name } : {}) };
  await core.open(wish);
  return core.isOpen(slot.user);
};

test('V70 a site password opens the user, and nothing else does', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const slot = await sitePassword(core, made.user);
  assert.equal(await opens(core, slot, made.keys, plain('a long site password')), true);
  await assert.rejects(opens(core, slot, made.keys, plain('another site password')), refused);
  assert.equal(core.isOpen(made.user), false);
  const other = await enroll(core);
  await assert.rejects(opens(core, slot, other.keys, plain('a long site password')), refused);
  await assert.rejects(
    opens(core, { ...slot, user: other.user }, other.keys, plain('a long site password')),
    refused,
    'a slot moved to another user by SQL',
  );
  await assert.rejects(
    opens(core, { ...slot, kind: 'mail-password' }, made.keys, plain('a long site password')),
    refused,
  );
});

test('V70 a site password of fewer than ten characters is refused, characters counted and not bytes', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const { user } = await enroll(core);
  await assert.rejects(sitePassword(core, user, 'ninechars'), { code: 'secret/weak' });
  await assert.rejects(sitePassword(core, user, 'ééééééééé'), { code: 'secret/weak' });
  await sitePassword(core, user, 'éééééééééé');
  core.forget(user);
  await assert.rejects(sitePassword(core, user), { code: 'user/locked' });
});

test('V70 a slot of lower cost is made anew when it opens', async () => {
  const file = join(folder, `${next()}.key`);
  using cheap = closing(openCore(file));
  const made = await enroll(cheap.core);
  const slot = await sitePassword(cheap.core, made.user);
  const dear = new KeeperCore({ ...coreOptions(file), cost: { passes: 2, memoryKiB: 16 } });
  using _ = closing(dear);
  const { slot: renewed } = await dear.open({ slot, keys: made.keys, secret: plain('a long site password') });
  assert.equal(renewed?.generation, 2);
  assert.equal(await opens(dear, must(renewed, 'renewed'), made.keys, plain('a long site password')), true);
});

test('V71 a passkey opens by the output of its PRF, bound to its public key and its site', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const prf = random(32);
  const slot = await core.makeUnlocker({
    user: made.user,
    slot: next() as SlotId,
    generation: 1,
    kind: 'passkey',
    passkey,
    secret: boxed(core, 'passkey', prf),
  });
  assert.equal(await opens(core, slot, made.keys, boxed(core, 'passkey', prf), passkey), true);
  await assert.rejects(opens(core, slot, made.keys, boxed(core, 'passkey', random(32)), passkey), refused);
  await assert.rejects(opens(core, slot, made.keys, boxed(core, 'passkey', prf.subarray(1)), passkey), refused);
  for (const change of [{ credentialId: 'x' }, { publicKey: 'x' }, { rpId: 'x' }])
    await assert.rejects(opens(core, slot, made.keys, boxed(core, 'passkey', prf), { ...passkey, ...change }), refused);
  await assert.rejects(
    core.makeUnlocker({
      user: made.user,
      slot: next() as SlotId,
      generation: 1,
      kind: 'passkey',
      passkey,
      secret: boxed(core, 'passkey', Buffer.alloc(16)),
    }),
    { code: 'user/locked' },
  );
});

test('V50 a box of one purpose is never taken for another', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const password = Buffer.from('a long site password');
  const slot = await sitePassword(core, made.user);
  const wrong = { code: 'secret/does-not-open' };
  for (const purpose of Object.keys(sealedPurposes) as SealedPurpose[])
    if (purpose === 'site-password')
      assert.equal(await opens(core, slot, made.keys, boxed(core, purpose, password)), true);
    else await assert.rejects(opens(core, slot, made.keys, boxed(core, purpose, password)), wrong);
  await assert.rejects(core.admit(made.imap, boxed(core, 'site-password', Buffer.from('right'))), wrong);
  await assert.rejects(core.admit(made.imap, boxed(core, 'smtp-password', Buffer.from('right'))), wrong);
});

test('V72 a recovery code finds its slot by itself and opens it, however it is typed', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { slot, code } = core.makeRecovery(made.user);
  assert.match(code.toString(), /^(?:[0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]$/);
  const typed = code.toString().toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
  assert.equal(core.recoverySlot(plain(typed)), slot.id);
  assert.equal(await opens(core, slot, made.keys, plain(typed)), true);
  const { code: other } = core.makeRecovery(made.user);
  assert.notEqual(core.recoverySlot(plain(other)), slot.id);
  await assert.rejects(opens(core, slot, made.keys, plain(other)), refused);
  assert.throws(() => core.recoverySlot(plain('no code at all')), refused);
});

test('V72 the check letter sees every wrong letter and all neighbours that changed places', () => {
  const secret = random(20);
  const code = formatRecoveryCode(secret).toString().replaceAll('-', '');
  assert.deepEqual(parseRecoveryCode(Buffer.from(code)), secret);
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  for (let at = 0; at < code.length; at += 1) {
    for (const letter of alphabet.replace(code[at] ?? '', ''))
      assert.equal(parseRecoveryCode(Buffer.from(code.slice(0, at) + letter + code.slice(at + 1))), null);
    const [a = '', b = ''] = [code[at], code[at + 1]];
    if (a !== b && b !== '' && at + 1 < 32)
      assert.equal(parseRecoveryCode(Buffer.from(code.slice(0, at) + b + a + code.slice(at + 2))), null);
  }
  assert.equal(parseRecoveryCode(Buffer.from(`${code}0`)), null);
  assert.equal(parseRecoveryCode(Buffer.from(code.slice(1))), null);
  assert.equal(parseRecoveryCode(Buffer.from(code.replace(code[3] ?? '', 'U'))), null);
});

test('V73 where there is nothing to open, the same Argon2id work is done, and the answer is the same', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const slot = await sitePassword(core, made.user);
  core.forget(made.user);
  const work = mock.method(sodium, 'crypto_pwhash_async');
  try {
    const known = await core.open({ slot, keys: made.keys, secret: plain('wrong password') }).catch((e: unknown) => e);
    const unknown = await core.refuse(plain('wrong password')).catch((e: unknown) => e);
    assert.deepEqual(codeAndText(unknown), codeAndText(known));
    const runs = work.mock.calls.map(({ arguments: [out, password, salt, ...rest] }) => [
      out.length,
      password.length,
      salt.length,
      ...rest,
    ]);
    assert.equal(runs.length, 2);
    assert.deepEqual(runs[1], runs[0]);
  } finally {
    work.mock.restore();
  }
});

/** RFC 6238 as an authenticator app does it. */
const codeAt = (secret: Uint8Array, step: number): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = must(mac.at(-1), 'a byte') & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
};

const decodeBase32 = (text: string): Buffer => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = Array.from(text, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};

test('V80 one-time codes are those of RFC 6238, appendix B', () => {
  const secret = Buffer.from('12345678901234567890');
  assert.equal(base32(secret).toString(), 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ] as const) {
    const step = Math.floor(seconds / 30);
    assert.equal(totpStep(secret, code, seconds * 1_000, null), step);
    assert.equal(totpStep(secret, code, seconds * 1_000 + 30_000, null), step, 'one step late');
    assert.equal(totpStep(secret, code, Math.max(30_000, seconds * 1_000 - 30_000), null), step, 'one step early');
    assert.equal(totpStep(secret, code, seconds * 1_000 + 60_000, null), null);
    assert.equal(totpStep(secret, code, seconds * 1_000, step), null, 'used before');
    assert.equal(totpStep(secret, code, seconds * 1_000, step - 1), step);
    assert.equal(totpStep(secret, '', seconds * 1_000, null), null);
  }
});

const totpFor = (core: KeeperCore, user: UserId) => {
  const binding = recordBinding({ id: next(), user, account: null, purpose: 'totp', generation: 1 });
  const { secret, wrapped, sealed } = core.makeTotp(binding);
  const key = decodeBase32(secret.toString());
  const now = Math.floor(clock.now() / 30_000);
  const proof = (code: string | null, lastStep: number | null = null): TotpProof => ({
    binding,
    wrapped,
    sealed,
    code,
    lastStep,
  });
  return { proof, now, right: codeAt(key, now), binding, wrapped };
};

test('V81 the code is asked for after the password opened and before the user key stays', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const slot = await sitePassword(core, made.user);
  const { proof, right, now } = totpFor(core, made.user);
  core.forget(made.user);
  const sign = (password: string, totp: TotpProof) =>
    core.open({ slot, keys: made.keys, secret: plain(password), totp });
  await assert.rejects(sign('wrong password', proof(right)), refused);
  await assert.rejects(sign('a long site password', proof(null)), { code: 'totp/needed' });
  await assert.rejects(sign('a long site password', proof(right, now)), { code: 'totp/wrong' });
  await assert.rejects(sign('a long site password', proof('12345')), { code: 'totp/wrong' });
  assert.equal(core.isOpen(made.user), false);
  assert.equal((await sign('a long site password', proof(right))).totpStep, now);
  assert.equal(core.isOpen(made.user), true);
  assert.equal(core.checkTotp(proof(right)), now);
});

test('V81 a mail password asks for the code too, and the admission stays for it', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { proof, right, now } = totpFor(core, made.user);
  core.forget(made.user);
  const { handle } = await core.admit(made.imap, plain('right'));
  const wish = {
    admission: handle,
    slot: made.slot,
    keys: made.keys,
    account: made.account,
    imap: made.imap,
    smtp: made.smtp,
    credentialGeneration: 1,
    session: next() as SessionId,
  };
  await assert.rejects(core.enter({ ...wish, totp: proof(null) }), { code: 'totp/needed' });
  assert.equal(core.isOpen(made.user), false);
  assert.equal((await core.enter({ ...wish, totp: proof(right) })).totpStep, now);
});

test('V82 the secret of one-time codes leaves the keeper once, and its key never', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { binding, wrapped } = totpFor(core, made.user);
  assert.throws(() => core.openKey(binding, wrapped), { code: 'record/refused' });
  assert.throws(() => core.makeKey(binding), { code: 'record/refused' });
});

test('V74 a mail password changed at the server goes on with another unlocker, which opens the same user', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { slot: recovery, code } = core.makeRecovery(made.user);
  const stale = await core.enroll({
    admission: (await core.admit(made.imap, plain('right'))).handle,
    user: next() as UserId,
    account: made.account,
    imap: made.imap,
    smtp: made.smtp,
    session: next() as SessionId,
    slot: next() as SlotId,
    leaveNothing: false,
  });
  // A slot of the same place that this password does not open: made by another user key.
  const changed = { ...made.slot, sealed: must(stale.slots[0], 'a slot').sealed };
  const { handle } = await core.admit(made.imap, plain('right'));
  const wish = {
    admission: handle,
    slot: changed,
    keys: made.keys,
    account: made.account,
    imap: made.imap,
    smtp: made.smtp,
    credentialGeneration: 1,
    session: next() as SessionId,
  };
  await assert.rejects(core.enter(wish), refused);
  const others = await enroll(core);
  const foreign = core.makeRecovery(others.user);
  await assert.rejects(core.enter({ ...wish, opens: { slot: foreign.slot, secret: plain(foreign.code) } }), refused);
  const opened = await core.enter({ ...wish, opens: { slot: recovery, secret: plain(code) } });
  const [renewed] = opened.slots;
  assert.equal(renewed?.id, made.slot.id);
  assert.equal(await opens(core, must(renewed, 'a slot'), made.keys, plain('right')), true);
});

const turn = async (core: KeeperCore, made: Awaited<ReturnType<typeof enroll>>) => {
  const row = must(
    made.opened.credentials.find((one) => one.protocol === 'imap'),
    'a credential',
  );
  const credential: SealedCredential = {
    binding: credentialBinding(made.user, made.account, 'imap', 1),
    target: made.imap,
    sealed: row.sealed,
  };
  const binding = recordBinding({ id: next(), user: made.user, account: null, purpose: 'draft', generation: 1 });
  const record = core.makeKey(binding);
  const site = await sitePassword(core, made.user);
  const keys = core.beginTurn(made.user);
  return { credential, binding, record, site, keys, former: made.keys };
};

const nothing = { records: [], credentials: [], mailSlots: [], unlockers: [], session: null };

test('V90 after a turn the same records, credentials and unlockers open under the new key, and nothing under the old', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { credential, binding, record, site, keys, former } = await turn(core, made);
  assert.notDeepEqual(keys.publicKey, former.publicKey);
  const unlocking = { slot: site, secret: plain('a long site password') };
  const turned = await core.turnPart(made.user, {
    records: [{ binding, wrapped: record.wrapped }],
    credentials: [credential],
    mailSlots: [{ slot: made.slot, credential, servers: made }],
    unlockers: [{ unlocking, keys: former }],
    session: made.opened.session,
  });
  core.endTurn(made.user, true);
  const [wrapped, sealed] = [must(turned.records[0], 'a record'), must(turned.credentials[0], 'a credential')];
  assert.deepEqual(core.openKey(binding, wrapped), record.key);
  assert.throws(() => core.openKey(binding, record.wrapped), { code: 'record/does-not-open' });
  const signedIn = await core.connect({ ...credential, sealed });
  signedIn.socket.destroy();
  await assert.rejects(core.connect(credential), { code: 'record/does-not-open' });
  const [mail, password] = turned.slots;
  assert.equal(await opens(core, must(mail, 'a slot'), keys, plain('right')), true);
  assert.equal(await opens(core, must(password, 'a slot'), keys, plain('a long site password')), true);
  await assert.rejects(opens(core, site, keys, plain('a long site password')), refused);
  const opened = must(turned.opened, 'a session');
  core.forget(made.user);
  core.unlock(opened.session, keys, copyOf(opened.secrets.unlockKey));
  assert.equal(core.isOpen(made.user), true);
  core.forget(made.user);
  assert.throws(() => core.unlock(made.opened.session, keys, made.opened.secrets.unlockKey), {
    code: 'session/does-not-open',
  });
});

test('V91 while keys turn nothing else is done with either; a turn given up changes nothing, one forgotten ends', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { binding, record, former } = await turn(core, made);
  const busy = { code: 'user/locked' };
  assert.throws(() => core.makeKey(binding), busy);
  assert.throws(() => core.openKey(binding, record.wrapped), busy);
  assert.throws(() => core.beginTurn(made.user), busy);
  assert.throws(() => core.unlock(made.opened.session, former, copyOf(made.opened.secrets.unlockKey)), busy);
  core.endTurn(made.user, false);
  assert.deepEqual(core.openKey(binding, record.wrapped), record.key);
  core.beginTurn(made.user);
  clock.pass(61_000);
  assert.equal(core.isOpen(made.user), false, 'the browsers bring the key of the database');
  assert.throws(() => core.endTurn(made.user, true), busy);
  await assert.rejects(core.turnPart(made.user, nothing), busy);
});

test('V92 an unlocker that opens another key does not get a slot for the new one', async () => {
  using kept = closing(openCore());
  const { core } = kept;
  const made = await enroll(core);
  const { site, former } = await turn(core, made);
  const other = await enroll(core);
  const foreign = await sitePassword(core, other.user);
  const part = (slot: SlotRow, keys: UserKeys, password: string) =>
    core.turnPart(made.user, {
      ...nothing,
      unlockers: [{ unlocking: { slot, secret: plain(password) }, keys }],
    });
  await assert.rejects(part(site, former, 'wrong password'), refused);
  await assert.rejects(part(foreign, other.keys, 'a long site password'), refused);
  assert.equal((await part(site, former, 'a long site password')).slots[0]?.generation, 2);
});
