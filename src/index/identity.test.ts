import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailbox, found, openTestIndex, query, type TestIndex } from './fixture.ts';
import type { Email, EmailNumber, Index, MailboxId, Uid } from './types.ts';

const minute = 60_000;
const start = 1_800_000_000_000;

const list = (index: Index, mailbox: MailboxId): Email[] =>
  index.read((r) => r.emails(r.query(query({ filter: { op: 'is', inMailbox: mailbox } })).ids));
const only = (index: Index, mailbox: MailboxId): Email => {
  const emails = list(index, mailbox);
  assert.equal(emails.length, 1);
  return emails[0]!;
};

interface Scene {
  t: TestIndex;
  index: Index;
  inbox: MailboxId;
  archive: MailboxId;
  clock: { at: number };
}
const scene = (): Scene & Disposable => {
  const clock = { at: start };
  const t = openTestIndex({ now: () => clock.at });
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const archive = addMailbox(t.index, 'Archive', 'archive');
  return { t, index: t.index, inbox, archive, clock, [Symbol.dispose]: () => t[Symbol.dispose]() };
};
const uid = (number: number): Uid => number as Uid;
const inOther = (number: number) => ({ ...found(1), uid: uid(number) });

test('I20 copies with a strong id are one Email in several mailboxes', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1, { strongId: 'X', keywords: ['$seen', 'work'] })]));
  s.index.write((w) => w.add(s.archive, [{ ...found(1, { strongId: 'X', keywords: ['$flagged'] }), uid: uid(7) }]));
  const email = only(s.index, s.inbox);
  assert.deepEqual(new Set(email.mailboxes), new Set([s.inbox, s.archive]));
  assert.deepEqual(email.keywords, ['$flagged', 'work'], 'seen is not, for one copy is not');
  assert.equal(s.index.read((r) => r.placements(email.row)).length, 2);
  s.index.write((w) => w.vanished(s.inbox, [uid(1)]));
  assert.equal(only(s.index, s.archive).number, email.number);
  assert.deepEqual(only(s.index, s.archive).keywords, ['$flagged']);
});

test('I21 copies at the same time are two Emails', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1)]));
  s.index.write((w) => w.add(s.archive, [inOther(7)]));
  assert.notEqual(only(s.index, s.inbox).number, only(s.index, s.archive).number);
});

for (const after of [0, 9, 11]) {
  test(`I21 a message seen elsewhere ${after} minutes after it went ${after < 10 ? 'is the same' : 'is another'} Email`, () => {
    using s = scene();
    s.index.write((w) => w.add(s.inbox, [found(1)]));
    const { number } = only(s.index, s.inbox);
    const state = s.index.read((r) => r.state('Email'));
    s.index.write((w) => w.vanished(s.inbox, [uid(1)]));
    assert.deepEqual(list(s.index, s.inbox), []);
    assert.deepEqual(s.index.read((r) => r.email(number))?.mailboxes, []);
    s.clock.at += after * minute;
    s.index.write((w) => w.sweep(s.clock.at - 10 * minute));
    s.index.write((w) => w.add(s.archive, [inOther(9)]));
    const { number: now } = only(s.index, s.archive);
    const changes = s.index.read((r) => r.changes('Email', state, 10))!;
    if (after < 10) {
      assert.equal(now, number);
      assert.deepEqual([changes.created.length, changes.destroyed.length], [0, 0]);
    } else {
      assert.equal(changes.destroyed.length, 1);
      assert.equal(changes.created.length, 1);
    }
  });
}

for (const [what, patch] of Object.entries({
  subject: { envelope: { subject: 'Another' } },
  date: { envelope: { sentAt: 5 } },
  sender: { envelope: { from: [] } },
  id: { envelope: { messageId: 'another@x.example' } },
})) {
  test(`I21 another ${what} is another message`, () => {
    using s = scene();
    s.index.write((w) => w.add(s.inbox, [found(1)]));
    const { number } = only(s.index, s.inbox);
    s.index.write((w) => w.vanished(s.inbox, [uid(1)]));
    s.index.write((w) => w.add(s.archive, [{ ...found(1, patch), uid: uid(9) }]));
    assert.notEqual(only(s.index, s.archive).number, number);
  });
}

