import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MailboxId } from '#index/types.ts';
import { query } from '#index/fixture.ts';
import { openDovecot, quotaOf, type Village } from '#village/dovecot.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import { digest } from './digest.ts';
import type { Refusal } from './engine.ts';
import { quotasOf } from './quotas.ts';
import { handClock, openTestAccount, type TestAccount } from './test-account.ts';

let village: Village;
let users = 0;

before(async () => {
  const people = Array.from({ length: 4 }, (_, n) => ({ address: `q${n}@village.test`, password: `pass ${n}` }));
  village = await openDovecot({ users: people, extra: quotaOf({ storage: '64k', messages: 20 }) });
});
after(() => village[Symbol.asyncDispose]());

const quotas = ({ index }: TestAccount) =>
  index.read(quotasOf).map(({ resource, used, limit }) => [resource, used, limit]);
const used = (account: TestAccount, at = 0): number => account.index.read(quotasOf)[at]?.used ?? -1;
const state = ({ index }: TestAccount): string => index.read((reader) => reader.state('Quota'));

const message = (n: number, size = 10): string =>
  `From: Bob <bob@elsewhere.test>\r\nSubject: message ${n}\r\nMessage-ID: <q${n}@elsewhere.test>\r\n\r\n${'x'.repeat(size)}\r\n`;

const open = async (put: number): Promise<TestAccount> => {
  const user = village.users[users++];
  assert.ok(user);
  for (let n = 1; n <= put; n += 1) village.put(user.address, 'INBOX', message(n));
  const account = await openTestAccount({ imapPort: village.imapPort, user });
  await account.until(() => account.engine.progress.done, 'the first sync');
  return account;
};

/** A message that exists here only, until the server has it. */
const write = ({ index }: TestAccount, role: string, raw: string): MailboxId => {
  const box = index.read((reader) => reader.mailboxes()).find((one) => one.role === role);
  assert.ok(box);
  index.write((t) => {
    const receivedAt = 1_700_000_000;
    const keywords = ['$draft'];
    const number = t.addLocal(box.id, { ...digest(Buffer.from(raw)), keywords, deleted: false, receivedAt });
    t.saveBody(t.email(number)!.row, 'raw', Buffer.from(raw));
    t.append(number, { kind: 'append', mailbox: box.id, keywords, receivedAt, replaces: null }, 0);
  });
  return box.id;
};

test('S51 read at the first opening and after what we put in or take out, on the connection that stands', async () => {
  await using account = await open(3);
  await account.until(() => quotas(account).length === 2, 'the quota');
  const [storage, messages] = quotas(account);
  assert.deepEqual(storage?.[2], 65_536);
  assert.deepEqual(messages, ['MESSAGE', 3, 20]);
  const first = state(account);
  write(account, 'drafts', message(7, 9000));
  account.engine.nudge();
  await account.until(() => used(account, 1) === 4 && used(account) > 9000, 'the draft in it');
  const changes = account.index.read((reader) => reader.changes('Quota', first, 10));
  assert.deepEqual([changes?.updated.length, changes?.countsOnly, changes?.created], [2, true, []]);
  account.index.write((t) => {
    const drafts = t.mailboxes().find((box) => box.role === 'drafts');
    const [email] = t.query(query({ filter: { op: 'is', inMailbox: drafts!.id } })).ids;
    t.destroy(email!, 0);
  });
  account.engine.nudge();
  await account.until(() => used(account, 1) === 3, 'the room that it left');
  assert.ok(account.logins <= 2, 'the watch connection, and the one of the first sync');
  assert.equal(account.sessions.filter(({ ended }) => ended === null).length > 0, true);
});

test('S53 a letter that does not fit stays here and is told with its response code; it goes when there is room', async () => {
  await using account = await open(1);
  const refusals: Refusal[] = [];
  account.engine.onRefusal((refusal) => refusals.push(refusal));
  const client = await account.client();
  const large = await client.append('INBOX', Buffer.from(message(9, 40_000)), [], null);
  const drafts = write(account, 'drafts', message(8, 30_000));
  account.engine.nudge();
  await account.until(() => refusals.length > 0, 'the refusal');
  assert.deepEqual([refusals[0]?.kind, refusals[0]?.responseCode], ['append', 'OVERQUOTA']);
  await account.engine.readQuota();
  assert.ok(used(account) > 40_000);
  const counts = () => account.index.read((reader) => [reader.intentCount(), reader.mailbox(drafts)?.totalEmails ?? 0]);
  assert.deepEqual(counts(), [1, 1], 'it waits, and is shown');
  await client.select('INBOX');
  await client.expunge([large?.uid ?? 0]);
  await account.engine.readQuota();
  await account.until(() => counts()[0] === 0, 'the letter at the server');
  assert.equal((await client.status('Drafts')).messages, 1);
  assert.equal(refusals.length, 1);
});

