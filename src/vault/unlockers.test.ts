import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import sodium from 'sodium-native';
import { must } from '#base/must.ts';
import { random } from './bytes.ts';
import { VaultError } from './errors.ts';
import { KeeperCore } from './keeper-core.ts';
import type { IncomingSecret, PasskeyName, SlotId, UserId, SessionId } from './keeper.ts';
import { formatRecoveryCode, parseRecoveryCode } from './recovery-code.ts';
import { type SealedPurpose, sealedPurposes } from './sealed-purposes.ts';
import {
  folder,
  next,
  coreOptions,
  openCore,
  closing,
  plain,
  enroll,
  sitePassword,
  refused,
  opens,
} from './unlockers.testkit.ts';

const codeAndText = (error: unknown) =>
  error instanceof VaultError ? { code: error.code, message: error.message } : { code: null, message: String(error) };

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

const passkey: PasskeyName = { credentialId: 'Y3JlZA', publicKey: 'pQEC', rpId: 'mail.example.org' };

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
