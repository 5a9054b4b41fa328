import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mailbox, query as anyQuery } from '#index/fixture.ts';
import { openIndex } from '#index/open.ts';
import { packPart } from '#mime/pack.ts';
import type { Address, EmailNumber, Filter, Found, MailboxId, Query, Uid } from '#index/types.ts';

/**
 * What the index costs by itself: `node bench/index.bench.ts [--size 100000]`. CPU seconds are the firm numbers; nothing is
 * asserted.
 */
const size = Number(process.argv[process.argv.indexOf('--size') + 1] || 0) || 100_000;

const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const syllables = 'an ber cor del es fa gor hin is jo ka lu mer no or pa qui ras so ta un vel wi xe yo zu'.split(' ');
const next = random(1);
const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * next() * list.length)] as T;
const word = (): string =>
  Array.from({ length: 2 + Math.floor(next() * 2) }, () => syllables[Math.floor(next() * 26)]).join('');
const words = Array.from({ length: 6000 }, word);
const people: Address[] = Array.from({ length: 1500 }, (_, i) => {
  const name = `${word()} ${word()}`;
  return { name, email: `${name.replace(' ', '.')}${i}@${word()}.example` };
});
const sentence = (count: number): string => Array.from({ length: count }, () => pick(words)).join(' ');

const structure = packPart({
  section: '',
  type: 'multipart/alternative',
  charset: null,
  encoding: '7bit',
  disposition: null,
  name: null,
  cid: null,
  language: null,
  location: null,
  encodedSize: 0,
  flowed: false,
  delsp: false,
  parts: [1, 2].map((n) => ({
    section: String(n),
    type: n === 1 ? 'text/plain' : 'text/html',
    charset: 'utf-8',
    encoding: 'quoted-printable',
    disposition: null,
    name: null,
    cid: null,
    language: null,
    location: null,
    encodedSize: 2000 * n,
    flowed: false,
    delsp: false,
    parts: [],
  })),
});

/** Messages oldest first, in conversations of 1 to about 12. */
const generate = (count: number): Found[] => {
  const open: { ids: string[]; subject: string }[] = [];
  const start = 1_600_000_000;
  return Array.from({ length: count }, (_, i) => {
    const id = `${Math.floor(next() * 2 ** 40).toString(36)}.${i}@${pick(people).email.split('@')[1] ?? ''}`;
    const answers = open.length > 0 && next() < 0.53 ? pick(open) : undefined;
    const thread = answers ?? { ids: [], subject: sentence(3 + Math.floor(next() * 6)) };
    if (!answers) {
      open.unshift(thread);
      if (open.length > 4000) open.pop();
    }
    const references = [...thread.ids];
    thread.ids.push(id);
    const age = 1 - i / count;
    return {
      uid: (i + 1) as Uid,
      keywords: age > 0.02 || next() < 0.3 ? ['$seen', ...(next() < 0.1 ? ['$answered'] : [])] : [],
      deleted: false,
      modseq: String(i + 1),
      receivedAt: start + i * 1300 + Math.floor(next() * 600),
      size: 1500 + Math.floor(next() * 20_000),
      structure,
      hasAttachment: next() < 0.08,
      strongId: null,
      strongThread: null,
      envelope: {
        subject: references.length > 0 ? `Re: ${thread.subject}` : thread.subject,
        from: [pick(people)],
        sender: [],
        replyTo: [],
        to: [{ name: 'Big Mailbox', email: 'big@peers.test' }],
        cc: next() < 0.2 ? [pick(people), pick(people)] : [],
        bcc: [],
        messageId: id,
        inReplyTo: references.slice(-1),
        references,
        sentAt: start + i * 1300,
        listId: null,
        bulk: 'none' as const,
      },
    };
  });
};

