import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Search } from './needles.ts';

/** What a process holds in memory, as root sees it: every page that is present or swapped out, unreadable ones included. */

const pageSize = 4096;
const mostAtOnce = 8 * 1024 * 1024;

interface Region {
  start: number;
  end: number;
  /** A core would hold it. */
  inCore: boolean;
}

/**
 * Regions of which anything is in memory. The kernel's own ([vvar], [vsyscall]) cannot be read. A core leaves out what is
 * marked by `MADV_DONTDUMP`, the flag `dd`.
 */
const regionsOf = (pid: number): Region[] => {
  const found: Region[] = [];
  let region: Region | null = null;
  let present = false;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)$/.exec(line);
    if (head) {
      const special = /^\[(?:vvar|vvar_vclock|vsyscall|vdso)\]$/.test(head[3] ?? '');
      const [start, end] = [head[1], head[2]].map((digits) => Number.parseInt(digits ?? '', 16));
      region = special ? null : { start: start ?? 0, end: end ?? 0, inCore: true };
      present = false;
      continue;
    }
    if (/^(?:Rss|Swap): +[1-9]/.test(line)) present = true;
    const flags = /^VmFlags: (.*)$/.exec(line)?.[1];
    if (flags === undefined || !region) continue;
    if (present) found.push({ ...region, inCore: !flags.split(' ').includes('dd') });
    region = null;
  }
  return found;
};

/** Runs of pages of a region that exist; /proc/PID/pagemap has eight bytes a page, bit 63 present, bit 62 swapped. */
const presentIn = (pagemap: number, { start, end, inCore }: Region): Region[] => {
  const count = (end - start) / pageSize;
  const entries = Buffer.alloc(count * 8);
  readSync(pagemap, entries, 0, entries.length, (start / pageSize) * 8);
  const runs: Region[] = [];
  for (let page = 0; page < count; page += 1) {
    if (((entries[page * 8 + 7] ?? 0) & 0xc0) === 0) continue;
    const at = start + page * pageSize;
    const last = runs.at(-1);
    if (last && last.end === at && last.end - last.start < mostAtOnce) last.end += pageSize;
    else runs.push({ start: at, end: at + pageSize, inCore });
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

export interface Scan {
  bytes: number;
  /** By the needle's name and form. */
  counts: Map<string, number>;
  /** Those of them that a core would hold. */
  inCore: Map<string, number>;
}

/** Looks through the memory of a process. */
export const scanMemory = (pid: number, search: Search): Scan => {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  const scan: Scan = { bytes: 0, counts: new Map(), inCore: new Map() };
  let before: Region | null = null;
  let tail = Buffer.alloc(0);
  try {
    for (const region of regionsOf(pid))
      for (const { start, end, inCore } of presentIn(pagemap, region)) {
        // What lies across the border of two runs is seen as well: the last bytes are carried over.
        const carried = before?.end === start ? tail : Buffer.alloc(0);
        const bytes = Buffer.allocUnsafeSlow(carried.length + end - start);
        carried.copy(bytes);
        let length: number;
        try {
          length = readSync(memory, bytes, carried.length, end - start, start);
        } catch {
          continue;
        }
        scan.bytes += length;
        const whole = bytes.subarray(0, carried.length + length);
        search(whole, ({ name, form, bytes: needle }, at) => {
          if (at + needle.length <= carried.length) return;
          const key = `${name} ${form}`;
          for (const counts of inCore ? [scan.counts, scan.inCore] : [scan.counts])
            counts.set(key, (counts.get(key) ?? 0) + 1);
        });
        before = { start, end, inCore };
        tail = Buffer.from(whole.subarray(-256));
      }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return scan;
};
