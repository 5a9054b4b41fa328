import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import type { MailboxId, Uid } from './types.ts';
import { type Scene, scene, email, due, wants, mark } from './intents.testkit.ts';

const server = (s: Scene, keywords: string[], modseq = '0', mailbox = s.inbox, uid = 1): void =>
  s.index.write((w) => w.keywords(mailbox, [{ uid: uid as Uid, keywords, deleted: false, modseq }]));

test('I25 a wish shows at once and says where it is to be carried out', () => {
  using s = scene();
  mark(s, ['$flagged', 'work'], ['$seen'], 500);
  assert.deepEqual(email(s).keywords, ['$flagged', 'work']);
  assert.equal(s.index.read((r) => r.mailbox(s.inbox))?.unreadEmails, 1);
  assert.deepEqual(due(s, 499), []);
  assert.equal(
    s.index.read((r) => r.nextIntentAt()),
    500,
  );
  assert.deepEqual(due(s, 500), [
    {
      id: 1,
      email: email(s).row,
      want: { kind: 'keywords', add: ['$flagged', 'work'], remove: ['$seen'] },
      dueAt: 500,
      tries: 0,
      at: { mailbox: s.inbox, uidvalidity: 1, uid: 1 },
    },
  ]);
  s.index.write((w) => w.intentDone(1, null));
  assert.deepEqual([s.index.read((r) => r.intentCount()), s.index.read((r) => r.nextIntentAt())], [0, null]);
  assert.deepEqual(email(s).keywords, ['$flagged', 'work'], 'the server has it now');
});

test('I26 read and unread again is nothing; what is so anyway is no wish', () => {
  using s = scene();
  mark(s, [], ['$seen']);
  mark(s, ['$seen']);
  mark(s, ['$seen']);
  assert.deepEqual(wants(s), []);
  mark(s, ['a'], ['b']);
  mark(s, ['c'], ['a']);
  assert.deepEqual(wants(s), [{ kind: 'keywords', add: ['c'], remove: [] }]);
});

test('I26 a wish already begun stays, and the opposite follows it', () => {
  using s = scene();
  mark(s, ['$flagged']);
  s.index.write((w) => w.intentsStarted([1]));
  mark(s, [], ['$flagged']);
  assert.deepEqual(email(s).keywords, ['$seen']);
  assert.deepEqual(wants(s).length, 2);
  server(s, ['$seen', '$flagged']);
  s.index.write((w) => w.intentDone(1, null));
  assert.deepEqual(email(s).keywords, ['$seen'], 'the later wish still holds');
  s.index.write((w) => w.intentDone(2, null));
  assert.deepEqual(email(s).keywords, ['$seen']);
});

test('I26 a later move replaces an earlier one; back again is nothing', () => {
  using s = scene();
  const move = (from: MailboxId, to: MailboxId): void => s.index.write((w) => w.move(s.number, from, to, 0));
  move(s.inbox, s.archive);
  assert.deepEqual(email(s).mailboxes, [s.archive]);
  move(s.archive, s.trash);
  assert.deepEqual(wants(s), [{ kind: 'move', from: s.inbox, to: s.trash }]);
  assert.equal(s.index.read((r) => r.mailbox(s.trash))?.totalEmails, 1);
  move(s.trash, s.inbox);
  assert.deepEqual([wants(s), email(s).mailboxes], [[], [s.inbox]]);
  move(s.archive, s.trash);
  assert.deepEqual(wants(s), [], 'it does not lie there');
});

