import { readFileSync } from 'node:fs';

/** KiB of this process that cannot be swapped out (VmLck of /proc/self/status); null where the system does not say. */
export const lockedKiB = (): number | null => {
  try {
    const found = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return found ? Number(found[1]) : null;
  } catch {
    return null;
  }
};
