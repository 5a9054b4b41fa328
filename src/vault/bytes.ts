import sodium from 'sodium-native';

/**
 * Zeroed memory for a secret, outside the JavaScript heap. `Buffer.alloc` of 64 bytes and less lies *inside* it, where
 * the garbage collector leaves copies behind.
 */
export const fresh = (size: number): Buffer => Buffer.from(new ArrayBuffer(size));

/** {@link fresh} memory full of random bytes. */
export const random = (size: number): Buffer => {
  const bytes = fresh(size);
  if (size > 0) sodium.randombytes_buf(bytes);
  return bytes;
};

export const wipe = (...secrets: (Uint8Array | null | undefined)[]): void => {
  for (const secret of secrets) if (secret && secret.length > 0) sodium.sodium_memzero(secret);
};

/** A copy in {@link fresh} memory. */
export const copyOf = (bytes: Uint8Array): Buffer => {
  const copy = fresh(bytes.length);
  copy.set(bytes);
  return copy;
};

/** As `Buffer.concat`, in {@link fresh} memory. */
export const join = (...parts: readonly Uint8Array[]): Buffer => {
  const whole = fresh(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** Equal in constant time; bytes of different length are unequal. */
export const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && sodium.sodium_memcmp(a, b);

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = 0x3d;

/** Base64 (RFC 4648 §4) from bytes to bytes, so that a secret never becomes a string. */
export const base64 = (bytes: Uint8Array): Buffer => {
  const out = fresh(Math.ceil(bytes.length / 3) * 4);
  for (let i = 0, o = 0; i < bytes.length; i += 3, o += 4) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]];
    out[o] = alphabet[a >> 2] ?? 0;
    out[o + 1] = alphabet[((a & 3) << 4) | ((b ?? 0) >> 4)] ?? 0;
    out[o + 2] = b === undefined ? padding : (alphabet[((b & 15) << 2) | ((c ?? 0) >> 6)] ?? 0);
    out[o + 3] = c === undefined ? padding : (alphabet[c & 63] ?? 0);
  }
  return out;
};
