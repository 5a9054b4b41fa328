import { readdirSync, readFileSync } from 'node:fs';

/** The parent of every process that lives now. */
const parentsNow = (): Map<number, number> => {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state !== 'Z') parents.set(Number(name), Number(parent));
    } catch {
      // The process ended while we looked.
    }
  }
  return parents;
};

/** A process and all below it. */
export const familyOf = (pid: number): number[] => {
  const parents = parentsNow();
  const found = parents.has(pid) ? [pid] : [];
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child);
  return found;
};

export const isAlive = (pid: number): boolean => parentsNow().has(pid);
