import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Email, Mailbox } from '#index/types.ts';
import { openDovecot } from '#village/dovecot.ts';
import type { Village } from '#village/dovecot.ts';
import { openTestAccount } from './test-account.ts';
import type { TestAccount } from './test-account.ts';

let village: Village;
let users = 0;

before(async () => {
  village = await openDovecot({
    users: Array.from({ length: 20 }, (_, n) => ({ address: `u${n}@village.test`, password: `pass ${n}` })),
  });
});
after(() => village[Symbol.asyncDispose]());

const message = (n: number, more = ''): string =>
  `From: Bob ${n} <bob${n}@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <m${n}@elsewhere.test>\r\nDate: ${new Date(1_700_000_000_000 + n * 60_000).toUTCString()}\r\n${more}\r\nText of message ${n}, with needle${n}.\r\n`;

const someone = () => {
  const user = village.users[users++];
  assert.ok(user);
  return user;
};

const boxNamed = (account: TestAccount, path: string): Mailbox | undefined =>
  account.index.read((reader) => reader.mailboxes()).find((box) => box.path === path);

const emailsIn = (account: TestAccount, path: string): Email[] =>
  account.index.read((reader) => {
    const box = reader.mailboxes().find((one) => one.path === path);
    if (box === undefined) return [];
    const { ids } = reader.query({
      filter: { op: 'is', inMailbox: box.id },
      sort: [],
      collapseThreads: false,
      position: 0,
      anchor: null,
      anchorOffset: 0,
      limit: 5_000,
      calculateTotal: false,
    });
    return reader.emails(ids);
  });

const bySubject = (account: TestAccount, path: string, subject: string): Email | undefined =>
  emailsIn(account, path).find((email) => email.subject === subject);

const open = async (filled: Record<string, number> = {}) => {
  const user = someone();
  let n = 0;
  for (const [path, count] of Object.entries(filled)) {
    for (let at = 0; at < count; at += 1) {
      n += 1;
      village.put(user.address, path, message(n), {
        receivedAt: 1_700_000_000 + n * 60,
        flags: n % 2 === 0 ? 'S' : '',
      });
    }
  }
  const account = await openTestAccount({ imapPort: village.imapPort, user });
  return { user, account };
};

test('S1 S6 S10 the first sync brings every mailbox, newest first, with previews, on few connections', async () => {
  const { account } = await open({ INBOX: 620, Archive: 70, 'Lists.Node': 3 });
  await using _ = account;
  await account.until(() => emailsIn(account, 'INBOX').length >= 50, 'the newest 50');
  assert.equal(emailsIn(account, 'INBOX')[0]?.subject, 'message 620');
  await account.until(() => account.engine.progress.done, 'the first sync');
  assert.deepEqual([emailsIn(account, 'INBOX').length, emailsIn(account, 'Archive').length], [620, 70]);
  assert.equal(boxNamed(account, 'Archive')?.role, 'archive');
  assert.equal(boxNamed(account, 'INBOX')?.unreadEmails, 310);
  assert.equal(account.engine.progress.known, 693);
  await account.until(() => account.index.read((reader) => reader.withoutPreview(1).length === 0), 'previews');
  assert.match(bySubject(account, 'INBOX', 'message 7')?.preview ?? '', /Text of message 7, with needle7/);
  for (let at = 0; at < 1_000; at += 1) account.engine.look(boxNamed(account, 'INBOX')?.id ?? (0 as never));
  assert.ok(account.logins <= 2, `${account.logins} logins`);
});
