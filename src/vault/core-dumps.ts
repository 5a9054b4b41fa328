import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Core dumps off. A limit of one byte rather than none where it can be set: zero keeps a core from a file, one also from
 * a program that the kernel pipes cores to (core(5), `fs/coredump.c`).
 */
const shell = '/bin/sh';

/** Limit of a core of this process in bytes; null where the system does not say. */
const coreLimit = (): number | null => {
  try {
    const found = /^Max core file size +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? null : found === 'unlimited' ? Number.POSITIVE_INFINITY : Number(found);
  } catch {
    return null;
  }
};

/** Whether a crash of this process leaves no core; null where the system does not say. */
export const dumpsNoCore = (): boolean | null => {
  const limit = coreLimit();
  return limit === null ? null : limit <= 1;
};

/** Turns the cores of this process and its later children off, where `prlimit` is installed. See {@link dumpsNoCore}. */
export const turnCoresOff = (): void => {
  const script = 'prlimit --pid "$0" --core=1:1 || prlimit --pid "$0" --core=0:0';
  if (process.platform === 'linux' && existsSync(shell))
    spawnSync(shell, ['-c', script, String(process.pid)], { stdio: 'ignore' });
};

/** The command line that runs `file` with cores off, in the same process id. */
export const withoutCores = (file: string, words: readonly string[]): [string, string[]] => {
  if (!existsSync(shell)) return [file, [...words]];
  const script = 'prlimit --pid $$ --core=1:1 2>/dev/null || ulimit -c 0; exec "$0" "$@"';
  return [shell, ['-c', script, file, ...words]];
};