test('I21 the size and INTERNALDATE may differ when there is a Message-ID; without one the date must be the same', () => {
  using s = scene();
  const bare = { envelope: { messageId: null } };
  s.index.write((w) =>
    w.add(s.inbox, [found(1), found(2, bare), found(3, { envelope: { messageId: null, subject: 'x' } })]),
  );
  const before = list(s.index, s.inbox).map(({ number }) => number);
  s.index.write((w) => w.vanished(s.inbox, [uid(1), uid(2), uid(3)]));
  s.index.write((w) =>
    w.add(s.archive, [
      { ...found(1, { size: 5, receivedAt: 1_600_000_000 }), uid: uid(11) },
      { ...found(2, bare), uid: uid(12) },
      { ...found(3, { receivedAt: 1_600_000_000, envelope: { messageId: null, subject: 'x' } }), uid: uid(13) },
    ]),
  );
  const after = list(s.index, s.archive).map(({ number }) => number);
  assert.deepEqual(
    before.map((number) => after.includes(number)),
    [false, true, true],
  );
});

test('I21 of several copies each is matched once', () => {
  using s = scene();
  const twice = { envelope: { messageId: 'same@x.example' } };
  s.index.write((w) => w.add(s.inbox, [found(1, twice), found(2, twice)]));
  const before = list(s.index, s.inbox).map(({ number }) => number);
  s.index.write((w) => w.vanished(s.inbox, [uid(1), uid(2)]));
  s.index.write((w) =>
    w.add(s.archive, [
      { ...found(1, twice), uid: uid(11) },
      { ...found(2, twice), uid: uid(12) },
      { ...found(2, twice), uid: uid(13) },
    ]),
  );
  const after = list(s.index, s.archive).map(({ number }) => number);
  assert.equal(after.length, 3);
  for (const number of before) assert.ok(after.includes(number));
});

test('I21 a move whose target is seen first keeps the Email, with what was done to it meanwhile', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1)]));
  const { number } = only(s.index, s.inbox);
  s.index.write((w) => w.add(s.archive, [inOther(9)]));
  const copy = only(s.index, s.archive).number;
  s.index.write((w) => w.setKeywords(copy, ['$flagged'], [], 0));
  s.clock.at += 5 * minute;
  s.index.write((w) => w.vanished(s.inbox, [uid(1)]));
  const email = only(s.index, s.archive);
  assert.equal(email.number, number);
  assert.deepEqual(email.keywords, ['$flagged']);
  assert.equal(
    s.index.read((r) => r.email(copy)),
    undefined,
  );
  assert.deepEqual(s.index.read((r) => r.placement(s.archive, uid(9)))?.email, email.row);
  assert.deepEqual(s.index.read((r) => r.intents(0))[0]?.at, { mailbox: s.archive, uidvalidity: 1, uid: 9 });
});

test('I22 a move without COPYUID finds its message again; if it never comes, the Email goes', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1), found(2)]));
  const [second, first] = list(s.index, s.inbox);
  for (const { number } of [first!, second!]) s.index.write((w) => w.move(number, s.inbox, s.archive, 0));
  for (const { id } of s.index.read((r) => r.intents(0))) s.index.write((w) => w.intentDone(id, null));
  assert.deepEqual(
    s.index.read((r) => r.placements(first!.row)),
    [{ mailbox: s.archive, uid: null, email: first!.row }],
  );
  assert.deepEqual(
    s.index.read((r) => r.uids(s.archive)),
    [],
  );
  s.index.write((w) => w.add(s.archive, [inOther(5)]));
  assert.deepEqual(
    s.index.read((r) => r.placements(first!.row)),
    [{ mailbox: s.archive, uid: 5, email: first!.row }],
  );
  assert.deepEqual(
    list(s.index, s.archive).map(({ number }) => number),
    [second!.number, first!.number],
  );
  s.clock.at += 11 * minute;
  s.index.write((w) => w.sweep(s.clock.at - 10 * minute));
  s.clock.at += 11 * minute;
  s.index.write((w) => w.sweep(s.clock.at - 10 * minute));
  assert.equal(only(s.index, s.archive).number, first!.number);
  assert.equal(
    s.index.read((r) => r.email(second!.number)),
    undefined,
  );
});

test('I23 a message marked \\Deleted leaves and is counted nowhere; undeleted late it comes back as another Email', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1), found(2, { deleted: true })]));
  const { number, thread } = only(s.index, s.inbox);
  const set = (deleted: boolean): void =>
    s.index.write((w) => w.keywords(s.inbox, [{ uid: uid(1), keywords: [], deleted, modseq: '0' }]));
  set(true);
  assert.equal(s.index.read((r) => r.mailbox(s.inbox))?.totalEmails, 0);
  set(false);
  assert.equal(only(s.index, s.inbox).number, number, 'at once: the same');
  set(true);
  s.clock.at += 11 * minute;
  const state = s.index.read((r) => r.state('Email'));
  s.index.write((w) => w.sweep(s.clock.at - 10 * minute));
  assert.equal(s.index.read((r) => r.changes('Email', state, 9))?.destroyed.length, 1);
  assert.equal(
    s.index.read((r) => r.email(number)),
    undefined,
  );
  assert.equal(
    s.index.read((r) => r.thread(thread)),
    undefined,
  );
  assert.deepEqual(
    s.index.read((r) => r.uids(s.inbox)),
    [1, 2],
    'the mirror still knows them',
  );
  set(false);
  assert.notEqual(only(s.index, s.inbox).number, number);
});

