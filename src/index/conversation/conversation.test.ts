import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { Email, Envelope, Found, Index, MailboxId } from '../types.ts';
import { hash48, keysOf } from './keys.ts';
import { baseSubject } from './subject.ts';

const emails = (index: Index): Email[] =>
  index.read((r) =>
    r.emails(r.query(query({ limit: 1e6, sort: [{ property: 'receivedAt', isAscending: true }] })).ids),
  );

/** Subjects by conversation, in the order of the messages. */
const groups = (index: Index): string[][] => {
  const byThread = Map.groupBy(emails(index), ({ thread }) => thread);
  return [...byThread.values()].map((group) => group.map(({ messageId }) => messageId?.split('@')[0] ?? ''));
};

const letter = (uid: number, name: string, patch: Partial<Envelope> = {}): Found =>
  found(uid, { envelope: { messageId: `${name}@x.example`, ...patch } });
const answering = (...names: string[]): Partial<Envelope> => ({
  inReplyTo: names.slice(-1).map((name) => `${name}@x.example`),
  references: names.map((name) => `${name}@x.example`),
});

const chain: Found[] = [
  letter(1, 'a'),
  letter(2, 'b', answering('a')),
  letter(3, 'c', answering('a', 'b')),
  letter(4, 'd', answering('a', 'b', 'c')),
  letter(5, 'other'),
];

test('I15 a conversation is found in any order and any batches, without a merge when all ids are named', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(chain, { minLength: chain.length }),
      fc.integer({ min: 1, max: 5 }),
      (order, batch) => {
        using t = openTestIndex();
        const inbox = addMailbox(t.index, 'INBOX', 'inbox');
        const state = t.index.read((r) => r.state('Email'));
        for (let i = 0; i < order.length; i += batch) t.index.write((w) => w.add(inbox, order.slice(i, i + batch)));
        assert.deepEqual(groups(t.index), [['a', 'b', 'c', 'd'], ['other']]);
        assert.deepEqual(
          t.index.read((r) => r.changes('Email', state, 100)?.destroyed),
          [],
        );
        const [first] = emails(t.index);
        const thread = t.index.read((r) => r.thread(first!.thread));
        assert.deepEqual(
          thread,
          emails(t.index)
            .slice(0, 4)
            .map(({ number }) => number),
          'oldest first',
        );
      },
    ),
    { numRuns: 15 },
  );
});

test('I15 In-Reply-To alone is enough; copies in two mailboxes are one conversation', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const sent = addMailbox(t.index, 'Sent', 'sent');
  t.index.write((w) => w.add(inbox, [letter(2, 'b', { inReplyTo: ['a@x.example'] })]));
  t.index.write((w) => w.add(sent, [letter(1, 'a')]));
  t.index.write((w) => w.add(inbox, [letter(9, 'a')]));
  assert.deepEqual(groups(t.index), [['a', 'b', 'a']]);
});

test('I16 a late link merges: the larger conversation stays, the Emails of the smaller get new numbers', () => {
  using t = openTestIndex();
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  index.write((w) => w.add(inbox, [letter(1, 'a'), letter(2, 'b', answering('a')), letter(3, 'c')]));
  const before = emails(index);
  const [a, , c] = before;
  index.write((w) => w.saveBody(c!.row, 'raw', Buffer.from('body')));
  const states = index.read((r) => ({ email: r.state('Email'), thread: r.state('Thread') }));
  index.write((w) => w.add(inbox, [letter(4, 'd', { inReplyTo: ['c@x.example', 'b@x.example'] })]));
  assert.deepEqual(groups(index), [['a', 'b', 'c', 'd']]);
  const after = emails(index);
  const moved = after[2]!;
  assert.equal(moved.row, c!.row);
  assert.notEqual(moved.number, c!.number);
  assert.equal(
    index.read((r) => r.email(c!.number)),
    undefined,
  );
  assert.equal(index.read((r) => r.email(moved.number))?.messageId, 'c@x.example');
  assert.equal(index.read((r) => r.body(moved.row, 'raw'))?.toString(), 'body');
  assert.equal(
    index.read((r) => r.thread(c!.thread)),
    undefined,
  );
  const id = (prefix: string, number: number): string => prefix + number.toString(36);
  const changes = index.read((r) => r.changes('Email', states.email, 100))!;
  assert.deepEqual(changes.destroyed, [id('M', c!.number)]);
  assert.deepEqual(changes.created.sort(), [id('M', moved.number), id('M', after[3]!.number)].sort());
  const threads = index.read((r) => r.changes('Thread', states.thread, 100))!;
  assert.deepEqual([threads.updated, threads.destroyed], [[id('T', a!.thread)], [id('T', c!.thread)]]);
  assert.equal(index.read((r) => r.mailbox(inbox))?.totalThreads, 1);
  assert.deepEqual(
    index.read((r) => r.byMessageId('c@x.example')),
    [moved.number],
  );
  // The ids of the merged conversation lead on to the larger one, after reopening too.
  t.reopen().write((w) => w.add(inbox, [letter(5, 'e', answering('c'))]));
  assert.deepEqual(groups(t.index), [['a', 'b', 'c', 'd', 'e']]);
  assert.deepEqual(
    t.index.read((r) => r.emails(r.query(query({ filter: { op: 'is', inMailbox: inbox } })).ids)).length,
    5,
  );
});

test('I17 an id without @ joins nobody', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) =>
    w.add(inbox, [
      found(1, { envelope: { messageId: 'none', inReplyTo: ['x'] } }),
      found(2, { envelope: { messageId: 'none', references: ['x'] } }),
    ]),
  );
  assert.equal(groups(t.index).length, 2);
});

