import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sodium from 'sodium-native';
import { sealSignIn } from '../e2e/sealed-sign-in.ts';
import { readKey, sealBox, sealForm } from '#model/seal.ts';

const keeper = () => {
  const publicKey = Buffer.alloc(32);
  const secretKey = Buffer.alloc(32);
  sodium.crypto_box_keypair(publicKey, secretKey);
  return {
    publicKey: new Uint8Array(publicKey),
    open: (box: Uint8Array): Buffer | null => {
      const plain = Buffer.alloc(Math.max(0, box.length - sodium.crypto_box_SEALBYTES));
      return sodium.crypto_box_seal_open(plain, Buffer.from(box), publicKey, secretKey) ? plain : null;
    },
  };
};

test('libsodium opens every box, and none that was touched', () => {
  const { publicKey, open } = keeper();
  const arbitrary = fc.tuple(
    fc.uint8Array({ maxLength: 700, size: 'max' }),
    fc.uint8Array({ minLength: 32, maxLength: 32, size: 'max' }),
  );
  fc.assert(
    fc.property(arbitrary, fc.nat(), ([plain, seed], bit) => {
      const box = sealBox(plain, publicKey, seed.slice());
      assert.deepEqual(open(box), Buffer.from(plain));
      const ephemeral = Buffer.alloc(32);
      sodium.crypto_scalarmult_base(ephemeral, seed);
      assert.deepEqual(Buffer.from(box.subarray(0, 32)), ephemeral);
      const at = bit % (box.length * 8);
      // The unused top bit of the ephemeral key counts in the nonce.
      box[at >> 3] = (box[at >> 3] ?? 0) ^ (1 << (at & 7));
      assert.equal(open(box), null);
    }),
    { numRuns: 60 },
  );
  assert.equal(keeper().open(sealBox(Uint8Array.of(1), publicKey)), null, 'another key opens nothing');
});

test('no key of low order is sealed to', () => {
  assert.throws(() => sealBox(Uint8Array.of(1), new Uint8Array(32)));
});

test('the payload is that of V50: version, purpose, no challenge, login, password in NFC, zeros to 256', () => {
  const { publicKey, open } = keeper();
  /** The one box of a form without fields: behind its length, `{}`, and the length of the box. */
  const sealed = (login: string, secret: string): Uint8Array =>
    sealForm({}, [{ purpose: 'mailPassword', login, secret }], publicKey).subarray(4 + 2 + 2);
  const plain = open(sealed('älice@example.org', 'Ka\u0308se'));
  assert.ok(plain);
  assert.equal(plain.length, 256);
  const login = Buffer.from('älice@example.org');
  const password = Buffer.from('Käse');
  const head = Buffer.concat([
    Buffer.from([1, 1, 0, 0, login.length]),
    login,
    Buffer.from([0, password.length]),
    password,
  ]);
  assert.deepEqual(plain, Buffer.concat([head, Buffer.alloc(256 - head.length)]));
  assert.equal(open(sealed('a@b.example', 'x'.repeat(300)))?.length, 512);
});

test('a sign-in is the wish without its passwords, and a box for each', () => {
  const { publicKey, open } = keeper();
  const wish = { address: 'alice@example.org', remember: true, startAfresh: false };
  const body = Buffer.from(sealSignIn({ ...wish, password: 'now-1', previousPassword: 'before-2' }, publicKey));
  const end = 4 + body.readUInt32BE();
  assert.deepEqual(JSON.parse(body.subarray(4, end).toString()), wish);
  const first = body.readUInt16BE(end);
  const boxes = [body.subarray(end + 2, end + 2 + first), body.subarray(end + 4 + first)];
  assert.equal(body.readUInt16BE(end + 2 + first), boxes[1]?.length);
  const opened = boxes.map((box) => open(box)?.toString('latin1') ?? '');
  assert.ok(opened[0]?.includes('now-1') && opened[1]?.includes('before-2'), String(opened));
});

test('a key is 32 bytes in base64url', () => {
  const { publicKey } = keeper();
  assert.deepEqual(readKey(Buffer.from(publicKey).toString('base64url')), publicKey);
  for (const text of ['', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`]) assert.equal(readKey(text), null);
});
