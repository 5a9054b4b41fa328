import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Email } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import { emptyRow } from '#imap/fetch.ts';
import type { FetchItems, Wish } from '#imap/types.ts';
import { query } from '#index/fixture.ts';
import { VaultError } from '#vault/errors.ts';
import { openDovecot } from '#village/dovecot.ts';
import type { Village } from '#village/dovecot.ts';
import { handClock, inRole, openTestAccount, signIn } from './test-account.ts';
import type { TestAccount } from './test-account.ts';

let village: Village;
let users = 0;

before(async () => {
  village = await openDovecot({
    users: Array.from({ length: 11 }, (_, n) => ({ address: `e${n}@village.test`, password: `pass ${n}` })),
  });
});
after(() => village[Symbol.asyncDispose]());

const someone = () => {
  const user = village.users[users++];
  assert.ok(user);
  return user;
};

const message = (n: number, body = `Text of message ${n}.\r\n`, more = ''): string =>
  `From: Bob <bob@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <e${n}@elsewhere.test>\r\n${more}\r\n${body}`;

const inbox = (account: TestAccount): Email[] => inRole(account, 'inbox');

/** A line to the village that is cut, once each, after so many bytes from the server. */
const openCutter = async (cuts: number[]) => {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(village.imapPort, '127.0.0.1');
    let left = cuts.shift() ?? Infinity;
    const both = [client, upstream];
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => both.forEach((one) => one.destroy()));
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      client.write(chunk.subarray(0, Math.max(0, left)));
      left -= chunk.length;
      if (left <= 0) both.forEach((one) => one.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

test('S5 a line that drops in the middle of a FETCH costs a reconnect and nothing else', async () => {
  const user = someone();
  for (let n = 1; n <= 400; n += 1) village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n });
  await using cutter = await openCutter([20_000, 60_000]);
  await using account = await openTestAccount({ imapPort: cutter.port, user });
  await account.until(() => account.engine.progress.done && inbox(account).length === 400, 'all messages');
  // A fourth is for the previews.
  assert.ok(account.logins === 3 || account.logins === 4);
  assert.equal(new Set(inbox(account).map((email) => email.subject)).size, 400);
});

test('S2 a server that allows one connection gets one', async () => {
  const user = someone();
  for (let n = 1; n <= 1_300; n += 1) village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n });
  let connections = 0;
  await using account = await openTestAccount({
    imapPort: village.imapPort,
    user,
    connect: async () => {
      connections += 1;
      if (connections > 1) throw new VaultError('limit/connections', 'too many');
      return signIn(village.imapPort, user);
    },
  });
  await account.until(() => account.engine.progress.done && inbox(account).length === 1_300, 'all messages');
  assert.equal(connections, 2);
  assert.equal(account.engine.connection.at, 'live');
});

test('S54 bytes: whole and kept, in parts when long, as a stream', async () => {
  const user = someone();
  const long = `${'long line of an attachment'.repeat(2)}\r\n`.repeat(30_000);
  const mixed = `--b\r\nContent-Type: text/plain\r\n\r\nshort text\r\n--b\r\nContent-Type: application/octet-stream; name=x.bin\r\nContent-Disposition: attachment\r\n\r\n${long}--b--\r\n`;
  village.put(user.address, 'INBOX', message(1), { receivedAt: 1_700_000_001 });
  village.put(
    user.address,
    'INBOX',
    message(2, mixed, 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n'),
    { receivedAt: 1_700_000_002 },
  );
  await using account = await openTestAccount({ imapPort: village.imapPort, user });
  await account.until(() => inbox(account).length === 2 && account.engine.progress.done, 'the first sync');
  const [large, small] = inbox(account);
  assert.ok(large && small);

  const [first, second] = await Promise.all([account.engine.source(small.row), account.engine.source(small.row)]);
  assert.ok(first.kind === 'whole' && second.kind === 'whole');
  assert.equal(first.raw.toString(), message(1));
  await account.until(
    () => account.index.read((reader) => reader.body(small.row, 'raw')) !== undefined,
    'the bytes kept',
  );

  const parts = await account.engine.source(large.row);
  assert.ok(parts.kind === 'parts');
  assert.match(parts.header.toString(), /Subject: message 2/);
  assert.equal((await parts.part('1')).toString(), 'short text');

  const chunks: Buffer[] = [];
  for await (const chunk of account.engine.stream(large.row, '2')) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), long.slice(0, -2));
  assert.ok(chunks.length > 1);
  // Leaving early harms nobody.
  for await (const chunk of account.engine.stream(large.row, null)) if (chunk.length > 0) break;
  assert.equal((await account.engine.source(small.row)).kind, 'whole');
});

