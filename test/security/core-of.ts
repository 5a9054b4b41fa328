import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Search } from './needles.ts';
import { type Scan, Scanner } from './scanner.ts';

/** Cores as the kernel writes them when a process is ended by a signal, taken by force from processes that keep theirs off. */

const prlimit = '/usr/bin/prlimit';
const pattern = '/proc/sys/kernel/core_pattern';

const limitsOf = (pid: number | 'self'): { soft: string; hard: string } => {
  const limits = fs.readFileSync(`/proc/${pid}/limits`, 'utf8');
  const [, soft = '', hard = ''] = /^Max core file size +(\S+) +(\S+)/m.exec(limits) ?? [];
  return { soft, hard };
};

const limit = (pid: number, soft: string): void => {
  const { status, stderr } = spawnSync(prlimit, ['--pid', String(pid), `--core=${soft}:`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the limit of ${pid} stays: ${stderr}`);
};

/** Why no core can be had here, in a sentence; null when it can. */
export const cannotDump = (): string | null => {
  if (process.platform !== 'linux') return 'takes cores, which only Linux writes like this';
  if (!fs.existsSync(prlimit)) return 'prlimit, which turns cores on, is not installed';
  const where = fs.readFileSync(pattern, 'utf8').trim();
  if (/^[|@]/.test(where)) return `this system hands cores to a program (core_pattern: ${where})`;
  if (where.includes('/')) return `this system writes cores into a folder of its own (core_pattern: ${where})`;
  if (limitsOf('self').hard !== 'unlimited') return 'the limit of cores was lowered here for good';
  return null;
};

/** What this process starts meanwhile may dump as much as it likes, as under an operator who allows cores. */
export const allowCores = (): Disposable => {
  const { soft } = limitsOf('self');
  limit(process.pid, 'unlimited');
  return { [Symbol.dispose]: () => limit(process.pid, soft) };
};

/**
 * A search path on which `prlimit` leaves the hard limit alone. What Postern turns off then stays off, but may be turned on
 * again by {@link takeCores}; otherwise that takes a capability (`CAP_SYS_RESOURCE`), which even root may lack.
 */
export const softLimits = (folder: string): { PATH: string } => {
  fs.mkdirSync(folder, { recursive: true });
  const program = join(folder, 'prlimit');
  const lines = [
    '#!/bin/sh',
    'for word; do shift; case $word in --core=*:*) word=${word%:*}:;; esac; set -- "$@" "$word"; done',
    `exec ${prlimit} "$@"`,
  ];
  fs.writeFileSync(program, `${lines.join('\n')}\n`);
  fs.chmodSync(program, 0o755);
  return { PATH: `${folder}:${process.env['PATH']}` };
};

const hasEnded = (pid: number): boolean => {
  try {
    return /^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
};

/** Ends a process as a crash does, and waits until it and its core are done. */
export const crash = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGABRT');
  process.kill(pid, 'SIGCONT');
  for (let tries = 0; !hasEnded(pid); tries += 1) {
    if (tries > 1_200) throw new Error(`process ${pid} does not end`);
    await sleep(50);
  }
};

/** Names of the cores in the folder a process worked in. */
export const coresIn = (folder: string): string[] => fs.readdirSync(folder).filter((name) => name.startsWith('core'));

/**
 * Takes a core of each process, which ends by it. All stop before the first does, so that none lets go of anything because
 * another is gone; children go before their parents.
 */
export async function* takeCores(
  family: readonly number[],
  folder: string,
): AsyncGenerator<{ pid: number; core: string }> {
  for (const pid of family) process.kill(pid, 'SIGSTOP');
  try {
    for (const pid of family.toReversed()) {
      limit(pid, 'unlimited');
      await crash(pid);
      const [found, ...more] = coresIn(folder);
      if (found === undefined || more.length > 0) throw new Error(`${pid} left ${coresIn(folder).length} cores`);
      const core = join(folder, `taken.${pid}`);
      fs.renameSync(join(folder, found), core);
      yield { pid, core };
      fs.rmSync(core);
    }
  } finally {
    for (const pid of family) if (!hasEnded(pid)) process.kill(pid, 'SIGCONT');
  }
}

const read = (file: number, at: number, size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  return bytes.subarray(0, fs.readSync(file, bytes, 0, size, at));
};

/** Where the last segment of an ELF core ends (elf(5)). @throws what is no core of a 64 bit machine, little end first */
const sizeOf = (file: number): number => {
  const head = read(file, 0, 64);
  if (head.toString('hex', 0, 6) !== '7f454c460201' || head.readUInt16LE(16) !== 4) throw new Error('no core');
  const [offset, each, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  const table = read(file, offset, each * count);
  const ends = Array.from({ length: count }, (_, n) => {
    const segment = table.subarray(n * each);
    return Number(segment.readBigUInt64LE(8)) + Number(segment.readBigUInt64LE(32));
  });
  return Math.max(...ends);
};

/**
 * Looks through a core. Nine tenths of the file are holes, for memory that was never touched; tar(1) finds what lies
 * between them. @throws when the core was cut short
 */
export const scanCore = async (core: string, search: Search): Promise<Scan> => {
  const file = fs.openSync(core, 'r');
  const { size } = fs.fstatSync(file);
  const whole = sizeOf(file);
  fs.closeSync(file);
  if (size < whole) throw new Error(`the core was cut at ${size} bytes`);
  const tar = spawn('tar', ['--sparse', '--create', '--file=-', '--absolute-names', core], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(tar, 'close');
  const scanner = new Scanner(search);
  for await (const piece of tar.stdout as AsyncIterable<Buffer>) scanner.take(piece, scanner.bytes);
  const [code] = await ended;
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  return scanner;
};
