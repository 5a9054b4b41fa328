import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from '#index/types.ts';
import type { FetchItems } from '#imap/types.ts';
import { openDovecot } from '#village/dovecot.ts';
import type { Village } from '#village/dovecot.ts';
import { openTestAccount, signIn } from './test-account.ts';
import type { TestAccount } from './test-account.ts';

const filler = 'Words before it, so many that no preview reaches so far. '.repeat(8);
const message = (n: number): string =>
  `From: Bob <bob@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <p${n}@elsewhere.test>\r\nDate: ${new Date(1_700_000_000_000 + n * 60_000).toUTCString()}\r\n\r\nBegins with start${n}. ${filler}\r\nEnds with end${n}.\r\n`;

const count = 150;

/** What was asked of the server, in its order. */
type Asked = 'rows' | 'previews' | 'texts';

const kindOf = (items: FetchItems): Asked | null => {
  if (items.preview === 'lazy') return 'rows';
  if (items.preview === true) return 'previews';
  return items.sections === undefined ? null : 'texts';
};

const open = async (village: Village): Promise<{ account: TestAccount; asked: Asked[] }> => {
  const [user] = village.users;
  assert.ok(user);
  const { imapPort } = village;
  const asked: Asked[] = [];
  const connect = async () => {
    const session = await signIn(imapPort, user);
    const fetchRows = session.fetchRows.bind(session);
    session.fetchRows = (wish, items, onRows) => {
      const kind = kindOf(items);
      if (kind !== null && kind !== asked.at(-1)) asked.push(kind);
      return fetchRows(wish, items, onRows);
    };
    return session;
  };
  return { account: await openTestAccount({ imapPort, user, connect }), asked };
};

const found = (account: TestAccount, filter: Omit<Extract<Filter, { op: 'is' }>, 'op'>): number =>
  account.index.read(
    (reader) =>
      reader.query({
        filter: { op: 'is', ...filter },
        sort: [],
        collapseThreads: false,
        position: 0,
        anchor: null,
        anchorOffset: 0,
        limit: 500,
        calculateTotal: true,
      }).total ?? 0,
  );

const gaps = (account: TestAccount) => account.index.read((reader) => reader.textGaps());

const isRead = async (account: TestAccount): Promise<void> => {
  await account.until(
    () => account.engine.progress.done && found(account, { subject: 'message' }) === count,
    'the first sync',
  );
  await account.until(() => gaps(account).bodies === 0, 'the texts');
  assert.deepEqual(gaps(account), { previews: 0, bodies: 0, newest: null });
  assert.equal(found(account, { body: 'end7 ' }), 1);
  assert.equal(found(account, { text: 'begins ends bob ' }), count);
};

const previewsOf = (account: TestAccount): string[] =>
  account.index.read((reader) =>
    reader.withoutPreview(1).length > 0
      ? []
      : reader
          .mailboxes()
          .flatMap((box) => reader.uids(box.id).map((uid) => reader.placement(box.id, uid)))
          .map((place) => (place && reader.byRow(place.email)?.preview) ?? ''),
  );

test('S10 headers with the rows, previews from a server that makes them, then texts, newest first', async (t) => {
  await using village = await openDovecot();
  const [user] = village.users;
  assert.ok(user);
  for (let n = 1; n <= count; n += 1)
    village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n * 60 });

  await t.test('that has none at hand', async () => {
    const { account, asked } = await open(village);
    await using _ = account;
    await isRead(account);
    assert.deepEqual([asked[0], ...asked.slice(-2)], ['rows', 'previews', 'texts']);
    for (const preview of previewsOf(account)) assert.match(preview, /^Begins with start\d+\. Words/u);
  });

  await t.test('that has them at hand', async () => {
    const { account, asked } = await open(village);
    await using _ = account;
    await account.until(() => found(account, { text: 'start7 ' }) === 1, 'a word of a preview');
    await isRead(account);
    assert.ok(!asked.includes('previews'));
    assert.equal(previewsOf(account).length, count);
    assert.ok(previewsOf(account).every((preview) => preview.length > 0 && preview.length <= 256));
  });

  await t.test('a restart in between goes on with what is missing', async () => {
    const { account, asked } = await open(village);
    await using _ = account;
    await account.until(() => gaps(account).bodies > 0 && gaps(account).bodies < count, 'some texts');
    await account.restart();
    const before = gaps(account).bodies;
    await isRead(account);
    assert.ok(before > 0 && asked.at(-1) === 'texts');
  });
});

test('S10 a server without PREVIEW: previews come with the texts', async () => {
  await using village = await openDovecot({ variant: 'plain' });
  const [user] = village.users;
  assert.ok(user);
  for (let n = 1; n <= count; n += 1)
    village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n * 60 });
  const { account, asked } = await open(village);
  await using _ = account;
  await account.until(() => found(account, { text: 'message bob ' }) > 0, 'words of headers');
  await isRead(account);
  assert.ok(!asked.includes('previews'));
  for (const preview of previewsOf(account)) assert.match(preview, /^Begins with start\d+\. Words/u);
});
