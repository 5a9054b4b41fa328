import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import { Numbers } from './numbers.ts';
import { numberOfRow } from './rows.ts';
import type { EmailNumber, EmailRow } from './types.ts';

test('I8 own numbers are the same from memory and from the file, few or many, as they come and go', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const answers = (...ids: number[]) => ({ envelope: { inReplyTo: ids.map((id) => `m${id}@example.org`) } });
  t.index.write((w) => w.add(inbox, [found(1), found(2), found(3), found(4)]));
  t.index.write((w) => w.add(inbox, [found(5, answers(1, 2))]));
  t.index.write((w) => w.add(inbox, [found(6, answers(3, 4))]));
  const emails = t.index.read((r) => r.emails(r.query(query()).ids));
  assert.equal(emails.length, 6);
  const rows = emails.map(({ row }) => row);
  const wanted = emails.map(({ number }) => number);
  assert.equal(wanted.filter((number, at) => number !== numberOfRow(rows[at]!)).length, 2, 'two were merged');
  const db = openDatabase(t.file, t.key);
  try {
    for (const most of [0, 1, 2, 100]) {
      const numbers = new Numbers(db, most);
      assert.deepEqual([numbers.of(rows), numbers.hasOwn], [wanted, true]);
      assert.deepEqual(numbers.of(rows.toReversed()), wanted.toReversed());
      for (const at of rows.keys()) assert.deepEqual(numbers.of(rows.slice(at)), wanted.slice(at));
      assert.deepEqual(
        wanted.map((number) => numbers.rowOf(number)),
        rows,
      );
    }
    const numbers = new Numbers(db, 2);
    assert.deepEqual(numbers.of([]), []);
    const other = rows.find((row, at) => wanted[at] === numberOfRow(row)) as EmailRow;
    numbers.delete(rows.find((row, at) => wanted[at] !== numberOfRow(row)) as EmailRow);
    numbers.set(other, 7 as EmailNumber);
    assert.deepEqual(numbers.of([other]), [7]);
    numbers.set(other, numberOfRow(other));
    assert.deepEqual(numbers.of([other]), [numberOfRow(other)]);
    numbers.forget();
    assert.deepEqual(numbers.of(rows), wanted, 'as the file has it');
  } finally {
    db.close();
  }
});
