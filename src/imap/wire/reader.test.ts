import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImapError } from '../errors.ts';
import { ResponseReader, type ReaderLimits } from './reader.ts';

const small: ReaderLimits = { line: 100, literal: 200, response: 300 };

const read = (chunks: readonly (string | Buffer)[], limits?: ReaderLimits): string[] => {
  const found: string[] = [];
  const reader = new ResponseReader(
    { response: (bytes, start, end) => void found.push(bytes.toString('latin1', start, end)) },
    limits,
  );
  for (const chunk of chunks) reader.push(Buffer.from(chunk as string, 'latin1'));
  return found;
};

const isTooLarge = (error: unknown): boolean => error instanceof ImapError && error.code === 'imap/too-large';

test('responses with their literals', () => {
  assert.deepEqual(read(['* 1 FETCH (BODY[] {4}\r\na\r\nb FLAGS ())\r\n* 2 EXISTS\r\nP1 OK\r\n']), [
    '* 1 FETCH (BODY[] {4}\r\na\r\nb FLAGS ())\r\n',
    '* 2 EXISTS\r\n',
    'P1 OK\r\n',
  ]);
});

test('braces in the text of a status response are text', () => {
  assert.deepEqual(read(['* OK see {12}\r\nP1 NO {3}\r\n+ {4}\r\n']), [
    '* OK see {12}\r\n',
    'P1 NO {3}\r\n',
    '+ {4}\r\n',
  ]);
});

test('what goes beyond the limits ends it', () => {
  assert.throws(() => read(['* ', 'x'.repeat(60), 'y'.repeat(60)], small), isTooLarge);
  assert.throws(() => read([`* ${'x'.repeat(200)}\r\n`], small), isTooLarge);
  assert.throws(() => read(['* 1 FETCH (BODY[] {201}\r\n'], small), isTooLarge);
  assert.throws(() => read(['* 1 FETCH (BODY[] {999999999999999999999}\r\n'], small), isTooLarge);
  assert.throws(() => read([`* 1 FETCH (A {150}\r\n${'a'.repeat(150)} B {150}\r\n`], small), isTooLarge);
});

test('a line of single bytes is read in linear time', () => {
  const line = `* ${'x'.repeat(500_000)}\r\n`;
  assert.deepEqual(read(Array.from(line)), [line]);
});

test('a literal can go elsewhere as it comes, however it is cut', () => {
  const wire =
    '* 1 FETCH (UID 5 BODY[] ~{10}\r\n0123\r\n6789 FLAGS ())\r\n* 1 FETCH (UID 6 BODY[] {0}\r\n)\r\nP1 OK\r\n';
  fc.assert(
    fc.property(fc.array(fc.nat(wire.length), { maxLength: 10 }), (cuts) => {
      const streamed: string[] = [];
      const heads: string[] = [];
      const found: string[] = [];
      const reader = new ResponseReader({
        response: (bytes, start, end) => void found.push(bytes.toString('latin1', start, end)),
        literal: (head, size) => {
          heads.push(`${head.toString('latin1')}|${size}`);
          return (chunk) => void streamed.push(chunk.toString('latin1'));
        },
      });
      const ends = [...new Set([...cuts, wire.length])].sort((a, b) => a - b);
      for (const [i, end] of ends.entries()) reader.push(Buffer.from(wire.slice(ends[i - 1] ?? 0, end), 'latin1'));
      assert.equal(streamed.join(''), '0123\r\n6789');
      assert.deepEqual(heads, ['* 1 FETCH (UID 5 BODY[] |10', '* 1 FETCH (UID 6 BODY[] |0']);
      assert.deepEqual(found, [
        '* 1 FETCH (UID 5 BODY[] "" FLAGS ())\r\n',
        '* 1 FETCH (UID 6 BODY[] "")\r\n',
        'P1 OK\r\n',
      ]);
    }),
  );
});

test('any bytes, in any pieces: nothing but responses or imap/too-large', () => {
  const piece = fc.oneof(
    fc.constantFrom('{3}\r\n', '{3+}\n', '\r\n', '* ', '"', '~{1}\r\n'),
    fc.string({ maxLength: 20, size: 'max' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30, size: 'max' }), (pieces) => {
      const all = pieces.join('');
      const outcome = (chunks: string[]): unknown => {
        try {
          return read(chunks, { line: 50, literal: 50, response: 100 });
        } catch (error) {
          assert.ok(isTooLarge(error));
          return 'too large';
        }
      };
      const whole = outcome([all]);
      // A line that is too long may be noticed before or after what follows it has come.
      if (whole !== 'too large') assert.deepEqual(outcome(Array.from(all)), whole);
    }),
  );
});