const line = (name: string, figure: string): void => console.log(`${name.padEnd(64)} ${figure}`);
const cpu = (task: () => void): number => {
  const before = process.cpuUsage();
  task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const median = (task: () => unknown, runs = 31): string => {
  const times = Array.from({ length: runs }, () => {
    const before = performance.now();
    task();
    return performance.now() - before;
  }).sort((a, b) => a - b);
  return `${(times[runs >> 1] ?? 0).toFixed(3)} ms (slowest ${times.at(-1)?.toFixed(2) ?? ''})`;
};

const folder = mkdtempSync(path.join(tmpdir(), 'postern-bench-'));
const file = path.join(folder, 'a.index');
const messages = generate(size).reverse();
const index = openIndex(file, Buffer.alloc(32, 1));
const inbox = index.write((t) => t.saveMailbox(mailbox('INBOX', 'inbox'))).id;
const archive = index.write((t) => t.saveMailbox(mailbox('Archive', 'archive'))).id;

let longest = 0;
const rows = cpu(() => {
  for (let i = 0; i < messages.length; i += 500) {
    const before = performance.now();
    index.write((t) => t.add(inbox, messages.slice(i, i + 500)));
    longest = Math.max(longest, performance.now() - before);
  }
});
line(
  `add ${size} newest first, 500 a batch`,
  `${rows.toFixed(2)} s CPU, ${Math.round(size / rows)} a CPU-second, longest ${longest.toFixed(0)} ms`,
);
line('file', `${((statSync(file).size + statSync(`${file}-wal`).size) / 1e6).toFixed(0)} MB`);
const counts = index.read((r) => r.mailbox(inbox));
line('conversations', String(counts?.totalThreads));

const previews = cpu(() => {
  for (;;) {
    const wanted = index.read((r) => r.withoutPreview(500));
    if (wanted.length === 0) break;
    index.write((t) => {
      for (const { row } of wanted)
        t.preview(row, 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor '.repeat(3));
    });
  }
});
line('previews of 230 characters', `${previews.toFixed(2)} s CPU, ${Math.round(size / previews)} a CPU-second`);
const texts = cpu(() => {
  for (;;) {
    const wanted = index.read((r) => r.withoutText(500));
    if (wanted.length === 0) break;
    index.write((t) => {
      for (const { row } of wanted)
        t.bodyText(row, 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor '.repeat(20));
    });
  }
});
line('texts of 1,560 characters', `${texts.toFixed(2)} s CPU, ${Math.round(size / texts)} a CPU-second`);
const joined = cpu(() => {
  while (index.write((t) => t.mergeText()));
});
line('full text joined', `${joined.toFixed(2)} s CPU`);
line('file', `${(statSync(file).size / 1e6).toFixed(0)} MB`);

const query = (patch: Partial<Query>): Query =>
  anyQuery({
    filter: { op: 'is', inMailbox: inbox },
    sort: [{ property: 'receivedAt', isAscending: false }],
    collapseThreads: true,
    calculateTotal: true,
    ...patch,
  });
const page = (patch: Partial<Query>): EmailNumber[] => index.read((r) => r.query(query(patch)).ids);
const list = (patch: Partial<Query>): number => index.read((r) => r.emails(r.query(query(patch)).ids).length);
const is = (filter: Omit<Extract<Filter, { op: 'is' }>, 'op'>): Filter => ({ op: 'is', ...filter });

line(
  'query, newest 50 conversations',
  median(() => page({})),
);
line(
  'query and rows, newest 50 conversations',
  median(() => list({})),
);
line(
  'query, 50 conversations at depth 40%',
  median(() => page({ position: Math.floor(size * 0.4 * 0.47) })),
);
line(
  'query and rows, 50 messages at depth 50%',
  median(() => list({ collapseThreads: false, position: size / 2 })),
);
line(
  'query and rows, the last 50 messages',
  median(() => list({ collapseThreads: false, position: size - 50 })),
);
const fifty = page({});
line(
  'rows of 50 by number',
  median(() => index.read((r) => r.emails(fifty)).length),
);
line(
  'unread only',
  median(() => list({ filter: is({ inMailbox: inbox, notKeyword: '$seen' }), calculateTotal: false })),
);
line(
  'flagged only, none',
  median(() => list({ filter: is({ inMailbox: inbox, hasKeyword: '$flagged' }), calculateTotal: false })),
);
const [common = '', rare = ''] = [words[3], words[5900]];
const matches = (filter: Filter): string =>
  String(index.read((r) => r.query(query({ filter, collapseThreads: false }))).total);
for (const [name, filter] of Object.entries({
  'a common word': is({ text: `${common} ` }),
  'a rare word': is({ text: `${rare} ` }),
  'a beginning of two letters': is({ text: common.slice(0, 2) }),
  'a word in a mailbox': is({ inMailbox: inbox, text: `${common} ` }),
  'a sender': is({ from: people[2]?.name ?? '' }),
})) {
  line(
    `search ${name}, newest 50 of ${matches(filter)}`,
    median(() => list({ filter, calculateTotal: false })),
  );
}
let n = 0;
const fresh = (): void =>
  index.write((t) =>
    t.setKeywords(fifty[0] as EmailNumber, (n += 1) % 2 ? ['$flagged'] : [], n % 2 ? [] : ['$flagged'], 0),
  );
line(
  'search a common word with total, after a change',
  median(() => (fresh(), list({ filter: is({ text: `${common} ` }) }))),
);
line(
  'by subject, whole mailbox, after a change',
  median(() => (fresh(), list({ sort: [{ property: 'subject', isAscending: true }] })), 3),
);
line('one keyword, one transaction', median(fresh));
const thousand = page({ collapseThreads: false, limit: 1000 });
line(
  'mark 1,000',
  median(
    () =>
      index.write((t) => {
        for (const id of thousand) t.setKeywords(id, (n += 1) % 2 ? ['work'] : [], n % 2 ? [] : ['work'], 0);
      }),
    5,
  ),
);
line(
  'move 1,000 and back',
  median(() => {
    for (const [a, b] of [
      [inbox, archive],
      [archive, inbox],
    ] as [MailboxId, MailboxId][])
      index.write((t) => {
        for (const id of thousand) t.move(id, a, b, 0);
      });
  }, 5),
);
line(
  'new mail',
  median(() =>
    index.write((t) =>
      t.add(inbox, [{ ...(messages[0] as Found), uid: (size + (n += 1)) as Uid, receivedAt: 1_800_000_000 + n }]),
    ),
  ),
);
const flags = messages.map(({ uid, keywords, deleted, modseq }) => ({ uid, keywords, deleted, modseq }));
line(
  `compare all flags, nothing changed`,
  `${(cpu(() => index.write((t) => t.keywords(inbox, flags))) * 1000).toFixed(0)} ms CPU`,
);
line(
  'all UIDs',
  median(() => index.read((r) => r.uids(inbox)), 3),
);
line(
  'mailboxes',
  median(() => index.read((r) => r.mailboxes())),
);
line(
  'correspondents by two letters',
  median(() => index.read((r) => r.correspondents('an', 10))),
);
const threads = index.read((r) => r.emails(fifty).map(({ thread }) => thread));
line(
  'members of 50 conversations',
  median(() => index.read((r) => threads.map((thread) => r.thread(thread)))),
);
index[Symbol.dispose]();
line(
  'open',
  median(() => openIndex(file, Buffer.alloc(32, 1))[Symbol.dispose]()),
);
line('memory', `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB RSS`);
rmSync(folder, { recursive: true, force: true });
