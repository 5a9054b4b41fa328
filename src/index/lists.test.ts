import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import { RowList } from './lists.ts';
import type { EmailRow, Filter, Index, MailboxId, Uid } from './types.ts';

test('I9 a list in memory is a sorted set, wherever rows come and go', () => {
  const row = fc.integer({ min: -200, max: -1 }) as unknown as fc.Arbitrary<EmailRow>;
  const edits = fc.array(fc.record({ row, add: fc.boolean() }), { maxLength: 300, size: 'max' });
  fc.assert(
    fc.property(fc.uniqueArray(row), edits, (first, changes) => {
      const want = new Set<EmailRow>(first);
      const list = new RowList(Float64Array.from(first).sort());
      for (const { row: one, add } of changes) {
        if (add) {
          list.add(one);
          want.add(one);
        } else {
          list.remove(one);
          want.delete(one);
        }
      }
      const sorted = [...want].sort((a, b) => a - b);
      assert.equal(list.length, sorted.length);
      assert.deepEqual(list.slice(0, 1000), sorted);
      assert.deepEqual(list.slice(3, 7), sorted.slice(3, 7));
      assert.deepEqual(list.slice(5000, 5050), []);
      for (let at = -200; at < 0; at += 1) assert.equal(list.indexOf(at as EmailRow), sorted.indexOf(at as EmailRow));
    }),
    { numRuns: 100 },
  );
});

/** Page by page from the list in memory. */
const held = (index: Index, inMailbox: MailboxId) =>
  index.read((r) => r.query(query({ filter: { op: 'is', inMailbox }, collapseThreads: true, limit: 500 })).ids);

/** The same of the tables. */
const stored = (index: Index, inMailbox: MailboxId) => {
  const filter: Filter = { op: 'is', inMailbox, minSize: 1 };
  return index.read((r) => r.query(query({ filter, collapseThreads: true, limit: 500 })).ids);
};

test('I9 I16 conversations of the list in memory are those of the tables, whatever merges them', () => {
  const letter = fc.record({
    box: fc.nat({ max: 1 }),
    second: fc.nat({ max: 30 }),
    id: fc.nat({ max: 11 }),
    parents: fc.uniqueArray(fc.nat({ max: 11 }), { maxLength: 3 }),
  });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.array(letter, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.record({ gone: fc.nat({ max: 40 }), box: fc.nat({ max: 1 }) }) },
  );
  const idOf = (n: number): string => `c${n}@example.org`;
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 20, size: 'max' }), (steps) => {
      using t = openTestIndex();
      const { index } = t;
      const boxes = [addMailbox(index, 'INBOX', 'inbox'), addMailbox(index, 'Other')] as const;
      let uid = 0;
      for (const one of steps) {
        index.write((w) => {
          if ('gone' in one) return w.vanished(boxes[one.box as 0 | 1], [one.gone as Uid]);
          for (const { box, second, id, parents } of one) {
            const references = parents.map(idOf);
            const envelope = { messageId: idOf(id), inReplyTo: references, references };
            w.add(boxes[box as 0 | 1], [found((uid += 1), { receivedAt: 1_700_000_000 + second, envelope })]);
          }
        });
        for (const box of boxes) assert.deepEqual(held(index, box), stored(index, box));
      }
    }),
    { numRuns: 60 },
  );
});