test('S68 a reader who stops in the middle of a long letter holds up no other for ever', async () => {
  const user = someone();
  const long = `${'long line of an attachment'.repeat(2)}\r\n`.repeat(60_000);
  for (const n of [1, 2]) village.put(user.address, 'INBOX', message(n, long), { receivedAt: 1_700_000_000 + n });
  const { clock, pass } = handClock(60_000);
  await using account = await openTestAccount({ imapPort: village.imapPort, user, clock });
  await account.until(() => inbox(account).length === 2 && account.engine.progress.done, 'the first sync');
  const [newest, oldest] = inbox(account);
  assert.ok(newest && oldest);
  const stopped = account.engine.stream(newest.row, null)[Symbol.asyncIterator]();
  assert.equal((await stopped.next()).done, false);
  let bytes = 0;
  const other = (async () => {
    for await (const chunk of account.engine.stream(oldest.row, null)) bytes += chunk.length;
  })();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(bytes, 0);
  pass(61_000);
  await other;
  assert.ok(bytes > long.length);
  const rest = async (): Promise<void> => {
    for (;;) if ((await stopped.next()).done) return;
  };
  await assert.rejects(rest(), { code: 'net/away' });
});

test('S14 a message that is gone leaves its mailbox at once; the Email is destroyed ten minutes later', async () => {
  const user = someone();
  for (const n of [1, 2]) village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n });
  const { clock, pass } = handClock(60_000);
  await using account = await openTestAccount({ imapPort: village.imapPort, user, clock });
  await account.until(() => inbox(account).length === 2 && account.engine.progress.done, 'the first sync');
  const [gone] = inbox(account);
  assert.ok(gone);
  const client = await account.client();
  await client.select('INBOX');
  await client.expunge([2]);
  await account.until(() => inbox(account).length === 1, 'the removal');
  const mailboxes = () => account.index.read((reader) => reader.byRow(gone.row))?.mailboxes;
  pass(9 * 60_000);
  assert.deepEqual(mailboxes(), []);
  pass(60_000);
  pass(60_000);
  assert.equal(mailboxes(), undefined);
});

test('S66 a message that came after a connection last heard of its mailbox is there', async () => {
  const user = someone();
  const long = `${'long line of an attachment'.repeat(2)}\r\n`.repeat(30_000);
  village.put(user.address, 'INBOX', message(1, long), { receivedAt: 1_700_000_001 });
  await using account = await openTestAccount({ imapPort: village.imapPort, user });
  await account.until(() => inbox(account).length === 1 && account.engine.progress.done, 'the first sync');
  // Long letters are read over a connection of their own, which nobody tells of what arrives.
  for (const n of [2, 3, 4]) {
    const [newest] = inbox(account);
    assert.ok(newest);
    let bytes = 0;
    for await (const chunk of account.engine.stream(newest.row, null)) bytes += chunk.length;
    assert.ok(bytes > long.length);
    await village.deliver(user.address, message(n, long));
    await account.until(() => inbox(account).length === n, 'the new letter');
  }
  const [newest] = inbox(account);
  assert.ok(newest);
  const source = await account.engine.source(newest.row);
  assert.match((source.kind === 'whole' ? source.raw : source.header).toString(), /Subject: message 4/u);
});

