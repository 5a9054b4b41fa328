import { createHmac } from 'node:crypto';
import { fresh, random, same, wipe } from './bytes.ts';

/** One-time codes – RFC 6238 with SHA-1, 30 seconds and 6 digits, what every authenticator app can. */
const stepMs = 30_000;
const digits = 6;
const totpBytes = 20;

export const newTotpSecret = (): Buffer => random(totpBytes);

/** HOTP – RFC 4226 §5.3, as ASCII digits. */
const codeOf = (secret: Uint8Array, step: number): Buffer => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits;
  wipe(mac);
  return Buffer.from(String(number).padStart(digits, '0'));
};

/**
 * The step a code is of: now, the one before or the one after, later than `lastStep`. Null: it is wrong, or was used.
 * Every step is tried, so that the time tells nothing.
 */
export const totpStep = (secret: Uint8Array, code: string, now: number, lastStep: number | null): number | null => {
  const given = Buffer.from(code.replaceAll(' ', ''));
  const current = Math.floor(now / stepMs);
  let found: number | null = null;
  for (const step of [current - 1, current, current + 1])
    if (same(given, codeOf(secret, step)) && step > (lastStep ?? -1)) found = step;
  return found;
};

const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');

/** Base32 (RFC 4648 §6) without padding, from bytes to bytes, of a length divisible by five. */
export const base32 = (bytes: Uint8Array): Buffer => {
  const out = fresh((bytes.length / 5) * 8);
  for (let at = 0; at < out.length; at += 1) {
    const bit = at * 5;
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    out[at] = alphabet[(pair >> (11 - (bit & 7))) & 31] ?? 0;
  }
  return out;
};
