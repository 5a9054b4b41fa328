import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { signInImap } from '#village/preauth.ts';
import { toPart } from './bodystructure.ts';
import { ImapError } from './errors.ts';
import { encodeMailboxName } from './mailbox-name.ts';
import { type ImapSession, openImap } from './session.ts';
import type { Change, FetchItems, FetchRow } from './types.ts';

/** Against a real Dovecot, one user a test. */
let village: Village;
const users = Array.from({ length: 14 }, (_, i) => ({ address: `u${i}@village.test`, password: `pass ${i}` }));
let next = 0;

before(async () => {
  village = await openDovecot({ users });
});
after(() => village[Symbol.asyncDispose]());

const open = async (user: { address: string; password: string }): Promise<ImapSession> =>
  openImap(await signInImap(village, user), { host: '127.0.0.1' });

const newUser = () => users[next++]!;

let files = 0;

const put = (address: string, count: number, mailbox = 'INBOX', body = 'hello'): void => {
  for (let i = 0; i < count; i += 1) {
    files += 1;
    const raw = `From: a@x.org\r\nSubject: message ${i}\r\nMessage-ID: <${i}@x>\r\n\r\n${body}\r\n`;
    village.put(address, mailbox, raw, { receivedAt: 1_700_000_000 + files });
  }
};

const everything: FetchItems = {
  flags: true,
  internalDate: true,
  size: true,
  modseq: true,
  bodystructure: true,
  identity: true,
  preview: true,
  header: ['SUBJECT', 'MESSAGE-ID'],
};

const rowsOf = async (
  session: ImapSession,
  ...[wish, items]: [Parameters<ImapSession['fetchRows']>[0], FetchItems]
) => {
  const rows: FetchRow[] = [];
  const report = await session.fetchRows(wish, items, (batch) => void rows.push(...batch));
  return { rows, report };
};

/** The next change of this kind. */
const nextChange = <K extends Change['kind']>(session: ImapSession, kind: K): Promise<Extract<Change, { kind: K }>> =>
  new Promise((resolve) => {
    const off = session.onChange((change) => {
      if (change.kind !== kind) return;
      off();
      resolve(change as Extract<Change, { kind: K }>);
    });
  });

const refused = (code: string | null) => (error: unknown) =>
  error instanceof ImapError && error.code === 'imap/refused' && error.responseCode === code && error.words !== null;

test('the session begins without a login of its own and knows the server', async () => {
  await using session = await open(newUser());
  assert.deepEqual([session.condstore, session.qresync, session.quirks.names], [true, true, ['dovecot']]);
  assert.equal(session.serverId['name'], 'Dovecot');
  assert.deepEqual(session.namespaces.personal, [{ prefix: '', delimiter: '/' }]);
});

test('LIST tells roles, counts and names', async () => {
  const user = newUser();
  put(user.address, 3);
  await using session = await open(user);
  const name = encodeMailboxName('Prüf & 日本');
  await session.create(name);
  const listed = await session.list();
  const inbox = listed.find(({ pathRaw }) => pathRaw === 'INBOX');
  assert.deepEqual([inbox?.status?.messages, inbox?.status?.uidnext, inbox?.delimiter], [3, 4, '/']);
  assert.deepEqual(listed.find(({ flags }) => flags.includes('\\Trash'))?.path, 'Trash');
  const made = listed.find(({ pathRaw }) => pathRaw === name);
  assert.deepEqual([made?.path, made?.subscribed], ['Prüf & 日本', false]);
  await session.subscribe(name, true);
  await session.rename(name, 'plain "quoted"');
  const again = (await session.list()).map(({ pathRaw }) => pathRaw);
  assert.ok(again.includes('plain "quoted"') && !again.includes(name));
  assert.equal((await session.status('plain "quoted"')).messages, 0);
  await session.delete('plain "quoted"');
  await assert.rejects(session.status('plain "quoted"'), refused('NONEXISTENT'));
});

