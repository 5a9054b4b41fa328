import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openDatabase } from '../database.ts';
import { openTestIndex } from '../fixture.ts';
import { barePeople, foldPeople, isOrdinaryList } from './people.ts';

const words = (text: string): string[] => text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu) ?? [];

const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    '"name":',
    'O\'Brien, "Ann" \\',
    'null',
    'email',
    'a\nb\u0000c',
    'Žofie',
    '山田 太郎',
    '{"email":"x"}',
  ),
);
const people = fc.array(
  fc.record({ name: fc.option(name), email: fc.oneof(fc.emailAddress(), fc.constantFrom('', 'name', '"name":@b')) }),
  { maxLength: 4 },
);

test('I35 the words of addresses read from their JSON are those of the addresses, or it says that they are not', () => {
  using t = openTestIndex();
  const db = openDatabase(t.file, t.key);
  let plain = 0;
  fc.assert(
    fc.property(people, (list) => {
      const json = JSON.stringify(list);
      if (!isOrdinaryList(json)) return;
      plain += 1;
      assert.deepEqual(words(db.value<string>(`SELECT ${barePeople('?')}`, json) ?? ''), words(foldPeople(json)));
    }),
    { numRuns: 500 },
  );
  assert.ok(plain > 50, `${plain} of 500 were ordinary`);
  db.close();
});
