import {
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { join, random, same, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';
import { derive } from './keys.ts';

/** One key of the host key ring; `epoch` is the day (days since 1970, UTC) from which it counts. */
export interface RingEntry {
  epoch: number;
  key: Buffer;
}

/** What the secret file holds. `pepper` never changes; `ring` is ascending and never empty. */
export interface HostSecrets {
  pepper: Buffer;
  ring: RingEntry[];
}

const magic = Buffer.from('PSTRNKEY');
const version = 1;
const headLength = magic.length + 1 + 32 + 2;
const entryLength = 4 + 32;
const checkLength = 16;

/** file = "PSTRNKEY" version(1) pepper(32) count(2) { epoch(4) key(32) } check(16), numbers big endian. */
export const encodeHostFile = ({ pepper, ring }: HostSecrets): Buffer => {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(ring.length);
  const entries = ring.map(({ epoch, key }) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(epoch);
    return join(number, key);
  });
  const body = join(magic, Uint8Array.of(version), pepper, count, ...entries);
  const check = derive(pepper, 'postern/1/host-file-check', [body]);
  const file = join(body, check.subarray(0, checkLength));
  wipe(body, ...entries);
  return file;
};

const unusable = (path: string, why: string, cause?: unknown): VaultError =>
  new VaultError('host/secret-file', `the secret file ${path} ${why}`, {}, cause === undefined ? {} : { cause });

/** @throws VaultError `host/secret-file` */
export const decodeHostFile = (bytes: Buffer, path: string): HostSecrets => {
  if (bytes.length < headLength || !bytes.subarray(0, magic.length).equals(magic))
    throw unusable(path, 'is not one of Postern');
  if (bytes[magic.length] !== version) throw unusable(path, 'was made by a newer Postern');
  const pepper = random(32);
  bytes.copy(pepper, 0, magic.length + 1);
  const count = bytes.readUInt16BE(headLength - 2);
  const end = headLength + count * entryLength;
  if (count === 0 || bytes.length !== end + checkLength) throw unusable(path, 'is not whole');
  const check = derive(pepper, 'postern/1/host-file-check', [bytes.subarray(0, end)]);
  if (!same(check.subarray(0, checkLength), bytes.subarray(end))) throw unusable(path, 'is damaged');
  const ring = Array.from({ length: count }, (_, i) => {
    const at = headLength + i * entryLength;
    return { epoch: bytes.readUInt32BE(at), key: join(bytes.subarray(at + 4, at + entryLength)) };
  });
  return { pepper, ring };
};

const writeFresh = (path: string, secrets: HostSecrets): string => {
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  const bytes = encodeHostFile(secrets);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    wipe(bytes);
    closeSync(file);
  }
  return draft;
};

const make = (path: string, today: number): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = writeFresh(path, { pepper: random(32), ring: [{ epoch: today, key: random(32) }] });
  try {
    linkSync(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(draft, { force: true });
  }
};

/**
 * Reads the secret file; makes it, mode 600, when there is none. Of two processes that start at once, one makes it and
 * both read the same.
 * @throws VaultError `host/secret-file`
 */
export const openHostFile = (path: string, today: number): HostSecrets => {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) make(path, today);
    if ((statSync(path).mode & 0o007) !== 0)
      throw unusable(path, 'can be read by every user of this machine; set its mode to 600');
    const bytes = readFileSync(path);
    try {
      return decodeHostFile(bytes, path);
    } finally {
      wipe(bytes);
    }
  } catch (error) {
    if (error instanceof VaultError) throw error;
    throw unusable(path, `cannot be used (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  }
};

/** Puts another file in its place in one step. What root writes still belongs to whom it belonged. */
const replace = (path: string, secrets: HostSecrets): void => {
  const { uid, gid } = statSync(path);
  const draft = writeFresh(path, secrets);
  try {
    if (process.geteuid?.() === 0) chownSync(draft, uid, gid);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
};

/** Replaces the file in one step; false where it may not be written (a mounted credential), which loses only shredding. */
export const replaceHostFile = (path: string, secrets: HostSecrets): boolean => {
  try {
    replace(path, secrets);
    return true;
  } catch {
    return false;
  }
};

/** What of the file is no secret. */
interface RotatedHostFile {
  /** The day from which a random key counts, and all follow from it. */
  epoch: number;
  /** Of the entries of the ring, old and new. */
  entries: number;
}

/**
 * Appends a random key for the day after the newest, so that no session made until now loses its own. Once a day: the
 * ring may not run ahead of the days for which old keys are kept.
 * @throws VaultError `host/secret-file`; where there is no file none is made
 */
export const rotateHostFile = (path: string, today: number): RotatedHostFile => {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) throw unusable(path, 'does not exist');
  const { pepper, ring } = openHostFile(path, today);
  const added: RingEntry = { epoch: Math.max(today, ring.at(-1)?.epoch ?? 0) + 1, key: random(32) };
  const whole = [...ring, added];
  try {
    if (added.epoch > today + 1) throw unusable(path, 'was rotated today already; it can be again tomorrow (UTC)');
    replace(path, { pepper, ring: whole });
    return { epoch: added.epoch, entries: whole.length };
  } catch (error) {
    if (error instanceof VaultError) throw error;
    throw unusable(path, `cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  } finally {
    wipe(pepper, ...whole.map(({ key }) => key));
  }
};