test('rows carry what was asked for', async () => {
  const user = newUser();
  put(user.address, 20);
  await using session = await open(user);
  const selected = await session.select('INBOX', { readOnly: true });
  assert.deepEqual([selected.exists, selected.uidnext, selected.readOnly], [20, 21, true]);
  const { rows, report } = await rowsOf(session, { newest: 5 }, everything);
  assert.deepEqual(report, { rows: 5, missing: [], missingSequence: [] });
  const last = rows.at(-1);
  assert.deepEqual([last?.uid, last?.seq, last?.internalDate, last?.preview], [20, 20, 1_700_000_000 + files, 'hello']);
  assert.equal(last?.header?.toString(), 'Subject: message 19\r\nMessage-ID: <19@x>\r\n\r\n');
  assert.equal(toPart(last?.bodystructure)?.type, 'text/plain');
  assert.ok(last?.guid !== null && (last?.size ?? 0) > 60 && Number(last.modseq) > 0);
});

test('UIDs that do not come back are told, and told apart from those that are gone', async () => {
  const user = newUser();
  put(user.address, 4);
  await using session = await open(user);
  await session.select('INBOX');
  await session.expunge([2]);
  const { rows, report } = await rowsOf(session, { uids: [4, 1, 2, 99] }, { flags: true });
  assert.deepEqual(
    rows.map(({ uid }) => uid),
    [1, 4],
  );
  assert.deepEqual(report.missing, [2, 99]);
  const rescued = await session.rescueRows([2, 4, 99], everything);
  assert.deepEqual(rescued.gone, [2, 99]);
  assert.equal(rescued.rows[0]?.header?.toString().startsWith('Subject: message 3'), true);
});

test('the server waits for a slow consumer, and a consumer that fails does not break the line', async () => {
  const user = newUser();
  put(user.address, 3000);
  await using session = await open(user);
  await session.select('INBOX');
  let busy = 0;
  let most = 0;
  const report = await session.fetchRows({ range: [1, 4_294_967_295] }, everything, async (rows) => {
    busy += 1;
    most = Math.max(most, busy);
    assert.ok(rows.length <= 500);
    await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
  });
  assert.deepEqual([report.rows, most], [3000, 1]);
  const full = new Error('disk full');
  await assert.rejects(
    session.fetchRows({ newest: 1000 }, everything, () => Promise.reject(full)),
    full,
  );
  assert.equal((await session.uidSearchAll()).length, 3000);
});

test('SEARCH in words of any language', async () => {
  const user = newUser();
  put(user.address, 3);
  put(user.address, 1, 'INBOX', 'viele Grüße aus Köln');
  await using session = await open(user);
  await session.select('INBOX');
  assert.deepEqual(await session.search({ body: 'Grüße' }), [4]);
  assert.deepEqual(await session.search({ or: [{ subject: 'message 1' }, { text: 'köln' }] }), [2, 4]);
  assert.deepEqual(await session.search({ subject: 'say "no" \\ {3}' }), []);
  assert.deepEqual(await session.search({ not: { uids: [[2, 9]] } }), [1]);
  assert.deepEqual(await session.search({ since: '2023-11-14', before: '2023-11-16', keyword: '\\Seen' }), []);
});

