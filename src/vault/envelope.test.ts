import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forCredential, forRecord, forSlot } from './associated.ts';
import { base64 } from './bytes.ts';
import { canonical, type Field } from './canonical.ts';
import { openCredential, sealCredential } from './credential.ts';
import { envelopeLength, newKey, open, seal } from './envelope.ts';
import type { Binding, MailAccountId, SlotId, Target, UserId } from './keeper.ts';

const binding: Binding = {
  purpose: 'mail-password',
  user: 'u1' as UserId,
  account: 'a1' as MailAccountId,
  row: 'a1/imap',
  generation: 3,
};
const target: Target = {
  protocol: 'imap',
  host: 'imap.example.org',
  port: 993,
  security: 'tls',
  username: 'alice',
  pin: null,
};

const bytes = fc.uint8Array({ maxLength: 400, size: 'max' }).map((array) => Buffer.from(array));
const field = fc.oneof<fc.Arbitrary<Field>[]>(fc.string(), fc.nat(), fc.constant(null), bytes as fc.Arbitrary<Field>);

test('V1 an envelope starts with its version and gives back what was put in', () => {
  fc.assert(
    fc.property(bytes, bytes, (plain, associated) => {
      const key = newKey();
      const sealed = seal(key, associated, plain);
      assert.equal(sealed[0], 1);
      assert.equal(sealed.length, envelopeLength(plain.length));
      assert.deepEqual(open(key, associated, sealed), plain);
    }),
  );
});

test('V1 a fixed envelope of version 1 stays readable', () => {
  const sealed = Buffer.from(
    '01000102030405060708090a0b0c0d0e0f1011121314151617c9798bea96787bd140bff57d535f010ee0cb3e6fde79467cc1a46d',
    'hex',
  );
  assert.equal(open(Buffer.alloc(32, 7), Buffer.from('postern'), sealed)?.toString(), 'an old text');
});

test('V2 a bit flipped anywhere, a cut or a longer envelope does not open', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 0, max: 7 }), (plain, where, bit) => {
      const key = newKey();
      const associated = Buffer.from('row 1');
      const sealed = seal(key, associated, plain);
      const flipped = Buffer.from(sealed);
      const at = where % sealed.length;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      assert.equal(open(key, associated, flipped), null);
      assert.equal(open(key, associated, sealed.subarray(0, at)), null);
      assert.equal(open(key, associated, Buffer.concat([sealed, Buffer.from([0])])), null);
      assert.equal(open(newKey(), associated, sealed), null);
    }),
  );
});

test('V3 two different lists of fields never have the same encoding', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(field), fc.string(), fc.array(field), (p, one, q, two) => {
      const plain = (list: Field[]): string =>
        JSON.stringify(
          list.map((x) => (x instanceof Uint8Array ? ['bytes', Buffer.from(x).toString('hex')] : [typeof x, x])),
        );
      const equal = p === q && plain(one) === plain(two);
      assert.equal(canonical(p, one).equals(canonical(q, two)), equal);
    }),
  );
});

/** Every way in which one row can be passed off as another. */
const otherBindings: Partial<Binding>[] = [
  { purpose: 'draft' },
  { user: 'u2' as UserId },
  { account: 'a2' as MailAccountId },
  { account: null },
  { row: 'a1/smtp' },
  { generation: 2 },
];
const otherTargets: Partial<Target>[] = [
  { protocol: 'smtp' },
  { host: 'imap.example.com' },
  { host: 'IMAP.example.org' },
  { port: 143 },
  { security: 'none' },
  { username: 'bob' },
  { pin: 'ab'.repeat(32) },
];

test('V4 a record opens in its own row only', () => {
  const key = newKey();
  const sealed = seal(key, forRecord(binding), Buffer.from('text'));
  for (const other of otherBindings) assert.equal(open(key, forRecord({ ...binding, ...other }), sealed), null);
  assert.equal(open(key, forCredential(binding, target), sealed), null);
});

test('V5 a credential opens in its own row and for its own server only, with one error', () => {
  const wrapKey = newKey();
  const password = Buffer.from('påss 1');
  const sealed = sealCredential(wrapKey, binding, target, password);
  assert.deepEqual(openCredential(wrapKey, { binding, target, sealed }), password);
  const refused = { name: 'VaultError', code: 'record/does-not-open', message: 'a credential does not open' };
  for (const other of otherBindings)
    assert.throws(() => openCredential(wrapKey, { binding: { ...binding, ...other }, target, sealed }), refused);
  for (const other of otherTargets)
    assert.throws(() => openCredential(wrapKey, { binding, target: { ...target, ...other }, sealed }), refused);
  assert.throws(() => openCredential(newKey(), { binding, target, sealed }), refused);
  for (let at = 0; at < sealed.length; at += 1) {
    const flipped = Buffer.from(sealed);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    assert.throws(() => openCredential(wrapKey, { binding, target, sealed: flipped }), refused);
  }
});

test('V6 the length of a credential does not tell the length of the password', () => {
  const lengths = [0, 1, 20, 254].map((n) => sealCredential(newKey(), binding, target, Buffer.alloc(n, 65)).length);
  assert.equal(new Set(lengths).size, 1);
  const long = Buffer.alloc(1000, 65);
  const wrapKey = newKey();
  assert.deepEqual(
    openCredential(wrapKey, { binding, target, sealed: sealCredential(wrapKey, binding, target, long) }),
    long,
  );
});

test('V4 slots of one user do not pass for another or for another kind', () => {
  const name = { id: 's1' as SlotId, user: 'u1' as UserId, kind: 'token', account: null, generation: 1 } as const;
  const head = Buffer.from('head');
  const others = [{ id: 's2' as SlotId }, { user: 'u2' as UserId }, { kind: 'recovery' as const }, { generation: 2 }];
  for (const other of others) assert.notDeepEqual(forSlot({ ...name, ...other }, head), forSlot(name, head));
});

test('base64 of bytes is the usual one', () => {
  fc.assert(fc.property(bytes, (b) => assert.equal(base64(b).toString(), b.toString('base64'))));
});
