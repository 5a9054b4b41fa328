import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedGroups, groupsOf, recoverySheet, sameCode, spaced } from './recovery.ts';

const code = '7QK2-0M1V-XR8D-93TA-BCDE-FGHJ-KMNP-QRST-W';

test('U6 a code is drawn in its groups, however it is typed', () => {
  assert.equal(spaced('7qk20m1vxr8d'), '7QK2 0M1V XR8D');
  assert.equal(spaced(code), '7QK2 0M1V XR8D 93TA BCDE FGHJ KMNP QRST W');
  assert.equal(spaced(`${code}ZZZZ`), spaced(code));
  assert.equal(spaced('abcdefg', 1), 'ABCD');
  assert.equal(groupsOf(code).length, 9);
});

test('U6 O is 0, I and L are 1; blanks and dashes are nothing', () => {
  assert.ok(sameCode('7qk2 om1v', '7QK2-0M1V'));
  assert.ok(sameCode('0MIV', 'OMLV'));
  assert.ok(!sameCode('7QK2', '7QK3'));
  assert.ok(!sameCode('', ''));
});

test('U6 two different groups are asked for, in order', () => {
  for (let a = 0; a < 8; a += 1)
    for (let b = 0; b < 7; b += 1) {
      const answers = [(a + 0.5) / 8, (b + 0.5) / 7];
      const [one, two] = askedGroups(() => answers.shift() ?? 0);
      assert.ok(one < two && two < 8);
    }
});

test('U6 the sheet says what it is for, where, and how to keep it', () => {
  const sheet = recoverySheet(code, 'mail.example.org', 'ada@example.org', '3 March 2026');
  assert.match(sheet, /7QK2 0M1V XR8D/u);
  assert.match(sheet, /ada@example\.org at mail\.example\.org/u);
});
