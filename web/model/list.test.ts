import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import { openList } from './list.ts';
import { openMail } from './mail.ts';
import { openSelection } from './selection.ts';
import { account, accountId, fakeMailbox, fakeServer, head, settled } from './testing.ts';

const id = (n: number): EmailId => `M${n}` as EmailId;

const openInbox = (count: number) => {
  const box = fakeMailbox(count);
  const server = fakeServer(box.handlers);
  const mail = openMail(server.connection, accountId, account);
  const list = openList(server.connection, mail, {
    accountId,
    filter: { inMailbox: 'inbox' as MailboxId },
    sort: [{ property: 'receivedAt', isAscending: false }],
    collapse: true,
    mailboxId: 'inbox' as MailboxId,
  });
  const queries = (): unknown[] =>
    server.requests
      .flat()
      .filter(([name]) => name === 'Email/query')
      .map(([, args]) => args['position'] ?? `${String(args['anchor'])}${String(args['anchorOffset'])}`);
  return { ...box, ...server, mail, list, queries };
};

const news = { created: [], updated: [], destroyed: [], everything: false };

test('L1 the first page comes by itself, in one request, with threads and heads', async () => {
  const { list, requests, mail } = openInbox(120);
  assert.equal(list.state.value.at, 'loading');
  await settled();
  assert.deepEqual(
    [list.state.value.at, list.total.value, list.idAt(0), list.idAt(49), list.idAt(50)],
    ['ready', 120, 'M0', 'M49', undefined],
  );
  assert.deepEqual(
    requests.map((calls) => calls.map(([name]) => name)),
    [['Email/query', 'Email/get', 'Thread/get', 'Email/get']],
  );
  assert.equal(mail.emails.peek('M49')?.subject, 'Subject of M49');
});

test('L1 a jump to any depth fetches only what is looked at', async () => {
  const { list, queries } = openInbox(100_000);
  await settled();
  list.look(70_010, 70_022);
  await settled();
  assert.deepEqual(queries(), [0, 70_000]);
  assert.equal(list.idAt(70_011), 'M70011');
  assert.equal(list.idAt(69_999), undefined);
  list.look(70_045, 70_058);
  await settled();
  assert.deepEqual(queries(), [0, 70_000, 70_050]);
});

test('L1 while the list is scrolled fast, pages passed by are not fetched', async () => {
  const { list, queries } = openInbox(10_000);
  await settled();
  for (let at = 0; at < 9_000; at += 300) list.look(at, at + 12);
  await settled();
  assert.ok(queries().length <= 5, String(queries()));
  assert.equal(list.idAt(8_705), 'M8705');
});

test('L1 two pages are asked for at a time, whatever is looked at', async () => {
  const { list, handlers, queries } = openInbox(1_000);
  await settled();
  handlers['Email/query'] = () => new Promise(() => undefined);
  list.look(100, 400);
  await settled();
  assert.deepEqual(queries(), [0, 100, 150]);
});

test('L7 a page that could not be fetched is asked for again when the view moves, and not before', async () => {
  const { list, handlers, queries } = openInbox(1_000);
  await settled();
  const query = handlers['Email/query']!;
  handlers['Email/query'] = () => ({ error: 'serverFail' });
  list.look(500, 510);
  await settled();
  list.look(500, 510);
  await settled();
  assert.deepEqual([queries(), list.idAt(505)], [[0, 500], undefined]);
  handlers['Email/query'] = query;
  list.look(501, 511);
  await settled();
  assert.deepEqual([queries(), list.idAt(505)], [[0, 500, 500], 'M505']);
});

test('L3 new mail at the top comes in; further down it is counted and nothing moves', async () => {
  const { list, rows, mail } = openInbox(500);
  await settled();
  rows.unshift(head('N1'));
  mail.tell({ ...news, created: ['N1' as EmailId] });
  await settled();
  assert.deepEqual([list.idAt(0), list.fresh.value, list.total.value], ['N1', 0, 501]);
  list.look(200, 212);
  list.atTop(false);
  await settled();
  rows.unshift(head('N2'), head('N3'));
  mail.tell({ ...news, created: ['N2', 'N3'] as EmailId[] });
  await settled();
  assert.deepEqual([list.fresh.value, list.idAt(0), list.indexOf(id(199))], [2, 'N2', 202]);
  list.atTop(true);
  assert.equal(list.fresh.value, 0);
});

test('L4 an answer from before a change does not bring back what it took out', async () => {
  const { list, mail, byId, rows, handlers } = openInbox(60);
  await settled();
  handlers['Email/set'] = () => new Promise(() => undefined);
  const putBack = list.take([id(3)]);
  void mail.emails.change({ M3: { 'mailboxIds/inbox': null, 'mailboxIds/archive': true } });
  await settled();
  void list.refresh();
  await settled();
  assert.deepEqual([list.total.value, list.idAt(3), list.indexOf(id(3))], [59, 'M4', -1]);
  assert.ok(byId('M3') === rows[3]);
  putBack();
  assert.deepEqual([list.total.value, list.idAt(3)], [60, 'M3']);
});

test('L4 what left a long list comes back to where it was, between rows that were never seen', async () => {
  const { list } = openInbox(100_000);
  await settled();
  list.look(50_000, 50_050);
  await settled();
  const putBack = list.take([id(50_020), id(0), id(2)]);
  assert.deepEqual([list.total.value, list.idAt(0), list.idAt(1), list.idAt(40_000)], [99_997, 'M1', 'M3', undefined]);
  assert.deepEqual([list.idAt(50_017), list.idAt(50_018)], ['M50019', 'M50021']);
  putBack();
  assert.deepEqual(
    [list.total.value, list.idAt(0), list.idAt(2), list.idAt(40_000), list.idAt(50_020), list.idAt(50_049)],
    [100_000, 'M0', 'M2', undefined, 'M50020', 'M50049'],
  );
});

