import { createHash, randomInt } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const rounds = 5000;

const sha512 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** `length` bytes of `block`, repeated. */
const stretched = (block: Buffer, length: number): Buffer => Buffer.alloc(length, block);

/** Three bytes as four letters, lowest six bits first. */
const encode24 = (a: number, b: number, c: number, count: number): string => {
  let value = (a << 16) | (b << 8) | c;
  let text = '';
  for (let at = 0; at < count; at += 1) {
    text += alphabet[value & 63] ?? '';
    value >>= 6;
  }
  return text;
};

const encode = (digest: Buffer): string => {
  const at = (index: number): number => digest[index] ?? 0;
  let text = '';
  let [a, b, c] = [0, 21, 42];
  for (let step = 0; step < 21; step += 1) {
    text += encode24(at(a), at(b), at(c), 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  return text + encode24(0, 0, at(63), 2);
};

const newSalt = (): string => Array.from({ length: 16 }, () => alphabet[randomInt(64)]).join('');

/** `$6$salt$…`: the SHA-512 crypt of glibc (Drepper, "Unix crypt using SHA-256 and SHA-512", steps 1 to 22). */
export const sha512Crypt = (password: Buffer, salt: string = newSalt()): string => {
  const saltBytes = Buffer.from(salt, 'latin1');
  const second = sha512(password, saltBytes, password);
  const first: Buffer[] = [password, saltBytes, stretched(second, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) first.push((bits & 1) === 1 ? second : password);
  let digest = sha512(...first);
  const p = stretched(sha512(...Array.from({ length: password.length }, () => password)), password.length);
  const s = stretched(sha512(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => saltBytes)), saltBytes.length);
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1;
    const parts: Buffer[] = [isOdd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(isOdd ? digest : p);
    digest = sha512(...parts);
  }
  p.fill(0);
  return `$6$${salt}$${encode(digest)}`;
};