test('I17 a sender whose mails all name the same id does not make one conversation of everything', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const mails = Array.from({ length: 500 + 120 }, (_, i) => letter(i + 1, `m${i}`, answering('broken')));
  for (let i = 0; i < mails.length; i += 100) t.index.write((w) => w.add(inbox, mails.slice(i, i + 100)));
  const sizes = groups(t.index).map((group) => group.length);
  assert.equal(Math.max(...sizes), 500);
  assert.equal(sizes.length, 121);
});

const filled = (index: Index, inbox: MailboxId): void => {
  const mails = Array.from({ length: 500 }, (_, i) =>
    letter(i + 1, `m${i}`, i === 0 ? {} : answering('m0', `m${i - 1}`)),
  );
  index.write((w) => w.add(inbox, mails));
};

test('I17 a full conversation goes on as another', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  filled(t.index, inbox);
  t.index.write((w) => w.add(inbox, [letter(900, 'n1', answering('m0', 'm499'))]));
  t.index.write((w) => w.add(inbox, [letter(901, 'n2', answering('m0', 'm499', 'n1'))]));
  assert.deepEqual(
    groups(t.index).map((group) => group.length),
    [500, 2],
  );
});

test('I17 the letter that would join two conversations counts as well', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const half = (name: string, from: number): Found[] =>
    Array.from({ length: 250 }, (_, i) => letter(from + i, `${name}${i}`, i === 0 ? {} : answering(`${name}0`)));
  t.index.write((w) => w.add(inbox, [...half('a', 1), ...half('b', 300)]));
  t.index.write((w) => w.add(inbox, [letter(900, 'both', answering('a0', 'b0'))]));
  assert.equal(Math.max(...groups(t.index).map((group) => group.length)), 251);
});

test('I18 References alone join only under the same subject, in either order', () => {
  const root = letter(1, 'root', { subject: 'Trip to Rome' });
  const same = letter(2, 'same', { subject: 'Re: [friends] trip to rome', references: ['root@x.example'] });
  const other = letter(3, 'other', { subject: 'Something else', references: ['root@x.example'] });
  for (const order of [
    [root, same, other],
    [other, same, root],
    [same, root, other],
  ]) {
    using t = openTestIndex();
    const inbox = addMailbox(t.index, 'INBOX', 'inbox');
    for (const one of order) t.index.write((w) => w.add(inbox, [one]));
    assert.deepEqual(groups(t.index), [['root', 'same'], ['other']]);
  }
});

test('I19 the server’s conversation id decides alone', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) =>
    w.add(inbox, [
      { ...letter(1, 'a'), strongThread: 'T1' },
      { ...letter(2, 'b', answering('a')), strongThread: 'T2' },
      { ...letter(3, 'c'), strongThread: 'T1' },
    ]),
  );
  assert.deepEqual(groups(t.index), [['a', 'c'], ['b']]);
});

test('many new keys at once survive a restart before they are in order', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) =>
    w.add(
      inbox,
      Array.from({ length: 700 }, (_, i) => letter(i + 1, `m${i}`)),
    ),
  );
  t.reopen().write((w) =>
    w.add(inbox, [letter(800, 'late', answering('m5')), letter(801, 'later', answering('m699'))]),
  );
  assert.deepEqual(
    groups(t.index).filter((group) => group.length > 1),
    [
      ['m5', 'late'],
      ['m699', 'later'],
    ],
  );
});

test('keys: the first and the last 19 of References, each once, not one’s own', () => {
  const ids = Array.from({ length: 40 }, (_, i) => `r${i}@x`);
  const envelope = { subject: 's', messageId: 'r39@x', inReplyTo: ['r38@x'], references: ids };
  const keys = keysOf(envelope, null);
  assert.equal(keys.own, hash48('r39@x'));
  assert.deepEqual(keys.parents.length, 19);
  assert.ok(keys.parents.includes(hash48('r0@x')) && keys.parents.includes(hash48('r21@x')));
  assert.ok(!keys.parents.includes(hash48('r20@x')) && !keys.parents.includes(hash48('r39@x')));
});

test('hashes of 48 bits are safe integers that tell texts apart', () => {
  const all = new Set(Array.from({ length: 50_000 }, (_, i) => hash48(`<${i}.${i * 7}@example.org>`)));
  assert.equal(all.size, 50_000);
  for (const hash of all) assert.ok(Number.isSafeInteger(hash) && hash >= 0 && hash < 2 ** 48);
});

test('ids under subjects tell one from another, and from the ids alone', () => {
  const keys = Array.from({ length: 200 }, (_, id) =>
    Array.from({ length: 200 }, (_, subject) =>
      keysOf({ messageId: `${id}@x`, inReplyTo: [], references: [], subject: `s${subject}` }, null),
    ),
  ).flat();
  assert.equal(new Set(keys.map(({ ownHere }) => ownHere)).size, 40_000);
  assert.equal(new Set([...keys.map(({ ownHere }) => ownHere), ...keys.map(({ own }) => own)]).size, 40_200);
  for (const { ownHere } of keys) assert.ok(Number.isSafeInteger(ownHere) && ownHere! >= 0 && ownHere! < 2 ** 48);
});

test('base subjects', () => {
  for (const [subject, base] of [
    ['Re: Re: FW: hello  there', 'hello there'],
    ['[list] Re: [list] Hello (fwd)', 'hello'],
    ['AW: WG: Sv: Hallo', 'hallo'],
    ['Re[2]: hello', 'hello'],
    ['回复：你好', '你好'],
    ['[only a tag]', '[only a tag]'],
    ['', ''],
    ['Regarding: this', 'regarding: this'],
  ] as const) {
    assert.equal(baseSubject(subject), base);
  }
});
