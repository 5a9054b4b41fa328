import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './errors.ts';

const keyLength = 32;

/**
 * A random key of 32 bytes in a file of mode 600, made when missing. Two processes that start at once get the same key.
 * @throws ConfigError `config/file` when the file is of another length
 */
export const keyFile = (path: string): Buffer => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) {
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, randomBytes(keyLength), { mode: 0o600, flag: 'wx' });
    try {
      linkSync(fresh, path);
    } catch (cause) {
      if (!existsSync(path)) throw new ConfigError('config/file', [`${path} cannot be made.`], { cause });
    } finally {
      rmSync(fresh, { force: true });
    }
  }
  chmodSync(path, 0o600);
  const key = readFileSync(path);
  if (key.length !== keyLength)
    throw new ConfigError('config/file', [`${path} must hold ${keyLength} bytes and holds ${key.length}.`]);
  return key;
};