test('I26 a move begun is followed by the next, which waits for the UID', () => {
  using s = scene();
  s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
  s.index.write((w) => w.intentsStarted([1]));
  s.index.write((w) => w.move(s.number, s.archive, s.trash, 0));
  assert.deepEqual(email(s).mailboxes, [s.trash]);
  assert.deepEqual(
    due(s).map(({ id }) => id),
    [1],
  );
  s.index.write((w) => w.vanished(s.inbox, [1 as Uid]));
  assert.deepEqual(email(s).mailboxes, [s.trash], 'our own move took it away');
  s.index.write((w) => w.intentDone(1, { mailbox: s.archive, uid: 44 as Uid }));
  assert.deepEqual(
    due(s).map(({ id, at }) => [id, at]),
    [[2, { mailbox: s.archive, uidvalidity: 1, uid: 44 }]],
  );
  s.index.write((w) => w.intentDone(2, { mailbox: s.trash, uid: 3 as Uid }));
  assert.deepEqual(
    s.index.read((r) => r.placements(email(s).row)),
    [{ mailbox: s.trash, uid: 3, email: email(s).row }],
  );
});

/** The same message in INBOX and Archive, told by its strong id. */
const twice = (s: Scene): void => {
  s.index.write((w) => {
    w.add(s.inbox, [found(2, { strongId: 'x', envelope: { messageId: '2@x', subject: 'Twice' } })]);
    w.add(s.archive, [found(9, { strongId: 'x', envelope: { messageId: '2@x', subject: 'Twice' } })]);
  });
  Object.assign(s, { number: s.index.read((r) => r.query(query()).ids.find((number) => number !== s.number)) });
};

test('I49 leaving one of several mailboxes takes that copy alone; before it was begun, a copy back is nothing', () => {
  using s = scene();
  s.index.write((w) => w.leave(s.number, s.inbox, 0));
  assert.deepEqual([wants(s), email(s).mailboxes], [[], [s.inbox]], 'it lies nowhere else');
  assert.equal(s.index.read((r) => r.mailbox(s.inbox))?.totalEmails, 1);
  twice(s);
  const here = (): MailboxId[] => email(s).mailboxes;
  assert.deepEqual(here(), [s.inbox, s.archive]);
  const leave = (): void => s.index.write((w) => w.leave(s.number, s.inbox, 0));
  leave();
  assert.deepEqual([wants(s), here()], [[{ kind: 'leave', from: s.inbox }], [s.archive]]);
  s.index.write((w) => w.copy(s.number, s.inbox, 0));
  assert.deepEqual([wants(s), here()], [[], [s.inbox, s.archive]]);
  leave();
  const [intent] = due(s);
  assert.deepEqual(intent?.at, { mailbox: s.inbox, uidvalidity: 1, uid: 2 });
  s.index.write((w) => w.intentsStarted([intent.id]));
  s.index.write((w) => w.copy(s.number, s.inbox, 0));
  assert.deepEqual(due(s).at(-1)?.at, { mailbox: s.archive, uidvalidity: 1, uid: 9 }, 'copied from what stays');
  s.index.write((w) => w.intentDone(intent.id, null));
  assert.deepEqual(
    [s.index.read((r) => r.uids(s.inbox)), s.index.read((r) => r.uids(s.archive)), here()],
    [[1], [9], [s.inbox, s.archive]],
  );
});

test('I49 what was about to come where it is not to be stays away; a wish never follows the message elsewhere', () => {
  using s = scene();
  twice(s);
  s.index.write((w) => w.move(s.number, s.inbox, s.trash, 0));
  s.index.write((w) => w.leave(s.number, s.trash, 0));
  assert.deepEqual([wants(s), email(s).mailboxes], [[{ kind: 'leave', from: s.inbox }], [s.archive]]);
  s.index.write((w) => w.vanished(s.inbox, [2 as Uid]));
  s.index.write((w) => w.setKeywords(s.number, ['$flagged'], [], 0));
  s.index.write((w) => w.intentDone(due(s).find(({ want }) => want.kind === 'keywords')!.id, null));
  assert.deepEqual([s.index.read((r) => r.intentCount()), email(s).mailboxes], [0, [s.archive]]);
});

test('I28 I49 a copy that the server kept is back in its mailbox', () => {
  using s = scene();
  twice(s);
  s.index.write((w) => w.leave(s.number, s.archive, 0));
  s.index.write((w) => w.intentRefused(due(s)[0]!.id));
  assert.deepEqual([wants(s), email(s).mailboxes], [[], [s.inbox, s.archive]]);
});