test('I24 after a new UIDVALIDITY the list stays, ids stay, bodies stay; what is not found again goes', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1), found(2), found(3, { keywords: ['$seen'] })]));
  const before = list(s.index, s.inbox);
  s.index.write((w) => {
    w.saveBody(before[0]!.row, 'raw', Buffer.from('kept'));
    w.setKeywords(before[2]!.number, ['$flagged'], [], 0);
    w.remap(s.inbox, 99);
  });
  assert.deepEqual(list(s.index, s.inbox).length, 3);
  assert.deepEqual(
    s.index.read((r) => r.uids(s.inbox)),
    [],
  );
  assert.deepEqual(
    s.index.read((r) => r.intents(0)),
    [],
    'its UID is not known',
  );
  const { state, uidvalidity, lowUid } = s.index.read((r) => r.mailbox(s.inbox))!;
  assert.deepEqual([state, uidvalidity, lowUid], ['remap', 99, 0]);
  s.index.write((w) =>
    w.add(s.inbox, [
      { ...found(3, { keywords: ['$seen'] }), uid: uid(1) },
      { ...found(1), uid: uid(2) },
      { ...found(9), uid: uid(3) },
    ]),
  );
  s.index.write((w) => w.patchMailbox(s.inbox, { state: 'live' }));
  const after = list(s.index, s.inbox);
  assert.deepEqual(after.map(({ number }) => number).slice(1), [
    before[0]!.number,
    before[2]!.number,
  ] satisfies EmailNumber[]);
  assert.equal(after.length, 3);
  assert.equal(s.index.read((r) => r.body(after[1]!.row, 'raw'))?.toString(), 'kept');
  assert.deepEqual(s.index.read((r) => r.intents(0))[0]?.at, { mailbox: s.inbox, uidvalidity: 99, uid: 2 });
  assert.deepEqual(
    s.index.read((r) => r.uids(s.inbox)),
    [1, 2, 3],
  );
});

test('I7 I8 rows carry the date, ids come again when the index is made again', () => {
  const numbers = (): EmailNumber[] => {
    using s = scene();
    s.index.write((w) =>
      w.add(s.inbox, [
        found(1),
        found(2, { receivedAt: -5 }),
        found(3, { receivedAt: 9e12 }),
        ...[4, 5, 6].map((n) => found(n, { receivedAt: 1_700_000_000 })),
      ]),
    );
    const emails = list(s.index, s.inbox);
    assert.deepEqual(
      emails.map(({ receivedAt }) => receivedAt),
      [2 ** 33 - 1, 1_700_000_001, 1_700_000_000, 1_700_000_000, 1_700_000_000, 2 ** 20],
    );
    assert.deepEqual(
      emails.slice(2, 5).map(({ size }) => size),
      [1006, 1005, 1004],
      'later ones of a second first',
    );
    for (const { row, number } of emails) assert.ok(Number.isSafeInteger(row) && number === 0 - row);
    return emails.map(({ number }) => number);
  };
  assert.deepEqual(numbers(), numbers());
});

test('I7 any number of messages may come in one second', () => {
  using s = scene();
  const twins = Array.from({ length: 300 }, (_, i) =>
    found(1 + i * 2 ** 14, { receivedAt: 1_700_000_000, envelope: { messageId: null } }),
  );
  s.index.write((w) => w.add(s.inbox, twins));
  assert.equal(new Set(s.index.read((r) => r.query(query({ limit: 1000 })).ids)).size, 300);
});