test('L2 marks alone do not ask again; what left the mailbox elsewhere does', async () => {
  const { list, mail, rows, queries } = openInbox(60);
  await settled();
  mail.emails.merge([{ id: id(1), keywords: {} }]);
  mail.tell({ ...news, updated: [id(1)] });
  await settled();
  assert.equal(queries().length, 1);
  Object.assign(rows[2] ?? {}, { mailboxIds: { trash: true } });
  mail.emails.merge([{ id: id(2), mailboxIds: { ['trash' as MailboxId]: true } }]);
  mail.tell({ ...news, updated: [id(2)] });
  await settled();
  assert.deepEqual([queries().length, list.indexOf(id(2)), list.total.value], [2, -1, 59]);
});

test('L2 what was moved from one list is seen in another of the account, also when nobody saw it', async () => {
  const { list, mail, rows, queries, connection, handlers } = openInbox(40);
  handlers['Email/set'] = () => {
    Object.assign(rows[2] ?? {}, { mailboxIds: { archive: true } });
    return { accountId, oldState: '1', newState: '2', updated: {} };
  };
  const other = openList(connection, mail, list.query);
  await settled();
  other.awake(false);
  list.take([id(2)]);
  await mail.emails.change({ M2: { 'mailboxIds/inbox': null, 'mailboxIds/archive': true } });
  await settled();
  assert.deepEqual([queries().length, list.total.value, other.total.value], [2, 39, 40]);
  other.awake(true);
  await settled();
  assert.deepEqual([queries().length, other.total.value, other.indexOf(id(2))], [3, 39, -1]);
});

test('L2 a list nobody sees asks again when it is seen', async () => {
  const { list, mail, queries } = openInbox(60);
  await settled();
  list.awake(false);
  mail.tell({ ...news, everything: true });
  await settled();
  assert.equal(queries().length, 1);
  list.awake(true);
  await settled();
  assert.equal(queries().length, 2);
});

test('L7 a list by keyword keeps what was read a moment ago until it was left', async () => {
  const box = fakeMailbox(3);
  let queries = 0;
  const server = fakeServer({
    ...box.handlers,
    'Email/query': (args) => {
      queries += 1;
      return (box.handlers['Email/query'] as (a: typeof args) => Record<string, unknown>)(args);
    },
  });
  const mail = openMail(server.connection, accountId, account);
  const list = openList(server.connection, mail, {
    accountId,
    filter: { inMailbox: 'inbox' as MailboxId, notKeyword: '$seen' },
    sort: [],
    collapse: true,
    mailboxId: 'inbox' as MailboxId,
  });
  list.awake(true);
  await settled();
  mail.tell({ ...news, updated: [id(1)] });
  await settled();
  assert.equal(queries, 1);
  list.awake(false);
  list.awake(true);
  await settled();
  assert.equal(queries, 2);
});

test('L7 a failure says so and the next try mends it', async () => {
  const box = fakeMailbox(3);
  let broken = true;
  const server = fakeServer({
    ...box.handlers,
    'Email/query': (args) =>
      broken
        ? { error: 'serverFail' }
        : (box.handlers['Email/query'] as (a: typeof args) => Record<string, unknown>)(args),
  });
  const mail = openMail(server.connection, accountId, account);
  const list = openList(server.connection, mail, {
    accountId,
    filter: null,
    sort: [],
    collapse: true,
    mailboxId: null,
  });
  await settled();
  assert.equal(list.state.value.at, 'failed');
  broken = false;
  await list.refresh();
  assert.deepEqual([list.state.value.at, list.total.value], ['ready', 3]);
});

test('L5 a range is picked by id, also through rows that were never seen', async () => {
  const { list } = openInbox(400);
  await settled();
  const picks = openSelection(list);
  list.look(300, 310);
  await settled();
  picks.toggle(id(10));
  await picks.extend(id(305));
  assert.equal(picks.count.value, 296);
  assert.ok(picks.has(id(200)) && !picks.has(id(306)) && !picks.has(id(9)));
});

test('L5 all is one mark and its exceptions', async () => {
  const { list } = openInbox(1_284);
  await settled();
  const picks = openSelection(list);
  picks.all();
  assert.equal(picks.count.value, 1_284);
  picks.toggle(id(7));
  assert.deepEqual([picks.count.value, picks.has(id(7)), picks.has(id(1_000))], [1_283, false, true]);
  picks.clear();
  assert.equal(picks.count.value, 0);
});

test('L5 a range ends where it was drawn to last, and keeps what was picked before', async () => {
  const { list } = openInbox(20);
  await settled();
  const picks = openSelection(list);
  picks.toggle(id(1));
  picks.toggle(id(5));
  await picks.extend(id(8));
  assert.equal(picks.count.value, 5);
  await picks.extend(id(6));
  assert.deepEqual([picks.count.value, picks.has(id(8)), picks.has(id(1))], [3, false, true]);
  await picks.extend(id(2));
  assert.equal(picks.count.value, 5);
  assert.deepEqual([picks.has(id(1)), picks.has(id(2)), picks.has(id(6))], [true, true, false]);
});
