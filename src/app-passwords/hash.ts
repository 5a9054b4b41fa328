import { argon2, hash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { sha512Crypt } from './sha512-crypt.ts';

/** Forms of a stored password that Dovecot checks. */
export const schemes = ['SSHA512', 'SSHA256', 'SHA512-CRYPT', 'ARGON2ID'] as const;
export type Scheme = (typeof schemes)[number];

const salted = (algorithm: 'sha256' | 'sha512', password: Buffer): string => {
  const salt = randomBytes(16);
  const both = Buffer.concat([password, salt]);
  // At once: an object that is fed would hold the last bytes until it is collected.
  const digest = hash(algorithm, both, 'buffer');
  both.fill(0);
  return Buffer.concat([digest, salt]).toString('base64');
};

const derive = promisify(argon2);
/** OWASP's second choice: 19 MiB, two passes. The password itself has 133 bits. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const argon2id = async (password: Buffer): Promise<string> => {
  const nonce = randomBytes(16);
  const tag = await derive('argon2id', { message: password, nonce, tagLength: 32, ...cost });
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(nonce)}$${unpadded(tag)}`;
};

/** `{SCHEME}…` as Dovecot reads it, with a salt of its own. */
export const hashPassword = async (scheme: Scheme, password: Buffer): Promise<string> => {
  switch (scheme) {
    case 'SSHA512':
      return `{SSHA512}${salted('sha512', password)}`;
    case 'SSHA256':
      return `{SSHA256}${salted('sha256', password)}`;
    case 'SHA512-CRYPT':
      return `{SHA512-CRYPT}${sha512Crypt(password)}`;
    case 'ARGON2ID':
      return `{ARGON2ID}${await argon2id(password)}`;
  }
};
