/** `npm run bench [-- --json FILE] [--size N] [--users N]`: Postern beside the limit, on the same server, in the same run. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { mailFolder, startDovecot } from '#cli/demo/dovecot.ts';
import { dovecotMissing } from '#cli/demo/dovecot-words.ts';
import { overLmtp, startSubmission } from '#cli/demo/submission.ts';
import { type Figure, table } from './figures.ts';
import { writeMailbox } from './mailbox/write.ts';
import { coldSync } from './measures/cold.ts';
import { idleMemory, scriptBytes } from './measures/footprint.ts';
import { markRead, openMessage, searches } from './measures/letters.ts';
import { listPages, logins, requestsPerSecond } from './measures/list.ts';
import { firstSync } from './measures/sync.ts';
import { Client, startPostern } from './postern.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    size: { type: 'string', default: '100000' },
    users: { type: 'string', default: '40' },
  },
});
const size = Number(values.size);
const idle = Number(values.users);
const missing = dovecotMissing();
if (missing !== null) throw new Error(missing);

const mail = mailFolder(resolve('.cache/bench-mail'));
const big = { address: `big${size}@bench.test`, password: 'bench' };
const small = Array.from({ length: idle }, (_, i) => ({ address: `idle${i}@bench.test`, password: 'bench' }));
mkdirSync(mail, { recursive: true });

await using dovecot = await startDovecot({
  users: [big, ...small],
  mail,
  extra: 'auth_verbose = yes\nservice imap {\n  process_limit = 1024\n}\n',
});
if (process.getuid?.() === 0) chownSync(mail, dovecot.owner.uid, dovecot.owner.gid);
console.log(`Mailbox of ${size} messages ...`);
const manifest = writeMailbox(mail, big.address, size, dovecot.owner, (done) =>
  process.stdout.write(`\r${done} written `),
);
process.stdout.write('\r');
await using submission = await startSubmission({ users: [big, ...small], hand: overLmtp(dovecot.lmtpPort) });
const another = (environment: Record<string, string> = {}): ReturnType<typeof startPostern> =>
  startPostern({
    POSTERN_PRIVATE_SERVERS: `127.0.0.1:${dovecot.imapPort},127.0.0.1:${submission.port}`,
    ...environment,
  });
await using postern = await another();

const ground = {
  dovecot,
  postern,
  big,
  small,
  manifest,
  mail,
  smtpPort: submission.port,
  client: new Client(postern.origin),
  another,
};
const figures: Figure[] = [];
const measure = async (name: string, task: () => Promise<Figure[]>): Promise<void> => {
  console.log(`measuring ${name} ...`);
  figures.push(...(await task()));
};
await measure('the first sync', () => firstSync(ground));
await measure('the list', () => listPages(ground));
await measure('opening a message', () => openMessage(ground));
await measure('searches', () => searches(ground));
await measure('logins', () => logins(ground));
await measure('requests per second', () => requestsPerSecond(ground));
await measure('marking 1,000 read', () => markRead(ground));
await measure('the first sync of a server without caches', () => coldSync(ground));
await measure('memory of idle users', () => idleMemory(ground));
await measure('script at first load', () => scriptBytes(ground));
ground.client.close();

console.log(
  `\n${table(figures)}\n\nTimes are medians of this run on this machine; only the ratios compare. ratio = Postern / limit.`,
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