test('a message that is gone says so', async () => {
  const user = someone();
  village.put(user.address, 'INBOX', message(1));
  await using account = await openTestAccount({ imapPort: village.imapPort, user });
  await account.until(() => inbox(account).length === 1 && account.engine.progress.done, 'the first sync');
  const [email] = inbox(account);
  assert.ok(email);
  const client = await account.client();
  await client.select('INBOX');
  await client.expunge([1]);
  await account.until(() => inbox(account).length === 0, 'the removal');
  await assert.rejects(account.engine.source(email.row), { code: 'message/gone' });
});

test('S10 search words of bodies: in the index after the previews, at the server at once', async () => {
  const user = someone();
  village.put(user.address, 'INBOX', message(1, 'The quick brown needlefish.\r\n'));
  village.put(user.address, 'INBOX', message(2));
  await using account = await openTestAccount({ imapPort: village.imapPort, user });
  await account.until(() => inbox(account).length === 2, 'the mail');
  const box = account.index.read((reader) => reader.mailboxes()).find((one) => one.role === 'inbox');
  assert.ok(box);
  assert.deepEqual(await account.engine.search(box.id, 'needlefish'), [1]);
  await account.until(
    () =>
      account.index.read(
        (reader) => reader.query(query({ filter: { op: 'is', text: 'needlefish' } })).ids.length === 1,
      ),
    'the word in the index',
  );
});

test('S7 the thread is never held for long while a mailbox is read', async () => {
  const user = someone();
  for (let n = 1; n <= 1_500; n += 1) village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n });
  await using account = await openTestAccount({ imapPort: village.imapPort, user, waiting: true });
  let turns = 0;
  const counter = setInterval(() => (turns += 1), 1);
  await account.restart();
  await account.until(() => account.engine.progress.done && inbox(account).length === 1_500, 'all messages');
  clearInterval(counter);
  assert.ok(turns > 10, `${turns} turns`);
});

test('S9 a message that the server cannot read is a stub row, not a hole, and takes none of the others along', async () => {
  const user = someone();
  for (let n = 1; n <= 120; n += 1) village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n });
  const bad = 77;
  const isBad = (wish: Wish): boolean => !('uids' in wish) || wish.uids.includes(bad);
  const refuse = (): Promise<never> =>
    Promise.reject(new ImapError('imap/refused', { responseCode: 'UNAVAILABLE', words: 'UID FETCH Server error' }));
  await using account = await openTestAccount({
    imapPort: village.imapPort,
    user,
    connect: async () => {
      const session = await signIn(village.imapPort, user);
      const { fetchRows, rescueRows } = session;
      return Object.assign(Object.create(session) as typeof session, {
        fetchRows: (wish: Wish, ...rest: [FetchItems, never]) => (isBad(wish) ? refuse() : fetchRows(wish, ...rest)),
        rescueRows: (uids: number[], items: FetchItems) =>
          uids.includes(bad) ? Promise.resolve({ rows: [emptyRow(0, bad)], gone: [] }) : rescueRows(uids, items),
      });
    },
  });
  await account.until(() => account.engine.progress.done && inbox(account).length === 120, 'all messages');
  assert.deepEqual(inbox(account).filter((email) => email.subject === '').length, 1);
});

test('S6 a mailbox that cannot be opened holds up no other', async () => {
  const user = someone();
  village.put(user.address, 'INBOX', message(1));
  village.put(user.address, 'Forbidden', message(2));
  village.put(user.address, 'Open', message(3));
  await using account = await openTestAccount({
    imapPort: village.imapPort,
    user,
    connect: async () => {
      const session = await signIn(village.imapPort, user);
      const { select } = session;
      const refuse = (): Promise<never> =>
        Promise.reject(new ImapError('imap/refused', { responseCode: 'NOPERM', words: 'no' }));
      return Object.assign(Object.create(session) as typeof session, {
        select: (pathRaw: string, ...rest: [never]) => (pathRaw === 'Forbidden' ? refuse() : select(pathRaw, ...rest)),
      });
    },
  });
  await account.until(() => account.engine.progress.done, 'the rest');
  const boxes = account.index.read((reader) => reader.mailboxes());
  assert.equal(boxes.find((box) => box.path === 'Open')?.totalEmails, 1);
  assert.equal(boxes.find((box) => box.path === 'Forbidden')?.state, 'new');
});