test('I8 the number of an Email that is no more goes to no other: not to a draft, not to what the server brings', () => {
  using s = scene();
  const draft = (subject: string): EmailNumber =>
    s.index.write((w) => w.addLocal(s.inbox, { ...found(1, { envelope: { subject, messageId: null } }), preview: '' }));
  const seen = new Set<EmailNumber>();
  // 64 rows of a second are wanted by drafts: a hundred of them meet each other.
  for (let n = 0; n < 100; n += 1) {
    const number = draft(`draft ${n}`);
    s.index.write((w) => w.destroy(number, 0));
    seen.add(number);
  }
  assert.equal(seen.size, 100);

  s.index.write((w) => w.add(s.inbox, [found(1)]));
  const { number } = only(s.index, s.inbox);
  s.index.write((w) => w.vanished(s.inbox, [uid(1)]));
  s.clock.at += 11 * minute;
  s.index.write((w) => w.sweep(s.clock.at));
  // Same second, same UID, same bits: the row that the first one had is wanted again.
  s.index.write((w) => w.add(s.inbox, [found(1, { size: 5 })]));
  assert.notEqual(only(s.index, s.inbox).number, number);
  assert.equal(s.index.read((r) => r.emails([number])).length, 0);
});

test('I23 Emails of a mailbox that we destroyed are destroyed with it, unless they lie elsewhere', () => {
  using s = scene();
  s.index.write((w) => w.add(s.archive, [found(1), found(2, { strongId: 'X' })]));
  s.index.write((w) => w.add(s.inbox, [{ ...found(2, { strongId: 'X' }), uid: uid(7) }]));
  const [, alone] = list(s.index, s.archive);
  const state = s.index.read((r) => r.state('Email'));
  s.index.write((w) => w.removeMailbox(s.archive, true));
  assert.deepEqual(only(s.index, s.inbox).mailboxes, [s.inbox]);
  const changes = s.index.read((r) => r.changes('Email', state, 10));
  assert.deepEqual(changes?.destroyed, [`M${alone!.number.toString(36)}`]);
  assert.equal(changes?.updated.length, 1);
});

test('a UID that is told twice is one placement; known UIDs are brought up to date', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1), found(1)]));
  s.index.write((w) => w.add(s.inbox, [found(1, { keywords: ['$seen'], modseq: '5' })]));
  assert.deepEqual(only(s.index, s.inbox).keywords, ['$seen']);
});

test('numbers no server should say are bent, not refused', () => {
  using s = scene();
  const odd = [Number.NaN, Infinity, -1e300, 2 ** 60, 1.5];
  s.index.write((w) =>
    w.add(
      s.inbox,
      odd.map((value, i) =>
        found(i + 1, { size: value, receivedAt: value, modseq: '9223372036854775807', envelope: { sentAt: value } }),
      ),
    ),
  );
  s.index.write((w) => w.keywords(s.inbox, [{ uid: uid(1), keywords: ['$seen'], deleted: false, modseq: 'x' }]));
  s.index.write((w) => w.patchMailbox(s.inbox, { exists: Number.NaN, uidnext: 1e300 }));
  assert.equal(list(s.index, s.inbox).length, odd.length);
});

test('a keyword with a blank in it is none; texts with halves of characters are stored', () => {
  using s = scene();
  s.index.write((w) =>
    w.add(s.inbox, [found(1, { keywords: ['a b', '', 'ok'], envelope: { subject: 'half \ud800' } })]),
  );
  assert.deepEqual(only(s.index, s.inbox).keywords, ['ok']);
});

test('I51 a mailbox that can hold nothing any more is empty, and what was to go there or to leave it stays or turns up', () => {
  using s = scene();
  s.index.write((w) => w.add(s.inbox, [found(1)]));
  s.index.write((w) => w.add(s.archive, [found(2), found(3)]));
  const staying = only(s.index, s.inbox).number;
  const [third, second] = list(s.index, s.archive).map(({ number }) => number) as [EmailNumber, EmailNumber];
  s.index.write((w) => {
    w.move(staying, s.inbox, s.archive, 0);
    w.move(second, s.archive, s.inbox, 0);
  });
  s.index.write((w) => w.emptyMailbox(s.archive));
  assert.deepEqual([list(s.index, s.archive), s.index.read((r) => r.uids(s.archive))], [[], []]);
  assert.equal(only(s.index, s.inbox).number, staying);
  assert.equal(
    s.index.read((r) => r.intentCount()),
    0,
  );
  const counts = s.index.read((r) => r.mailbox(s.archive));
  assert.deepEqual([counts?.totalEmails, counts?.unreadEmails, counts?.totalThreads], [0, 0, 0]);
  s.index.write((w) => w.add(s.inbox, [found(3)]));
  assert.deepEqual(
    list(s.index, s.inbox).map(({ number }) => number),
    [third, staying],
  );
  s.clock.at += 11 * minute;
  s.index.write((w) => w.sweep(s.clock.at - 10 * minute));
  assert.equal(
    s.index.read((r) => r.email(second)),
    undefined,
  );
});
