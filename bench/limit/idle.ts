/** The limit for an idle user: one bare, authenticated IMAP socket in IDLE each. Says how many octets each costs this process. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { RawImap } from './imap.ts';

const memory = (): number => {
  globalThis.gc?.();
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))?.[1] ?? 0) * 1024;
};
const [port = '0', ...users] = process.argv.slice(2);

const open = async (address: string): Promise<RawImap> => {
  const imap = await RawImap.open(Number(port), address, 'bench');
  await imap.command('SELECT INBOX');
  void imap.command('IDLE').catch(() => undefined);
  return imap;
};

const kept = [await open(users[0] ?? '')];
await wait(500);
const before = memory();
for (const address of users.slice(1)) kept.push(await open(address));
await wait(1000);
process.send?.({ each: (memory() - before) / Math.max(1, kept.length - 1) });
process.on('disconnect', () => process.exit(0));