test('STORE, COPY, MOVE, APPEND tell what became of the messages', async () => {
  const user = newUser();
  put(user.address, 4);
  await using session = await open(user);
  const { uidvalidity } = await session.select('INBOX');
  await session.store([1, 2], ['\\Flagged', '$Work'], ['\\Seen']);
  const { rows } = await session.fetchFlags({ uids: [1, 2, 3] });
  assert.deepEqual(
    rows.map(({ flags }) => flags.includes('$Work')),
    [true, true, false],
  );
  const copied = await session.copy([1, 3], 'Archive');
  assert.deepEqual(
    [...(copied?.uids ?? [])],
    [
      [1, 1],
      [3, 2],
    ],
  );
  const gone = nextChange(session, 'vanished');
  const moved = await session.move([4], 'Archive');
  assert.deepEqual([...(moved?.uids ?? [])], [[4, 3]]);
  assert.deepEqual((await gone).uids, [[4, 4]]);
  assert.equal(session.selected?.exists, 3);
  const raw = Buffer.from('Subject: x\r\n\r\ny\r\n');
  assert.deepEqual(await session.append('INBOX', raw, ['\\Seen', '$Draft id'], 1_600_000_000), { uidvalidity, uid: 5 });
  const row = (await rowsOf(session, { uids: [5] }, { internalDate: true, flags: true })).rows[0];
  assert.deepEqual([row?.internalDate, row?.flags?.includes('\\Seen')], [1_600_000_000, true]);
  async function* chunks() {
    for (let i = 0; i < 100; i += 1) yield Buffer.alloc(1000, 'x');
  }
  assert.equal((await session.append('Archive', { size: 100_000, chunks: chunks() }, [], null))?.uid, 4);
});

test('what the server refuses comes with its words and code, and the session lives on', async () => {
  const user = newUser();
  put(user.address, 1);
  await using session = await open(user);
  await session.select('INBOX');
  await assert.rejects(session.copy([1], 'nowhere'), refused('TRYCREATE'));
  await assert.rejects(session.append('nowhere', Buffer.from('x'), [], null), refused('TRYCREATE'));
  await assert.rejects(session.append('nowhere', Buffer.alloc(10_000), [], null), refused('TRYCREATE'));
  await assert.rejects(session.create('INBOX'), refused('ALREADYEXISTS'));
  const nowhere = (error: unknown): boolean => refused(null)(error) || refused('NONEXISTENT')(error);
  await assert.rejects(session.select('nowhere'), nowhere);
  assert.equal(session.selected, null);
  assert.equal((await session.select('INBOX')).exists, 1);
});

test('IDLE tells of mail, flags and expunges, and gives way to commands', async () => {
  const user = newUser();
  put(user.address, 2);
  await using session = await open(user);
  await using other = await open(user);
  await Promise.all([session.select('INBOX'), other.select('INBOX')]);
  await session.idle();
  const exists = nextChange(session, 'exists');
  await village.deliver(user.address, 'Subject: new\r\n\r\nx\r\n');
  assert.equal((await exists).count, 3);
  const flags = nextChange(session, 'flags');
  await other.store([1], ['\\Answered'], []);
  const { row } = await flags;
  assert.deepEqual([row.uid, row.flags.includes('\\Answered')], [1, true]);
  assert.deepEqual(await session.uidSearchAll(), [1, 2, 3]);
  await session.idle();
  const vanished = nextChange(session, 'vanished');
  await other.expunge([2]);
  assert.deepEqual((await vanished).uids, [[2, 2]]);
});

test('QRESYNC: SELECT tells what changed and vanished in the meantime', async () => {
  const user = newUser();
  put(user.address, 6);
  await using session = await open(user);
  const before = await session.select('INBOX');
  await session.unselect();
  {
    await using other = await open(user);
    await other.select('INBOX');
    await other.store([5], ['\\Flagged'], []);
    await other.expunge([2, 3]);
  }
  const { uidvalidity, highestModseq: modseq } = before;
  const after = await session.select('INBOX', { since: { uidvalidity, modseq } });
  assert.deepEqual([after.resynced, after.vanished, after.exists], [true, [[2, 3]], 4]);
  assert.deepEqual(
    after.changed.map(({ uid, flags }) => [uid, flags.includes('\\Flagged')]),
    [[5, true]],
  );
  const changed = await session.fetchFlags({ range: [1, 4_294_967_295] }, modseq);
  assert.deepEqual([changed.rows.map(({ uid }) => uid), changed.vanished], [[5], [[2, 3]]]);
  const reset = await session.select('INBOX', { since: { uidvalidity: uidvalidity + 1, modseq } });
  assert.deepEqual([reset.resynced, reset.vanished, reset.changed], [false, [], []]);
});

