import { fresh, wipe } from './bytes.ts';

/**
 * code = 8( 4letter "-" ) check; 32 letters of Crockford's base32 hold 160 random bits. Read with blanks and dashes
 * anywhere, in upper and lower case, O for 0, I and L for 1. Bytes only: it never becomes a string here.
 */
const alphabet = Buffer.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
export const recoveryBytes = 20;
const letters = 32;
const group = 4;
const dash = 0x2d;

const values = new Map<number, number>();
for (const [value, letter] of alphabet.entries()) {
  values.set(letter, value);
  values.set(letter | 0x20, value);
}
for (const [letter, value] of [
  ['O', 0],
  ['I', 1],
  ['L', 1],
] as const) {
  values.set(letter.charCodeAt(0), value);
  values.set(letter.charCodeAt(0) | 0x20, value);
}

/** Horner's scheme over GF(32), x⁵+x²+1: sees every single wrong letter and every two neighbours that changed places. */
const checkOf = (digits: Uint8Array): number => {
  let check = 0;
  for (const digit of digits) {
    check = (check << 1) ^ digit;
    if (check & 32) check ^= 0b10_0101;
  }
  return check & 31;
};

/** ASCII of the code, for the caller to wipe. */
export const formatRecoveryCode = (secret: Uint8Array): Buffer => {
  const digits = fresh(letters);
  for (let at = 0; at < letters; at += 1) {
    const bit = at * 5;
    const pair = ((secret[bit >> 3] ?? 0) << 8) | (secret[(bit >> 3) + 1] ?? 0);
    digits[at] = (pair >> (11 - (bit & 7))) & 31;
  }
  const code = fresh(letters + letters / group + 1);
  let to = 0;
  for (const [at, digit] of digits.entries()) {
    code[to++] = alphabet[digit] ?? 0;
    if (at % group === group - 1) code[to++] = dash;
  }
  code[to] = alphabet[checkOf(digits)] ?? 0;
  wipe(digits);
  return code;
};

/** The 20 secret bytes of a code as it was typed, for the caller to wipe; null: it is none, or has a typing error. */
export const parseRecoveryCode = (text: Uint8Array): Buffer | null => {
  const digits = fresh(letters + 1);
  const secret = fresh(recoveryBytes);
  try {
    let length = 0;
    for (const byte of text) {
      if (byte === dash || byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
      const value = values.get(byte);
      if (value === undefined || length > letters) return null;
      digits[length++] = value;
    }
    if (length !== letters + 1 || checkOf(digits.subarray(0, letters)) !== digits[letters]) return null;
    for (let at = 0; at < recoveryBytes * 8; at += 1) {
      const bit = ((digits[Math.floor(at / 5)] ?? 0) >> (4 - (at % 5))) & 1;
      secret[at >> 3] = (secret[at >> 3] ?? 0) | (bit << (7 - (at & 7)));
    }
    const copy = fresh(recoveryBytes);
    copy.set(secret);
    return copy;
  } finally {
    wipe(digits, secret);
  }
};
