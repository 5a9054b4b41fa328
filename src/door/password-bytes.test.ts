import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { takeStrings } from './password-bytes.ts';

const take = (text: string): { value: string | undefined; rest: string } => {
  const bytes = Buffer.from(text);
  const value = takeStrings(bytes, ['password']).get('password')?.toString();
  return { value, rest: bytes.toString() };
};

test('every password that JSON can say is taken, and nothing of it stays', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.boolean(),
      (password, others, indent) => {
        const text = JSON.stringify({ ...others, password, imap: { password: 'inner' } }, null, indent ? 2 : 0);
        const { value, rest } = take(text);
        assert.equal(value, password.toWellFormed() === password ? password : undefined);
        const left = JSON.parse(rest) as Record<string, unknown>;
        assert.match(String(left['password']), /^ *$/);
        assert.deepEqual(left['imap'], { password: 'inner' });
      },
    ),
  );
});

test('escapes', () => {
  assert.equal(take(String.raw`{"password":"a\"b\\c\/d\n\u00e4\ud83d\ude00\u20AC"}`).value, 'a"b\\c/d\nä😀€');
});

test('damaged JSON is survived', () => {
  for (const text of [
    '',
    '{',
    '{"password',
    '{"password"',
    '{"password":',
    '{"password":"',
    '{"password":"a\\',
    '{"password":"\\u00"}',
    '{"password":"\\x"}',
    '{"password":7}',
    '["password","x"]',
    '{"password":"\\ud800"}',
  ])
    assert.equal(take(text).value, text === '{"password":"' ? '' : undefined, text);
});

test('the last of several wins, as JSON.parse has it', () => {
  assert.equal(take('{"password":"one","password" : "two"}').value, 'two');
});