test('I26 destroying cancels what was wished before', () => {
  using s = scene();
  mark(s, ['$flagged']);
  s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
  s.index.write((w) => w.destroy(s.number, 5));
  assert.deepEqual(
    [wants(s), s.index.read((r) => r.intents(5)).map(({ want }) => want)],
    [[], [{ kind: 'destroy', from: s.inbox }]],
  );
  assert.equal(
    s.index.read((r) => r.email(s.number)),
    undefined,
  );
  assert.equal(s.index.read((r) => r.mailbox(s.archive))?.totalEmails, 0);
  const [intent] = s.index.read((r) => r.intents(5));
  s.index.write((w) => w.intentDone(intent!.id, null));
  assert.deepEqual([s.index.read((r) => r.uids(s.inbox)), s.index.read((r) => r.intentCount())], [[], 0]);
});

test('I27 the server’s word holds but for what is wished, keyword by keyword', () => {
  using s = scene();
  mark(s, ['$flagged'], ['$seen']);
  server(s, ['$seen', 'work']);
  assert.deepEqual(email(s).keywords, ['$flagged', 'work']);
  s.index.write((w) => w.add(s.inbox, [found(1, { keywords: ['$answered', '$seen'] })]));
  assert.deepEqual(email(s).keywords, ['$flagged', '$answered']);
  const [intent] = due(s);
  s.index.write((w) => w.intentDone(intent!.id, null));
  server(s, ['$seen']);
  assert.deepEqual(email(s).keywords, ['$seen'], 'once it is done the server has the last word');
});

test('I27 an answer older than the one known is not taken', () => {
  using s = scene();
  server(s, ['$flagged'], '20');
  server(s, ['$seen'], '19');
  assert.deepEqual(email(s).keywords, ['$flagged']);
  server(s, ['$seen'], '21');
  assert.deepEqual(email(s).keywords, ['$seen']);
});

test('I52 what was destroyed while it moved, and was gone before it got there, leaves no wish behind', () => {
  for (const order of ['refused first', 'seen first']) {
    using s = scene();
    s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
    s.index.write((w) => w.intentsStarted([1]));
    s.index.write((w) => w.destroy(s.number, 0));
    assert.equal(
      s.index.read((r) => r.intentCount()),
      3,
      'the move, and a destroy at either end',
    );
    const seen = (): void => s.index.write((w) => w.vanished(s.inbox, [1 as Uid]));
    if (order === 'seen first') seen();
    s.index.write((w) => w.intentRefused(1));
    if (order === 'refused first') seen();
    assert.equal(
      s.index.read((r) => r.intentCount()),
      0,
      order,
    );
    assert.equal(
      s.index.read((r) => r.email(s.number)),
      undefined,
    );
  }
});

test('I52 what was destroyed while a copy was made is destroyed where that arrives, though it left where it was', () => {
  using s = scene();
  s.index.write((w) => w.copy(s.number, s.archive, 0));
  s.index.write((w) => w.intentsStarted([1]));
  s.index.write((w) => w.destroy(s.number, 0));
  s.index.write((w) => w.vanished(s.inbox, [1 as Uid]));
  s.index.write((w) => w.intentDone(1, { mailbox: s.archive, uid: 5 as Uid }));
  assert.deepEqual(
    due(s).map(({ want, at }) => [want, at?.uid]),
    [[{ kind: 'destroy', from: s.archive }, 5]],
  );
});

test('I28 a refused wish falls back to the server’s state', () => {
  using s = scene();
  const state = s.index.read((r) => r.state('Email'));
  mark(s, ['$flagged'], ['$seen']);
  s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
  server(s, ['$seen', 'work']);
  for (const { id } of due(s)) s.index.write((w) => w.intentRefused(id));
  assert.deepEqual([email(s).keywords, email(s).mailboxes], [['$seen', 'work'], [s.inbox]]);
  assert.equal(s.index.read((r) => r.mailbox(s.inbox))?.totalEmails, 1);
  assert.equal(s.index.read((r) => r.changes('Email', state, 10))?.updated.length, 1);
});

