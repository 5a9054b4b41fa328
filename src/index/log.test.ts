import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMailbox, found, mailbox, openTestIndex, query } from './fixture.ts';
import { netChange } from './log.ts';
import type { Changes } from './types.ts';

const shape = (changes: Changes | null): unknown =>
  changes && [changes.created, changes.updated, changes.destroyed, changes.hasMore];

test('I32 changes about one record amount to one', () => {
  using t = openTestIndex();
  const { index } = t;
  const since = index.read((r) => r.state('Identity'));
  const note = (kind: 'created' | 'updated' | 'destroyed', ...ids: string[]): void =>
    index.write((w) => ids.forEach((id) => w.note('Identity', id, kind)));
  note('created', 'I1', 'I2', 'I3');
  note('updated', 'I1', 'I9');
  note('destroyed', 'I2', 'I8');
  note('created', 'I8');
  assert.deepEqual(shape(index.read((r) => r.changes('Identity', since, 100))), [
    ['I1', 'I3'],
    ['I9', 'I8'],
    [],
    false,
  ]);
  assert.deepEqual(shape(index.read((r) => r.changes('Identity', r.state('Identity'), 100))), [[], [], [], false]);
});

test('I32 steps of any size lead to the same knowledge', () => {
  const kinds = ['created', 'updated', 'destroyed'] as const;
  const notes = fc.array(
    fc.array(fc.record({ id: fc.nat({ max: 9 }), kind: fc.constantFrom(...kinds) }), { maxLength: 5 }),
  );
  fc.assert(
    fc.property(notes, fc.integer({ min: 1, max: 4 }), (writes, max) => {
      using t = openTestIndex();
      const { index } = t;
      const alive = new Set<string>();
      let state = index.read((r) => r.state('EmailSubmission'));
      for (const batch of writes) {
        index.write((w) => {
          for (const { id, kind } of batch) {
            const name = `S${id}`;
            // Only what can happen to a record does.
            if ((kind === 'created') === alive.has(name)) continue;
            w.note('EmailSubmission', name, kind);
            if (kind === 'created') alive.add(name);
            if (kind === 'destroyed') alive.delete(name);
          }
        });
      }
      const known = new Set<string>();
      for (let more = true; more;) {
        const changes = index.read((r) => r.changes('EmailSubmission', state, max))!;
        assert.ok(changes.created.length + changes.updated.length + changes.destroyed.length <= max);
        for (const id of changes.destroyed) known.delete(id);
        for (const id of changes.created) known.add(id);
        assert.ok(changes.hasMore === (changes.newState !== index.read((r) => r.state('EmailSubmission'))));
        assert.notEqual(changes.hasMore && changes.newState, state, 'it goes forward');
        state = changes.newState;
        more = changes.hasMore;
      }
      assert.deepEqual([...known].sort(), [...alive].sort());
    }),
    { numRuns: 40 },
  );
});

test('I32 what two changes amount to', () => {
  assert.equal(netChange('created', 'updated'), 'created');
  assert.equal(netChange('created', 'destroyed'), null);
  assert.equal(netChange('updated', 'destroyed'), 'destroyed');
  assert.equal(netChange('destroyed', 'created'), 'updated');
  assert.equal(netChange(null, 'created'), 'created');
  assert.equal(netChange('counts', 'counts'), 'counts');
  assert.equal(netChange('counts', 'updated'), 'updated');
  assert.equal(netChange('created', 'counts'), 'created');
});