test('a body of 20 MB streams in order, held back by its reader; leaving early ends the connection', async () => {
  const user = newUser();
  const lines = 'The quick brown fox jumps over the lazy dog and so on until the end.\r\n'.repeat(300_000);
  village.put(user.address, 'INBOX', `Subject: big\r\n\r\n${lines}`);
  put(user.address, 1);
  const session = await open(user);
  await session.select('INBOX');
  const uids = (await rowsOf(session, { newest: 2 }, { size: true })).rows;
  const big = uids.find(({ size }) => (size ?? 0) > 1_000_000)!.uid;
  const small = uids.find(({ size }) => (size ?? 0) < 1_000_000)!.uid;
  let at = 0;
  for await (const chunk of session.streamSection(big, '1')) {
    assert.equal(chunk.toString('latin1'), lines.slice(at, at + chunk.length));
    at += chunk.length;
    if (at < 1_000_000) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(at, lines.length);
  const whole: Buffer[] = [];
  for await (const chunk of session.streamSection(small, null)) whole.push(chunk);
  assert.match(Buffer.concat(whole).toString(), /^From: a@x\.org[^]*hello\r\n$/);
  for await (const chunk of session.streamSection(99, null)) assert.fail(chunk.toString());
  for await (const _ of session.streamSection(small, null)) break;
  assert.equal(session.ended, null);
  const abort = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of session.streamSection(big, null, { signal: abort.signal })) abort.abort(new Error('enough'));
  }, /enough/);
  assert.equal((session.ended as ImapError | null)?.code, 'imap/closed');
  await assert.rejects(session.noop(), (error) => error instanceof ImapError && error.code === 'imap/closed');
});

test('sections of one message', async () => {
  const user = newUser();
  put(user.address, 1);
  await using session = await open(user);
  await session.select('INBOX');
  const wishes = [{ section: 'HEADER' }, { section: '1' }, { section: '', bytes: 5 }, { section: '7' }];
  const found = await session.fetchSections(1, wishes);
  assert.deepEqual(
    [...(found ?? [])].map(([name, bytes]) => [name, bytes.toString().slice(0, 7)]).filter(([, text]) => text !== ''),
    [
      ['HEADER', 'From: a'],
      ['1', 'hello\r\n'],
      ['', 'From:'],
    ],
  );
  assert.equal(await session.fetchSections(9, wishes), null);
});

test('the beginning of a section of many messages comes with their rows', async () => {
  const user = newUser();
  put(user.address, 3);
  await using session = await open(user);
  await session.select('INBOX', { readOnly: true });
  const { rows, report } = await rowsOf(session, { uids: [1, 3] }, { sections: [{ section: '1', bytes: 4 }] });
  assert.deepEqual(report, { rows: 2, missing: [], missingSequence: [] });
  assert.deepEqual(
    rows.map((row) => [row.uid, [...row.sections.values()].map(String)]),
    [
      [1, ['hell']],
      [3, ['hell']],
    ],
  );
});

test('NOTIFY tells of other mailboxes while it idles', async () => {
  const user = newUser();
  put(user.address, 1);
  await using session = await open(user);
  await using other = await open(user);
  await session.select('INBOX');
  assert.equal(await session.notify(), true);
  await session.idle();
  const seen = new Promise<string>((resolve) => {
    session.onChange((change) => {
      if (change.kind === 'status' && change.status.messages === 1) resolve(change.pathRaw);
    });
  });
  await other.append('Archive', Buffer.from('Subject: x\r\n\r\ny\r\n'), [], null);
  assert.equal(await seen, 'Archive');
  assert.deepEqual(await session.uidSearchAll(), [1]);
});
