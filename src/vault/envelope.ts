import sodium from 'sodium-native';
import { fresh, join, random } from './bytes.ts';

const nonceLength = 24;
const tagLength = 16;

/** How the body of one envelope version is made. */
interface Suite {
  seal(key: Uint8Array, associated: Uint8Array, plain: Uint8Array): Buffer;
  /** Null when it does not open, whatever the cause. */
  open(key: Uint8Array, associated: Uint8Array, body: Uint8Array): Buffer | null;
}

/** body = nonce(24) ciphertext tag(16): XChaCha20-Poly1305-IETF with a random nonce. */
const xchacha: Suite = {
  seal: (key, associated, plain) => {
    const body = fresh(nonceLength + plain.length + tagLength);
    const nonce = body.subarray(0, nonceLength);
    sodium.randombytes_buf(nonce);
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(body.subarray(nonceLength), plain, associated, null, nonce, key);
    return body;
  },
  open: (key, associated, body) => {
    if (body.length < nonceLength + tagLength) return null;
    const plain = fresh(body.length - nonceLength - tagLength);
    const nonce = body.subarray(0, nonceLength);
    try {
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain,
        null,
        body.subarray(nonceLength),
        associated,
        nonce,
        key,
      );
      return plain;
    } catch {
      return null;
    }
  },
};

/** Every version that may still stand in a database. An entry is never removed or changed. */
const suites: ReadonlyMap<number, Suite> = new Map([[1, xchacha]]);
const current = { version: 1, suite: xchacha } as const;

const withVersion = (version: number, associated: Uint8Array): Buffer => join(Uint8Array.of(version), associated);

/** envelope = version(1) body. `associated` (see associated.ts) and the version are authenticated. `key`: 32 bytes. */
export const seal = (key: Uint8Array, associated: Uint8Array, plain: Uint8Array): Buffer => {
  const body = current.suite.seal(key, withVersion(current.version, associated), plain);
  return join(Uint8Array.of(current.version), body);
};

/** The plain text, for the caller to wipe; null for a wrong key, another binding, damage or an unknown version alike. */
export const open = (key: Uint8Array, associated: Uint8Array, envelope: Uint8Array): Buffer | null => {
  const version = envelope[0];
  const suite = version === undefined ? undefined : suites.get(version);
  if (version === undefined || !suite) return null;
  return suite.open(key, withVersion(version, associated), envelope.subarray(1));
};

/** Length of an envelope that holds `plain` bytes, in the current version. */
export const envelopeLength = (plain: number): number => 1 + nonceLength + plain + tagLength;

/** A fresh key of 32 bytes. */
export const newKey = (): Buffer => random(32);