test('I33 states of another epoch, of the future, malformed or too old are not answered', () => {
  let now = 1_800_000_000_000;
  using t = openTestIndex({ now: () => now });
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const first = t.index.read((r) => r.state('Email'));
  t.index.write((w) => w.add(inbox, [found(1)]));
  const ask = (state: string): unknown => shape(t.index.read((r) => r.changes('Email', state, 9)));
  for (const state of [
    '',
    '0',
    '-1',
    'other-0',
    `${t.index.epoch}-99`,
    `${t.index.epoch}-01`,
    `${t.index.epoch}-1e1`,
    `${t.index.epoch}--1`,
  ]) {
    assert.equal(ask(state), null, state);
  }
  now += 29 * 24 * 3600_000;
  t.reopen().write((w) => w.add(inbox, [found(2)]));
  assert.ok(ask(first));
  now += 2 * 24 * 3600_000;
  t.reopen();
  assert.equal(ask(first), null);
  assert.deepEqual(ask(`${t.index.epoch}-1`), [
    [`M${t.index.read((r) => r.query(query()).ids[0])!.toString(36)}`],
    [],
    [],
    false,
  ]);
  const { epoch } = t.index;
  assert.equal(
    t.index.read((r) => r.state('Email')),
    `${epoch}-2`,
    'a trimmed log does not begin again',
  );
});

test('I34 countsOnly says that nothing but counts of mailboxes changed', () => {
  using t = openTestIndex();
  const { index } = t;
  const state = (): string => index.read((r) => r.state('Mailbox'));
  const look = (since: string): unknown => {
    const { countsOnly, updated, created } = index.read((r) => r.changes('Mailbox', since, 9))!;
    return [countsOnly, created.length, updated.length];
  };
  const empty = state();
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const made = state();
  assert.deepEqual(
    [look(empty), look(made)],
    [
      [false, 1, 0],
      [false, 0, 0],
    ],
  );
  index.write((w) => w.add(inbox, [found(1)]));
  const counted = state();
  assert.deepEqual(look(made), [true, 0, 1]);
  index.write((w) => w.saveMailbox(mailbox('INBOX', 'inbox', { uidnext: 7, exists: 3 })));
  assert.equal(state(), counted, 'what no client sees is no change');
  index.write((w) => w.patchMailbox(inbox, { name: 'Eingang' }));
  assert.deepEqual(
    [look(made), look(counted)],
    [
      [false, 0, 1],
      [false, 0, 1],
    ],
  );
});

test('a first sync is not announced message by message', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  let told = 0;
  t.index.onChange(() => (told += 1));
  t.index.write((w) =>
    w.add(
      inbox,
      Array.from({ length: 500 }, (_, i) => found(i + 1)),
    ),
  );
  assert.equal(told, 1);
});

test('I48 who follows hears of each record within the write, and when a write is taken back', () => {
  using t = openTestIndex();
  const { index } = t;
  const heard: string[] = [];
  index.follow({ noted: (type, key) => heard.push(`${type} ${key}`), lost: () => heard.push('lost') });
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  heard.length = 0;
  index.write((w) => w.add(inbox, [found(1)]));
  const [number] = index.read((r) => r.query(query()).ids);
  assert.deepEqual(heard.toSorted(), [`Email ${number}`, `Mailbox ${inbox}`, 'Thread 1']);
  heard.length = 0;
  index.gather((w) => {
    w.setKeywords(number!, ['$seen'], [], 0);
    assert.deepEqual(heard, [`Email ${number}`]);
  });
  heard.length = 0;
  assert.throws(() =>
    index.write((w) => {
      w.destroy(number!, 0);
      throw new Error('on purpose');
    }),
  );
  assert.deepEqual([heard[0], heard.at(-1)], [`Email ${number}`, 'lost']);
});

test('I48 who follows hears when a state moves, and after nothing else', () => {
  // Nothing is stored before it is asked for, however slow the machine is.
  using t = openTestIndex({ gathered: { work: 1e9, time: 1e9 } });
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  let moves = 0;
  index.follow({ noted: () => undefined, moved: () => (moves += 1), lost: () => undefined });
  const state = (): string => index.read((r) => r.state('Email'));
  const before = state();
  index.gather((w) => w.add(inbox, [found(1)]));
  const gathered = moves;
  assert.ok(gathered > 0);
  index.settle();
  assert.notEqual(state(), before);
  const settled = moves;
  assert.ok(settled > gathered, 'when it is stored, which is what clients are told');
  index.read((r) => r.mailboxes());
  index.settle();
  index.write((w) => w.keywords(inbox, []));
  assert.equal(moves, settled);
});
