import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openDemoAppPasswords } from './app-passwords.ts';
import { type RunningDovecot, mailFolder, startDovecot } from './dovecot.ts';
import { freePort } from './ports.ts';
import { dovecotMissing, quotaOf } from './dovecot-words.ts';
import { fillDemo, sampleMailMissing } from './fill.ts';
import { askSasl } from './sasl.ts';
import { overLmtp, startSubmission } from './submission.ts';

interface Server {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
}

/** What stands in `data/demo.json`. The ports stay the same from start to start: credentials are bound to them. */
export interface DemoFacts {
  users: { address: string; password: string }[];
  imap: Server;
  smtp: Server;
}

export interface Demo extends AsyncDisposable {
  facts: DemoFacts;
  /** To be added to POSTERN_PRIVATE_SERVERS. */
  privateServers: string[];
  /** To be added to POSTERN_DOMAINS. */
  domains: string;
  /** Further settings of Postern, where the environment says nothing of app passwords. */
  appPasswords: Record<string, string>;
}

/** The demo mail server could not be started; the message is a sentence for people. Postern itself may start all the same. */
export class DemoUnavailable extends Error {
  override readonly name = 'DemoUnavailable';
}

const domain = 'demo.test';
const words =
  'amber arch barley beacon birch brook candle cedar clover copper coral dune ember fern flint gate harbour hazel heron ivory juniper kestrel lantern larch linden marble meadow moss north oak opal orchard pebble quartz reed river robin rowan saffron sage slate stone thistle timber tulip walnut willow wren'.split(
    ' ',
  );

const newPassword = (): string =>
  [...Array.from({ length: 3 }, () => words[randomInt(words.length)]), String(randomInt(10, 100))].join('-');

const readFacts = (file: string): DemoFacts | null => {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DemoFacts;
  } catch (cause) {
    throw new DemoUnavailable(`${file} cannot be read as JSON. Remove it to begin the demo anew.`, { cause });
  }
};

const newFacts = async (): Promise<DemoFacts> => ({
  users: ['alice', 'bob'].map((name) => ({ address: `${name}@${domain}`, password: newPassword() })),
  imap: { host: '127.0.0.1', port: await freePort(), security: 'none' },
  smtp: { host: '127.0.0.1', port: await freePort(), security: 'none' },
});

/**
 * Starts Dovecot and a submission server on loopback with two users, filled once with real sample mail.
 * @throws DemoUnavailable when there is no Dovecot, or a port of an earlier start is taken
 */
export const startDemo = async ({
  root,
  data,
  say,
}: {
  root: string;
  data: string;
  say: (line: string) => void;
}): Promise<Demo> => {
  const missing =
    dovecotMissing() ?? (sampleMailMissing(root) ? 'The package with the sample mail is not installed.' : null);
  if (missing !== null) throw new DemoUnavailable(missing);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, 'demo.json');
  const facts = readFacts(file) ?? (await newFacts());
  const [alice, bob] = facts.users;
  if (!alice || !bob)
    throw new DemoUnavailable(`${file} names fewer than two users. Remove it to begin the demo anew.`);
  const mail = mailFolder(resolve(data, 'demo-mail'));

  const appPasswords = await openDemoAppPasswords(data);

  let dovecot: RunningDovecot;
  try {
    dovecot = await startDovecot({
      users: facts.users,
      mail,
      imapPort: facts.imap.port,
      extra: quotaOf({ storage: '1G' }),
      ...(appPasswords ? { signIn: appPasswords.signIn } : {}),
    });
  } catch (cause) {
    throw new DemoUnavailable(`The demo mail server did not start (port ${facts.imap.port} may be taken).`, { cause });
  }
  const started = Date.now();
  fillDemo({
    root,
    mail,
    alice: alice.address,
    bob: bob.address,
    owner: dovecot.owner,
    now: Date.now(),
    progress: (done, total) => {
      if (Date.now() - started > 2000 || done === total) say(`Demo mail: ${done} of ${total} messages`);
    },
  });
  try {
    const submission = await startSubmission({
      users: facts.users,
      takesPassword: async (user, password) => (await askSasl(dovecot.authSocket, user, password)) === 'accepted',
      hand: overLmtp(dovecot.lmtpPort),
      port: facts.smtp.port,
    });
    writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
    return {
      facts,
      privateServers: [`127.0.0.1:${facts.imap.port}`, `127.0.0.1:${facts.smtp.port}`],
      domains: `${domain}=127.0.0.1:${facts.imap.port}:none,127.0.0.1:${facts.smtp.port}:none`,
      appPasswords: appPasswords?.environment(dovecot, domain) ?? {},
      [Symbol.asyncDispose]: async () => {
        await submission[Symbol.asyncDispose]();
        await dovecot[Symbol.asyncDispose]();
      },
    };
  } catch (cause) {
    await dovecot[Symbol.asyncDispose]();
    throw new DemoUnavailable(`Port ${facts.smtp.port} of the demo's submission server is taken.`, { cause });
  }
};
