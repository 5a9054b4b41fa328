import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Decoder, type Value, WireError } from './decoder.ts';

const of = (text: string): Decoder => new Decoder(Buffer.from(text, 'latin1'));

test('the words of the grammar', () => {
  const decoder = of('(\\Seen $x) "/" {6}\r\nINB"OX NIL 42 BODY[HEADER.FIELDS (A B)] (1 (2 NIL) "a\\"b")\r\n');
  assert.deepEqual(decoder.flags(), ['\\Seen', '$x']);
  decoder.sp();
  assert.equal(decoder.scalar(), '/');
  decoder.sp();
  assert.equal(decoder.astring().toString(), 'INB"OX');
  decoder.sp();
  assert.equal(decoder.nstring(), null);
  decoder.sp();
  assert.equal(decoder.number(), 42);
  decoder.sp();
  assert.equal(decoder.atom(), 'BODY[HEADER.FIELDS (A B)]');
  decoder.sp();
  assert.deepEqual(decoder.value(), ['1', ['2', null], 'a"b']);
  assert.ok(decoder.done);
});

test('what is not there is said so', () => {
  for (const [text, read] of [
    ['x', (decoder: Decoder) => decoder.number()],
    ['"abc', (decoder: Decoder) => decoder.string()],
    ['{9}\r\nabc', (decoder: Decoder) => decoder.string()],
    ['(a b', (decoder: Decoder) => decoder.flags()],
    ['(a (b)', (decoder: Decoder) => decoder.value()],
    [')', (decoder: Decoder) => decoder.atom()],
    ['"a"b"', (decoder: Decoder) => decoder.string()],
    ['('.repeat(101), (decoder: Decoder) => decoder.value()],
    [`(${'a '.repeat(200_001)})`, (decoder: Decoder) => decoder.value()],
  ] as const) {
    assert.throws(() => read(of(text)), WireError, text.slice(0, 20));
  }
});

test('numbers as servers write them', () => {
  for (const [text, want] of [
    ['12', 12],
    ['"12"', 12],
    ['-1', null],
    ['NIL', null],
    ['""', null],
    ['9.3736e+06', 9_373_600],
    ['x', null],
  ] as const) {
    assert.equal(of(text).looseNumber(), want, text);
  }
});

const write = (value: Value): string => {
  if (value === null) return 'NIL';
  if (Array.isArray(value)) return `(${value.map(write).join(' ')})`;
  return /[\r\n\0]/.test(value) ? `{${value.length}}\r\n${value}` : `"${value.replace(/["\\]/g, '\\$&')}"`;
};

test('what is written comes back', () => {
  const bytes = fc.uint8Array({ maxLength: 20, size: 'max' }).map((array) => Buffer.from(array).toString('latin1'));
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, fc.constant(null), bytes, fc.array(tie('value'), { maxLength: 4 })),
  }));
  fc.assert(
    fc.property(value, (value) => {
      assert.deepEqual(of(`${write(value)}\r\n`).value(), value);
      const skipping = of(`${write(value)} end`);
      skipping.skip();
      skipping.sp();
      assert.equal(skipping.atom(), 'end');
    }),
  );
});
