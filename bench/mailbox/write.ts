import { chownSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { message } from './message.ts';
import { plan } from './plan.ts';

/** Where to find what was hidden in the mailbox. */
export interface Manifest {
  version: number;
  size: number;
  threads: number;
  mailboxes: Record<string, number>;
  falconry: number;
  brontide: number;
}

const version = 2;

/** Writes `size` messages as a Maildir for `address` below `mail`, once; the same bytes on every machine. */
export const writeMailbox = (
  mail: string,
  address: string,
  size: number,
  owner: { uid: number; gid: number },
  progress: (done: number) => void,
): Manifest => {
  const home = join(mail, address);
  const file = join(home, 'manifest.json');
  if (existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (known.version === version && known.size === size) return known;
  }
  const root = process.getuid?.() === 0;
  const folder = (path: string): void => {
    mkdirSync(path, { recursive: true });
    if (root) chownSync(path, owner.uid, owner.gid);
  };
  const maildir = join(home, 'Maildir');
  for (const path of [home, maildir]) folder(path);
  const planned = plan(size, { name: 'Bigelow Ingram', address });
  const made = new Set<string>();
  const manifest: Manifest = { version, size, threads: planned.threads, mailboxes: {}, falconry: 0, brontide: 0 };
  for (const [i, each] of planned.messages.entries()) {
    const at = each.mailbox === 'INBOX' ? maildir : join(maildir, `.${each.mailbox}`);
    if (!made.has(at)) {
      for (const path of [at, join(at, 'cur'), join(at, 'new'), join(at, 'tmp')]) folder(path);
      made.add(at);
    }
    const seen = i < planned.messages.length * 0.98 ? 'S' : '';
    const path = join(at, 'cur', `${each.at}.P${each.n}.bench:2,${each.n % 53 === 0 ? 'F' : ''}${seen}`);
    writeFileSync(path, message(each));
    if (root) chownSync(path, owner.uid, owner.gid);
    utimesSync(path, each.at, each.at);
    manifest.mailboxes[each.mailbox] = (manifest.mailboxes[each.mailbox] ?? 0) + 1;
    if (each.mailbox === 'INBOX' && each.subject.includes('falconry')) manifest.falconry += 1;
    if (each.mailbox === 'INBOX' && each.needles.brontide) manifest.brontide += 1;
    if (i % 5000 === 0) progress(i);
  }
  writeFileSync(file, JSON.stringify(manifest));
  return manifest;
};
