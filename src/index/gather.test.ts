import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { IndexError } from './errors.ts';
import { addMailbox, found, openTestIndex, query, type TestIndex } from './fixture.ts';
import { openIndex } from './open.ts';
import type { Index, MailboxId } from './types.ts';

const total = (index: Index, mailbox: MailboxId): number | undefined =>
  index.read((r) => r.mailbox(mailbox)?.totalEmails);

/** Looks at what a crash at this moment would leave. */
const look = <T>(t: TestIndex, at: (index: Index) => T): T => {
  const copy = path.join(path.dirname(t.file), `copy-${Math.random()}`);
  for (const suffix of ['', '-wal']) cpSync(t.file + suffix, copy + suffix);
  using index = openIndex(copy, t.key);
  return at(index);
};

const stored = (t: TestIndex, mailbox: MailboxId): number | undefined => look(t, (index) => total(index, mailbox));

/** Stored only when asked for. */
const patient = { gathered: { work: Infinity, time: 1e8 } };

test('I42 what is gathered is read at once, stored and told of together', () => {
  using t = openTestIndex(patient);
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const told: string[] = [];
  index.onChange((types) => told.push([...types].sort().join(' ')));
  index.gather((w) => w.add(inbox, [found(1)]));
  index.gather((w) => {
    w.add(inbox, [found(2)]);
    w.afterCommit(() => told.push('task'));
  });
  assert.deepEqual([total(index, inbox), stored(t, inbox), told], [2, 0, []]);
  index.settle();
  assert.deepEqual([stored(t, inbox), told], [2, ['task', 'Email Mailbox Thread']]);
  index.settle();
  index.gather((w) => w.add(inbox, [found(3)]));
  index.write((w) => w.add(inbox, [found(4)]));
  assert.deepEqual([stored(t, inbox), told.length], [4, 4]);
  index.gather((w) => w.add(inbox, [found(5)]));
  assert.equal(total(t.reopen(), inbox), 5);
});

test('I42 text that was gathered moves no state, and stays gathered', () => {
  using t = openTestIndex(patient);
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const row = index.write((w) => {
    w.add(inbox, [found(1)]);
    return w.email(w.query(query()).ids[0]!)!.row;
  });
  index.gather((w) => w.bodyText(row, 'a zither'));
  index.read((r) => r.state('Email'));
  const finds = (one: Index): number =>
    one.read((r) => r.query(query({ filter: { op: 'is', text: 'zither' } })).ids.length);
  assert.deepEqual([finds(index), look(t, finds)], [1, 0]);
  index.settle();
  assert.equal(look(t, finds), 1);
});

test('I42 no state is told that a crash could take back', () => {
  using t = openTestIndex(patient);
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const state = (): string => index.read((r) => r.state('Email'));
  const before = state();
  index.gather((w) => w.add(inbox, [found(1)]));
  assert.deepEqual([state(), stored(t, inbox)], [before, 0]);
  assert.deepEqual(index.read((r) => r.changes('Email', before, 9))?.created, []);
  // Whoever writes knows what he wrote himself.
  assert.equal(index.gather((w) => w.changes('Email', before, 9))?.created.length, 1);
  index.settle();
  assert.notEqual(state(), before);
  assert.deepEqual(index.read((r) => r.changes('Email', before, 9))?.newState, state());
  assert.equal(index.read((r) => r.changes('Email', before, 9))?.created.length, 1);
  index.gather((w) => w.add(inbox, [found(2)]));
  assert.equal(index.read((r) => r.changes('Email', before, 9))?.created.length, 1);
});

test('I42 what is gathered is stored soon without anybody asking', async () => {
  using t = openTestIndex({ gathered: { work: Infinity, time: 1 } });
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  assert.equal(stored(t, inbox), 0);
  const told = new Promise<void>((resolve) => t.index.onChange(() => resolve()));
  t.index.gather((w) => w.add(inbox, [found(1)]));
  // The timer of the index keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  await told;
  clearInterval(alive);
  assert.equal(stored(t, inbox), 1);
});

test('I42 a task that throws takes back what was not stored yet, and nothing else; who gathered before is told', () => {
  using t = openTestIndex({ mostPages: 120, ...patient });
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  index.write((w) => w.add(inbox, [found(1)]));
  index.gather((w) => w.add(inbox, [found(2)]));
  assert.throws(
    () =>
      index.gather((w) => {
        w.add(inbox, [found(3)]);
        throw new RangeError('changed my mind');
      }),
    RangeError,
  );
  assert.equal(total(index, inbox), 1);
  assert.throws(() => index.settle(), RangeError);
  const many = Array.from({ length: 3000 }, (_, i) => found(i + 10));
  assert.throws(
    () => index.gather((w) => w.add(inbox, many)),
    (error) => error instanceof IndexError && error.code === 'index/full',
  );
  index.settle();
  index.gather((w) => w.add(inbox, [found(5000)]));
  assert.equal(total(t.reopen(), inbox), 2);
});
