import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { clientData, flags, Passkey } from './authenticator.ts';
import { readCbor } from '#door/cbor.ts';
import { Challenges, prfSalt } from '#door/passkeys.ts';
import type { Peer } from '#door/peer.ts';
import { type Expected, readAssertion, readMadePasskey } from '#door/webauthn.ts';

const origin = 'https://mail.example.org';
const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

const asked = (): Expected & { id: string; text: string } => {
  const challenge = randomBytes(32);
  return { id: 'c1', text: challenge.toString('base64url'), challenge, origin, rpId: 'mail.example.org' };
};

const made = (key: Passkey, expected = asked(), said?: number, at = origin) => {
  const given = key.make({ ...expected, challenge: expected.text }, at, said);
  return readMadePasskey(
    {
      credentialId: bytes(given.credentialId),
      clientData: bytes(given.clientData),
      authenticatorData: bytes(given.authenticatorData),
    },
    expected,
  );
};

type Given = Parameters<typeof readAssertion>[0];

const shown = (key: Passkey, expected: Expected & { id: string; text: string }, said?: number, at = origin): Given => {
  const given = key.answer({ ...expected, challenge: expected.text }, at, said);
  return {
    clientData: bytes(given.clientData),
    authenticatorData: bytes(given.authenticatorData),
    signature: bytes(given.signature),
  };
};

for (const kind of ['ES256', 'EdDSA', 'RS256'] as const)
  test(`D61 a passkey of ${kind} is taken, and its answers are verified`, () => {
    const key = new Passkey(kind);
    const passkey = made(key);
    assert.ok(passkey);
    assert.deepEqual(bytes(passkey.publicKey), key.publicKey);
    const expected = asked();
    const right = shown(key, expected);
    assert.equal(readAssertion(right, expected, passkey), 0);
    for (const part of ['clientData', 'authenticatorData', 'signature'] as const)
      for (const at of [0, right[part].length >> 1, right[part].length - 1]) {
        const bent = Buffer.from(right[part]);
        bent[at] = (bent[at] ?? 0) ^ 1;
        assert.equal(readAssertion({ ...right, [part]: bent }, expected, passkey), null, `${part} ${at}`);
      }
    assert.equal(readAssertion(shown(new Passkey(kind), expected), expected, passkey), null, 'of another key');
  });

test('D61 challenge, origin, site and what the authenticator has seen are checked', () => {
  const key = new Passkey();
  const passkey = made(key);
  assert.ok(passkey);
  const expected = asked();
  const refused = (given: Given, wanted: Expected = expected): void =>
    assert.equal(readAssertion(given, wanted, passkey), null);
  refused(shown(key, expected, flags.present), expected);
  refused(shown(key, expected, flags.verified), expected);
  refused(shown(key, expected, flags.both, 'https://mail.example.org.evil.test'));
  refused(shown(key, asked()));
  refused(shown(key, expected), { ...expected, rpId: 'example.org' });
  refused({ ...shown(key, expected), clientData: clientData('webauthn.create', expected.text, origin) });
  refused({
    ...shown(key, expected),
    clientData: clientData('webauthn.get', expected.text, origin, { crossOrigin: true }),
  });
  refused({ ...shown(key, expected), clientData: Buffer.from('nonsense') });
  refused({ ...shown(key, expected), authenticatorData: Buffer.alloc(10) });
  assert.equal(made(key, asked(), flags.present), null);
  assert.equal(made(key, asked(), flags.both, 'https://evil.test'), null);
});

test('D61 a count that does not rise is a copy; passkeys that are synchronised do not count', () => {
  const key = new Passkey();
  key.count = 7;
  const passkey = made(key);
  assert.equal(passkey?.signCount, 7);
  const use = (count: number): number | null => {
    key.count = count;
    const expected = asked();
    return readAssertion(shown(key, expected), expected, passkey);
  };
  assert.equal(use(8), 8);
  assert.equal(use(7), null);
  assert.equal(use(0), null);
});

test('D61 what is no key, no credential or another one is not taken', () => {
  const expected = asked();
  const given = new Passkey().make({ ...expected, challenge: expected.text }, origin);
  const parts = {
    credentialId: bytes(given.credentialId),
    clientData: bytes(given.clientData),
    authenticatorData: bytes(given.authenticatorData),
  };
  assert.ok(readMadePasskey(parts, expected));
  assert.equal(readMadePasskey({ ...parts, credentialId: randomBytes(16) }, expected), null);
  for (let length = 0; length < parts.authenticatorData.length; length += 1)
    assert.equal(
      readMadePasskey({ ...parts, authenticatorData: parts.authenticatorData.subarray(0, length) }, expected),
      null,
    );
  const unknown = Buffer.from(parts.authenticatorData);
  assert.equal(unknown[unknown.length - 73], 0x26);
  unknown[unknown.length - 73] = 0x27;
  assert.equal(readMadePasskey({ ...parts, authenticatorData: unknown }, expected), null);
});

test('D61 a challenge serves once, for five minutes, for who asked, and at the origin that asked', () => {
  let now = 0;
  const challenges = new Challenges({ now: () => now, after: () => () => undefined });
  const peer = (at: string): Peer => ({ address: '', local: true, origin: at, secure: true, userAgent: '' });
  const user = 'u' as never;
  const { id, rpId, salt } = challenges.give(peer(origin), null);
  assert.equal(rpId, 'mail.example.org');
  assert.equal(salt, prfSalt);
  assert.ok(challenges.take(id, peer(origin), null));
  assert.equal(challenges.take(id, peer(origin), null), null, 'a second time');
  assert.equal(challenges.take(challenges.give(peer(origin), user).id, peer(origin), null), null);
  assert.equal(challenges.take(challenges.give(peer(origin), null).id, peer('https://evil.test'), null), null);
  const late = challenges.give(peer(origin), null);
  now += 5 * 60_000;
  assert.equal(challenges.take(late.id, peer(origin), null), null);
  assert.throws(() => challenges.give(peer('http://127.0.0.1:8080'), null), { code: 'door/no-passkeys' });
  assert.throws(() => challenges.give(peer('http://[::1]:8080'), null), { code: 'door/no-passkeys' });
});

test('D61 CBOR that is cut off, too deep or of unknown kinds cannot be read', () => {
  assert.deepEqual(readCbor(Buffer.from('a1016161ff', 'hex')), { item: new Map([[1, 'a']]), length: 4 });
  assert.deepEqual(readCbor(Buffer.from('83012042ffee', 'hex'))?.item, [1, -1, Buffer.of(0xff, 0xee)]);
  for (const wrong of ['', '42ff', '1b', 'f5', 'a1f501', '818181818181', '9bffffffffffffffff'])
    assert.equal(readCbor(Buffer.from(wrong, 'hex')), null, wrong);
});