/** A server whose quota a test sets, and a clock whose timers it lets run. */
const openScripted = async (answer: { quota: string; status: string }, capability = 'QUOTA') => {
  const capabilities = ['IMAP4rev1', 'SASL-IR', 'AUTH=PLAIN', 'IDLE', 'NAMESPACE', 'UNSELECT', capability];
  const server = await openScriptedImap({
    capabilities,
    onCommand: ({ name, tag, connection }) => {
      if (name !== 'GETQUOTAROOT') return false;
      connection.send(`${answer.quota}${tag} ${answer.status}\r\n`);
      return true;
    },
  });
  const { clock, pass } = handClock(60_000);
  const user = { address: 'a', password: 'b' };
  const account = await openTestAccount({ imapPort: server.port, user, clock });
  const asked = (): number => server.commands.filter((name) => name === 'GETQUOTAROOT').length;
  return {
    server,
    account,
    asked,
    pass,
    [Symbol.asyncDispose]: async () => {
      await account[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

const half = '* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 5 10)\r\n';

test('S51 it is read again after a quarter of an hour, and by a new connection only if it is that old', async () => {
  const answer = { quota: half, status: 'OK done' };
  await using it = await openScripted(answer);
  const { account, server } = it;
  await account.until(() => quotas(account).length === 1, 'the quota');
  assert.deepEqual([quotas(account), it.asked()], [[['STORAGE', 5120, 10_240]], 1]);
  const before = state(account);
  server.dropAll();
  await account.until(() => server.logins === 2 && account.engine.connection.at === 'live', 'the line');
  await account.engine.readQuota();
  assert.equal(it.asked(), 2, 'only because it was asked for');
  assert.equal(state(account), before, 'what is the same is no news');
  answer.quota = half.replace('5 10', '6 10');
  it.pass(15 * 60_000);
  await account.until(() => used(account) === 6144, 'the next reading');
  assert.equal(server.logins, 2);
});

test('S52 without QUOTA, and where it is refused, there is none; what was known goes, unless the server only cannot now', async () => {
  {
    await using none = await openScripted({ quota: half, status: 'OK done' }, 'UIDPLUS');
    await none.account.until(() => none.account.engine.connection.at === 'live', 'the line');
    await none.account.engine.readQuota();
    assert.deepEqual([quotas(none.account), none.asked()], [[], 0]);
  }
  const answer = { quota: half, status: 'OK done' };
  await using it = await openScripted(answer);
  const { account } = it;
  await account.until(() => quotas(account).length === 1, 'the quota');
  const before = state(account);
  answer.quota = '';
  answer.status = 'NO [UNAVAILABLE] not now';
  await account.engine.readQuota();
  assert.deepEqual([quotas(account).length, state(account)], [1, before]);
  answer.status = 'NO [NOPERM] not for you';
  await account.engine.readQuota();
  const id = account.index.read((reader) => reader.changes('Quota', before, 10))?.destroyed;
  assert.deepEqual([quotas(account), id?.length], [[], 1]);
  assert.equal(account.engine.connection.at, 'live');
  answer.quota = half.replace('5 10', '5 20');
  answer.status = 'OK done';
  await account.engine.readQuota();
  const since = account.index.read((reader) => reader.changes('Quota', before, 10));
  assert.deepEqual([since?.updated, since?.countsOnly], [id, false], 'the same quota, its limit is another');
});

test('S53 a mailbox that the server has no room for is said to be that, with its words', async () => {
  await using server = await openScriptedImap({
    onCommand: ({ name, tag, connection }) => {
      if (name !== 'CREATE') return false;
      connection.no(tag, '[OVERQUOTA] Your account is full');
      return true;
    },
  });
  await using account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' } });
  await account.until(() => account.engine.connection.at === 'live', 'the line');
  await assert.rejects(account.engine.createMailbox('Plans', null, true), {
    code: 'mailbox/full',
    blame: 'user',
    words: 'Your account is full',
  });
});

test('S52 a server that hangs up at the question is left alone, and its mail does not suffer', async () => {
  let asked = 0;
  await using server = await openScriptedImap({
    capabilities: ['IMAP4rev1', 'SASL-IR', 'AUTH=PLAIN', 'IDLE', 'NAMESPACE', 'UNSELECT', 'QUOTA'],
    onCommand: ({ name, connection }) => {
      if (name !== 'GETQUOTAROOT') return false;
      asked += 1;
      connection.drop();
      return true;
    },
  });
  await using account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' } });
  await account.until(() => asked === 1, 'the question');
  await account.until(() => server.logins === 2 && account.engine.connection.at === 'live', 'the line');
  const inbox = account.index.read((reader) => reader.mailboxes()).find((box) => box.role === 'inbox');
  assert.deepEqual(await account.engine.search(inbox!.id, 'x'), []);
  assert.deepEqual([asked, quotas(account)], [1, []]);
});
