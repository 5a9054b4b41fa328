import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openIndex } from '#index/open.ts';
import type { Email, Mailbox } from '#index/types.ts';
import { query } from '#index/fixture.ts';
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
    const { ids } = reader.query(query({ filter: { op: 'is', inMailbox: box.id }, limit: 5_000 }));
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

/** An account whose first sync is done. */
const settled = async (filled: Record<string, number> = {}) => {
  const { user, account } = await open(filled);
  await account.until(() => account.engine.progress.done, 'the first sync');
  return { user, account };
};

test('S11 new mail in INBOX appears by itself, with its preview', async () => {
  const { user, account } = await settled({ INBOX: 2 });
  await using _ = account;
  await village.deliver(user.address, message(900));
  await account.until(() => bySubject(account, 'INBOX', 'message 900'), 'new mail');
  await account.until(() => bySubject(account, 'INBOX', 'message 900')?.preview !== '', 'its preview');
  assert.equal(account.logins, 1);
});

test('S11 one letter after another is told of at once, whatever mailbox was looked at meanwhile', async () => {
  const { user, account } = await open({ INBOX: 1, Archive: 3 });
  await using _ = account;
  await account.until(() => emailsIn(account, 'Archive').length === 3, 'the first sync');
  for (let n = 201; n < 206; n += 1) {
    await village.deliver(user.address, message(n));
    await account.until(() => bySubject(account, 'INBOX', `message ${n}`), `message ${n}`);
  }
});

test('S13 flags changed and messages expunged elsewhere', async () => {
  const { account } = await settled({ INBOX: 5 });
  await using _ = account;
  const client = await account.client();
  await client.select('INBOX');
  await client.store([1, 2], ['\\Flagged', '$label1'], []);
  await account.until(() => bySubject(account, 'INBOX', 'message 2')?.keywords.includes('$label1'), 'a keyword');
  assert.ok(bySubject(account, 'INBOX', 'message 1')?.keywords.includes('$flagged'));
  await client.expunge([3]);
  await account.until(() => bySubject(account, 'INBOX', 'message 3') === undefined, 'the removal');
  assert.equal(emailsIn(account, 'INBOX').length, 4);
});

test('S14 a message moved elsewhere keeps its Email', async () => {
  const { account } = await settled({ INBOX: 3, Archive: 1 });
  await using _ = account;
  const before = bySubject(account, 'INBOX', 'message 2')?.number;
  const client = await account.client();
  await client.select('INBOX');
  await client.move([2], 'Archive');
  await account.until(() => bySubject(account, 'INBOX', 'message 2') === undefined, 'the message to leave');
  const archive = boxNamed(account, 'Archive');
  assert.ok(archive);
  account.engine.look(archive.id);
  const after = await account.until(() => bySubject(account, 'Archive', 'message 2'), 'the message to arrive');
  assert.equal(after.number, before);
});

test('S12 a mailbox renamed elsewhere keeps its id, and what is in it', async () => {
  const { account } = await settled({ INBOX: 1, Projects: 3 });
  await using _ = account;
  const before = boxNamed(account, 'Projects');
  const numbers = emailsIn(account, 'Projects').map((email) => email.number);
  const client = await account.client();
  await client.rename('Projects', 'Works');
  await account.restart();
  const box = await account.until(() => boxNamed(account, 'Works'), 'the new name');
  assert.equal(box.id, before?.id);
  assert.deepEqual(
    emailsIn(account, 'Works').map((email) => email.number),
    numbers,
  );
  assert.equal(boxNamed(account, 'Projects'), undefined);
});

const roleOf = (account: TestAccount, path: string): string | null | undefined => boxNamed(account, path)?.role;

