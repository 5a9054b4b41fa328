import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIJson } from './ijson.ts';

const parse = (text: string): unknown => parseIJson(Buffer.from(text))?.value;

test('RFC 7493 any JSON value is read as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
  );
});

test('RFC 7493 §2.3 a name that stands twice in one object, however it is written', () => {
  for (const text of [
    '{"a":1,"a":1}',
    String.raw`{"a":1,"\u0061":2}`,
    '{"b":[{"c":{"a":{"x":1},"a":{"x":1}}}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
    '{"a":{"b":1,"c":2},"a":3}',
  ])
    assert.equal(parse(text), undefined, text);
  for (const text of [
    '{"a":1,"A":1}',
    '{"a":{"a":{"a":":,{}[]"}}}',
    '[{"a":1},{"a":1}]',
    '{"__proto__":{"a":1},"constructor":2}',
    String.raw`{"a\"":1,"a":"\\"}`,
    '{"a:":"b:\\":"}',
  ])
    assert.deepEqual(parse(text), JSON.parse(text), text);
});

test('RFC 7493 §2.3 names are told apart as JSON.parse tells them', () => {
  const member = fc.tuple(
    fc.constantFrom('a', String.raw`\u0061`, 'b', '', '\\"', ':'),
    fc.constantFrom('1', '{"a":2}', '[]'),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 5 }), (members) => {
      const names = members.map(([name]) => JSON.parse(`"${name}"`) as string);
      const text = `[{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}]`;
      assert.equal(parse(text) === undefined, new Set(names).size < names.length, text);
    }),
  );
});

test('RFC 7493 §2.1 lone surrogates and bytes that are no UTF-8', () => {
  for (const text of [
    String.raw`"\ud800"`,
    String.raw`{"\uDC00":1}`,
    String.raw`["\ud83d\ud83d\ude00"]`,
    String.raw`{"a":[{"b":"\\\ud800"}]}`,
  ])
    assert.equal(parse(text), undefined, text);
  for (const text of [String.raw`"\ud83d\ude00"`, String.raw`"\\ud800"`, String.raw`["\ud83d\ude00","\\ud800"]`])
    assert.deepEqual(parse(text), JSON.parse(text), text);
  assert.equal(parseIJson(Buffer.from([0x22, 0xff, 0x22])), undefined);
  assert.equal(parse(''), undefined);
});

test('RFC 8259 §9 nested 500 deep at most', () => {
  assert.notEqual(parse('['.repeat(500) + ']'.repeat(500)), undefined);
  assert.equal(parse('['.repeat(501) + ']'.repeat(501)), undefined);
  assert.equal(parse('{"a":'.repeat(300) + '['.repeat(250) + ']'.repeat(250) + '}'.repeat(300)), undefined);
  assert.equal(parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), undefined);
});
