import { hsalsa, xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { pow } from '@noble/curves/abstract/modular.js';
import { montgomery } from '@noble/curves/abstract/montgomery.js';
import { blake2b } from '@noble/hashes/blake2.js';

/**
 * Passwords on their way to the keeper, sealed so that nothing between this page and it can read them: libsodium's
 * `crypto_box_seal`, and the form of `POST /auth/sign-in` around it (docs/spec/vault.md V50, jmap/auth/sign-in.ts).
 */

const prime = 2n ** 255n - 19n;

/** RFC 7748 §5. By its parameters alone: the ready-made one brings along Ed25519 and SHA-512, and twice the bytes. */
const x25519 = montgomery({
  P: prime,
  type: 'x25519',
  powPminus2: (x) => pow(x, prime - 2n, prime),
  adjustScalarBytes: (bytes: Uint8Array) => {
    const clamped = bytes.slice();
    clamped[0] = (clamped[0] ?? 0) & 248;
    clamped[31] = ((clamped[31] ?? 0) & 127) | 64;
    return clamped;
  },
});

/** `expand 32-byte k`, as little-endian words. */
const sigma = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
const keyLength = 32;
const block = 256;
const payloadVersion = 1;

/** What a box is for (V50): the keeper takes it for nothing else. */
export const purposes = { mailPassword: 1, sitePassword: 2, passkey: 3, recoveryCode: 4, smtpPassword: 5 } as const;

/** A secret on its way, and the login it belongs to (empty where there is none). Text is brought to NFC. */
export interface Sealed {
  purpose: keyof typeof purposes;
  login: string;
  secret: string | Uint8Array;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Big endian. */
const number = (value: number, size: 2 | 4): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes.subarray(4 - size);
};

/** HSalsa20 of a shared secret under a zero nonce: the key of crypto_box. Typed arrays are little endian wherever browsers run. */
const boxKey = (shared: Uint8Array): Uint8Array => {
  const words = new Uint32Array(keyLength / 4);
  hsalsa(sigma, new Uint32Array(shared.slice().buffer), new Uint32Array(4), words);
  return new Uint8Array(words.buffer);
};

/**
 * box = ephemeral public key(32) xsalsa20poly1305(plain), nonce = BLAKE2b-192(ephemeral ‖ public key). `secretKey` is
 * given by tests only.
 */
export const sealBox = (
  plain: Uint8Array,
  publicKey: Uint8Array,
  secretKey: Uint8Array = crypto.getRandomValues(new Uint8Array(keyLength)),
): Uint8Array => {
  const ephemeral = x25519.getPublicKey(secretKey);
  const shared = x25519.getSharedSecret(secretKey, publicKey);
  const key = boxKey(shared);
  const nonce = blake2b(join(ephemeral, publicKey), { dkLen: 24 });
  const box = join(ephemeral, xsalsa20poly1305(key, nonce).encrypt(plain));
  for (const secret of [secretKey, shared, key]) secret.fill(0);
  return box;
};

/** A secret in the payload of V50, sealed. */
const sealSecret = ({ purpose, login, secret: given }: Sealed, publicKey: Uint8Array): Uint8Array => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const name = encode(login);
  const secret = typeof given === 'string' ? encode(given.normalize('NFC')) : given.slice();
  const head = Uint8Array.of(payloadVersion, purposes[purpose], 0);
  const said = join(head, number(name.length, 2), name, number(secret.length, 2), secret);
  const padded = new Uint8Array(Math.ceil(said.length / block) * block);
  padded.set(said);
  const box = sealBox(padded, publicKey);
  for (const each of [secret, said, padded]) each.fill(0);
  return box;
};

/** The key of `GET /auth/key`; null when it is none. */
export const readKey = (text: string): Uint8Array | null => {
  if (!/^[\w-]{43}$/u.test(text)) return null;
  const digits = text.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
};

/** A form with secrets (`application/octet-stream`): the form as JSON without them, then each in its box. */
export const sealForm = (form: object, secrets: readonly Sealed[], publicKey: Uint8Array): Uint8Array<ArrayBuffer> => {
  const open = new TextEncoder().encode(JSON.stringify(form));
  const boxes = secrets.map((secret) => sealSecret(secret, publicKey));
  return new Uint8Array(join(number(open.length, 4), open, ...boxes.flatMap((box) => [number(box.length, 2), box])));
};