test('I28 a destroyed Email that the server kept comes back with another number', () => {
  using s = scene();
  const state = s.index.read((r) => r.state('Email'));
  s.index.write((w) => w.destroy(s.number, 0));
  s.index.write((w) => w.intentRefused(due(s)[0]!.id));
  const [back] = s.index.read((r) => r.query(query({ filter: { op: 'is', inMailbox: s.inbox } })).ids);
  assert.notEqual(back, s.number);
  const changes = s.index.read((r) => r.changes('Email', state, 10))!;
  assert.deepEqual([changes.created.length, changes.destroyed.length], [1, 1]);
  assert.deepEqual(
    s.index.read((r) => r.emails([back!, s.number])).map(({ number }) => number),
    [back],
  );
});

test('I29 a wish follows a message that somebody else moved', () => {
  using s = scene();
  mark(s, ['$flagged']);
  s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
  s.index.write((w) => w.vanished(s.inbox, [1 as Uid]));
  s.index.write((w) => w.add(s.trash, [{ ...found(1), uid: 8 as Uid }]));
  assert.deepEqual(email(s).mailboxes, [s.archive]);
  assert.deepEqual(
    due(s).map(({ want, at }) => [want, at]),
    [
      [
        { kind: 'keywords', add: ['$flagged'], remove: [] },
        { mailbox: s.trash, uidvalidity: 1, uid: 8 },
      ],
      [
        { kind: 'move', from: s.trash, to: s.archive },
        { mailbox: s.trash, uidvalidity: 1, uid: 8 },
      ],
    ],
  );
});

test('I29 a wish for where somebody else already put it is fulfilled', () => {
  using s = scene();
  s.index.write((w) => w.move(s.number, s.inbox, s.archive, 0));
  s.index.write((w) => w.vanished(s.inbox, [1 as Uid]));
  s.index.write((w) => w.add(s.archive, [{ ...found(1), uid: 8 as Uid }]));
  assert.deepEqual([wants(s), email(s).mailboxes], [[], [s.archive]]);
});

test('intentLater counts a try and lets the wish be changed again', () => {
  using s = scene();
  mark(s, ['$flagged']);
  s.index.write((w) => w.intentsStarted([1]));
  s.index.write((w) => w.intentLater(1, 77));
  assert.deepEqual(
    due(s, 77).map(({ tries, dueAt }) => [tries, dueAt]),
    [[1, 77]],
  );
  mark(s, [], ['$flagged']);
  assert.deepEqual(
    s.index.read((r) => r.intentCount()),
    0,
  );
});

test('wishes survive a restart', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) => w.add(inbox, [found(1)]));
  t.index.write((w) => w.setKeywords(w.query(query()).ids[0]!, ['$seen'], [], 0));
  assert.equal(t.reopen().read((r) => r.intents(0)).length, 1);
});

test('a copy whose UID is told is the same Email; COPYUID known late corrects what the sync took for another', () => {
  using s = scene();
  s.index.write((w) => w.copy(s.number, s.archive, 0));
  assert.deepEqual(email(s).mailboxes, [s.inbox, s.archive]);
  s.index.write((w) => w.add(s.archive, [{ ...found(1, { keywords: ['$seen'] }), uid: 5 as Uid }]));
  s.index.write((w) => w.intentDone(1, { mailbox: s.archive, uid: 5 as Uid }));
  const inArchive = s.index.read((r) => r.query(query({ filter: { op: 'is', inMailbox: s.archive } })).ids);
  assert.deepEqual(inArchive, [s.number]);
  assert.equal(s.index.read((r) => r.placements(email(s).row)).length, 2);
});
