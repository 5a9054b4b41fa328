import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Search } from './needles.ts';
import { type Scan, Scanner } from './scanner.ts';

/** What a process holds in memory, as root sees it: every page that is present or swapped out, unreadable ones included. */

const pageSize = 4096;
const mostAtOnce = 8 * 1024 * 1024;

interface Region {
  start: number;
  end: number;
}

/** Regions of which anything is in memory. The kernel's own ([vvar], [vsyscall]) cannot be read. */
const regionsOf = (pid: number): Region[] => {
  const found: Region[] = [];
  let region: Region | null = null;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head) {
      const special = /^\[(?:vvar|vvar_vclock|vsyscall|vdso)\]$/.test(head[3] ?? '');
      const [start, end] = [head[1], head[2]].map((digits) => Number.parseInt(digits ?? '', 16));
      region = special ? null : { start: start ?? 0, end: end ?? 0 };
    } else if (region && /^(?:Rss|Swap): +[1-9]/.test(line)) {
      found.push(region);
      region = null;
    }
  }
  return found;
};

/** Runs of pages of a region that exist; /proc/PID/pagemap has eight bytes a page, bit 63 present, bit 62 swapped. */
const presentIn = (pagemap: number, { start, end }: Region): Region[] => {
  const count = (end - start) / pageSize;
  const entries = Buffer.alloc(count * 8);
  readSync(pagemap, entries, 0, entries.length, (start / pageSize) * 8);
  const runs: Region[] = [];
  for (let page = 0; page < count; page += 1) {
    if (((entries[page * 8 + 7] ?? 0) & 0xc0) === 0) continue;
    const at = start + page * pageSize;
    const last = runs.at(-1);
    if (last && last.end === at && last.end - last.start < mostAtOnce) last.end += pageSize;
    else runs.push({ start: at, end: at + pageSize });
  }
  return runs;
};

/** Why this process may not look into another, in a sentence; null when it may. */
export const cannotLook = (pid: number): string | null => {
  if (process.platform !== 'linux') return 'reads /proc, which only Linux has';
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return null;
  } catch {
    return 'this system does not let a process look into another';
  }
};

/** How many bytes were read; none where the pages went meanwhile. */
const readThere = (memory: number, bytes: Buffer, start: number): number => {
  try {
    return readSync(memory, bytes, 0, bytes.length, start);
  } catch {
    return 0;
  }
};

/** Looks through the memory of a process. */
export const scanMemory = (pid: number, search: Search): Scan => {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  const scanner = new Scanner(search);
  try {
    for (const region of regionsOf(pid))
      for (const { start, end } of presentIn(pagemap, region)) {
        const bytes = Buffer.allocUnsafeSlow(end - start);
        scanner.take(bytes.subarray(0, readThere(memory, bytes, start)), start);
      }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return scanner;
};