test('R3 R5 R6 a chosen mailbox keeps its role over renames, restarts and an index made anew', async () => {
  const { account } = await settled({ INBOX: 1, 'Work/Outgoing': 2 });
  await using _ = account;
  const own = await account.engine.mailboxFor('sent');
  const outgoing = boxNamed(account, 'Work/Outgoing');
  const work = boxNamed(account, 'Work');
  assert.ok(outgoing && work);
  await account.engine.chooseRole(outgoing.id, 'sent');
  assert.equal(roleOf(account, 'Work/Outgoing'), 'sent');
  assert.equal(account.index.read((reader) => reader.mailbox(own))?.role, null);
  assert.equal(await account.engine.mailboxFor('sent'), outgoing.id);

  // The one above it is renamed here, then it is renamed elsewhere.
  await account.engine.renameMailbox(work.id, 'Office', null);
  assert.equal(roleOf(account, 'Office/Outgoing'), 'sent');
  const client = await account.client();
  await client.rename('Office/Outgoing', 'Dispatched');
  await account.restart();
  await account.until(() => roleOf(account, 'Dispatched') === 'sent', 'the role to come along');
  const kept = async () => (await account.store.records(account.account.user, account.account.id, 'preference'))[0];
  const { generation } = await account.until(async () => {
    const record = await kept();
    return record !== undefined && record.generation >= 2 && record;
  }, 'the new name to be kept');
  assert.equal((await kept())?.sealed.includes('Dispatched'), false, 'the record is sealed');

  const folder = mkdtempSync(join(tmpdir(), 'postern-roles-'));
  try {
    using fresh = openIndex(join(folder, 'index.db'), randomBytes(32));
    await account.restart({ index: fresh });
    const roles = () =>
      fresh
        .read((reader) => reader.mailboxes())
        .filter(({ role }) => role === 'sent')
        .map(({ path }) => path);
    await account.until(() => fresh.read((reader) => reader.mailboxes()).length > 2, 'the mailboxes');
    assert.deepEqual(roles(), ['Dispatched']);
    assert.equal((await kept())?.generation, generation, 'nothing new was to be kept');

    const chosen = fresh.read((reader) => reader.mailboxes()).find(({ path }) => path === 'Dispatched');
    assert.ok(chosen);
    await account.engine.chooseRole(chosen.id, null);
    assert.deepEqual(roles(), ['Sent']);
    await account.restart();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('S11 mailboxes that come and go elsewhere', async () => {
  const { account } = await settled({ INBOX: 1 });
  await using _ = account;
  const client = await account.client();
  await client.create('Later/Much later');
  await client.append('Later/Much later', Buffer.from(message(5)), ['\\Seen'], 1_700_000_000);
  await account.restart();
  await account.until(() => bySubject(account, 'Later/Much later', 'message 5'), 'the message in the new mailbox');
  assert.equal(boxNamed(account, 'Later/Much later')?.parent, boxNamed(account, 'Later')?.id);
});

test('S15 a mailbox made anew under the same name keeps Emails and ids', async () => {
  const { account } = await settled({ INBOX: 1, Box: 4 });
  await using _ = account;
  const before = new Map(emailsIn(account, 'Box').map((email) => [email.subject, email.number]));
  const client = await account.client();
  await client.create('Other');
  await client.select('Box');
  await client.copy([1, 2, 3, 4], 'Other');
  await client.unselect();
  await client.delete('Box');
  await client.rename('Other', 'Box');
  await account.restart();
  await account.until(() => account.engine.connection.at === 'live', 'the connection');
  const box = boxNamed(account, 'Box');
  assert.ok(box);
  await account.until(
    () =>
      boxNamed(account, 'Box')?.uidvalidity !== 0 &&
      account.engine.progress.done &&
      emailsIn(account, 'Box').length === 4,
    'the mailbox read again',
  );
  assert.deepEqual(new Map(emailsIn(account, 'Box').map((email) => [email.subject, email.number])), before);
});

test('S3 S5 a lost connection costs a reconnect; what came meanwhile is found', async () => {
  const { user, account } = await settled({ INBOX: 30 });
  await using _ = account;
  const subjects = emailsIn(account, 'INBOX').length;
  const client = await account.client();
  await account.sessions[0]?.close();
  assert.equal(emailsIn(account, 'INBOX').length, subjects);
  await client.select('INBOX');
  await client.expunge([1]);
  await village.deliver(user.address, message(901));
  await account.until(() => bySubject(account, 'INBOX', 'message 901'), 'mail that came meanwhile');
  await account.until(() => emailsIn(account, 'INBOX').length === 30, 'the removal meanwhile');
  assert.equal(account.logins, 2);
});

test('S4 a refused password is not tried again until the user acts', async () => {
  const user = someone();
  village.put(user.address, 'INBOX', message(1));
  let allowed = false;
  let tries = 0;
  const { signIn } = await import('./test-account.ts');
  const { VaultError } = await import('#vault/errors.ts');
  await using account = await openTestAccount({
    imapPort: village.imapPort,
    user,
    connect: () => {
      tries += 1;
      return allowed
        ? signIn(village.imapPort, user)
        : Promise.reject(new VaultError('auth/refused', 'no', { words: 'wrong' }));
    },
  });
  await account.until(() => account.engine.connection.at === 'refused', 'the refusal');
  await assert.rejects(account.engine.createMailbox('x', null, true), { code: 'auth/refused' });
  await account.until(
    async () => (await account.store.accounts(account.account.user))[0]?.state === 'refused',
    'the note in the store',
  );
  assert.equal(tries, 1);
  allowed = true;
  account.engine.retry();
  await account.until(() => bySubject(account, 'INBOX', 'message 1'), 'the mail');
});
