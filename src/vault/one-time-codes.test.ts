import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import { recordBinding } from './associated.ts';
import type { KeeperCore } from './keeper-core.ts';
import type { TotpProof, UserId, SessionId } from './keeper.ts';
import { base32, totpStep } from './totp.ts';
import { next, clock, openCore, closing, plain, enroll, sitePassword, refused } from './unlockers.testkit.ts';

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
