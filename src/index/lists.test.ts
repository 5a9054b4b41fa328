import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowList } from './lists.ts';
import type { EmailRow } from './types.ts';

test('I9 a list in memory is a sorted set, wherever rows come and go', () => {
  const row = fc.integer({ min: -200, max: -1 }) as unknown as fc.Arbitrary<EmailRow>;
  const edits = fc.array(fc.record({ row, add: fc.boolean() }), { maxLength: 300 });
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
