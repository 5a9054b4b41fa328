import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import test from 'node:test';
import fc from 'fast-check';
import { decodePart, decodeStream } from './transfer.ts';

const decode = (encoding: string, text: string): string =>
  decodePart(Buffer.from(text, 'latin1'), { encoding }).toString('latin1');

test('base64: foreign characters, padding in the middle and missing padding', () => {
  assert.equal(decode('base64', 'aGVs\r\nbG8='), 'hello');
  assert.equal(decode('BASE64', 'aGVsbG8'), 'hello');
  assert.equal(decode('base64', 'YQ==\r\nYg=='), 'ab');
  assert.equal(decode('base64', ' !a!G#V s~bG8=\r\n-- \r\n'), 'hello');
  assert.equal(decode('base64', '===='), '');
});

test('quoted-printable: soft breaks, blanks before them, broken escapes', () => {
  assert.equal(decode('quoted-printable', 'a=3Db=\r\nc = \r\nd'), 'a=bc d');
  assert.equal(decode('quoted-printable', 'a=\t \r\nb=\t\nc'), 'abc');
  assert.equal(decode('quoted-printable', 'a \t\r\nb'), 'a\r\nb');
  assert.equal(decode('quoted-printable', 'a=20\r\nb'), 'a \r\nb');
  assert.equal(decode('quoted-printable', '=e4=E4'), '\xe4\xe4');
  assert.equal(decode('quoted-printable', 'x=zz=4'), 'x=zz=4');
  assert.equal(decode('quoted-printable', 'end='), 'end');
});

test('uuencode: only what stands between begin and end', () => {
  const text = 'Hi there\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nbye';
  assert.equal(decode('x-uuencode', text), 'Cat');
});

test('uuencode: of a line without end only what counts is kept', async () => {
  const stream = decodeStream('x-uuencode');
  const long = Buffer.alloc(60_000, 'x');
  const source = Readable.from(
    (function* () {
      yield Buffer.from('begin 644 a\n#0V%T');
      for (let i = 0; i < 2000; i += 1) yield long;
      yield Buffer.from('\n#0V%T\nend\n');
    })(),
  );
  assert.equal(Buffer.concat(await source.pipe(stream).toArray()).toString(), 'CatCat');
});

test('unknown encodings leave the bytes alone', () => {
  assert.equal(decode('8bit', 'a=3D'), 'a=3D');
  assert.equal(decode('x-unknown', 'a=3D'), 'a=3D');
});

const pieces = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
};

test('a stream cut anywhere gives what the whole gives', async () => {
  const encoding = fc.constantFrom('base64', 'quoted-printable', 'x-uuencode', '7bit');
  const text = fc.array(
    fc.oneof(
      fc.constantFrom('=', '=3D', '=\r\n', ' ', '\r\n', 'YWJj', 'begin 644 a\n', '#0V%T\n', 'end\n'),
      fc.string({ maxLength: 6 }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(encoding, text, fc.array(fc.nat(), { maxLength: 6 }), async (name, parts, cuts) => {
      const bytes = Buffer.from(parts.join(''), 'latin1');
      const out: Buffer[] = [];
      for await (const chunk of Readable.from(pieces(bytes, cuts)).pipe(decodeStream(name))) out.push(chunk as Buffer);
      assert.equal(Buffer.concat(out).toString('latin1'), decodePart(bytes, { encoding: name }).toString('latin1'));
    }),
  );
});

test('base64 of any bytes comes back, also where pieces with their padding were joined', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (given) => {
      const text = given
        .map((bytes) => Buffer.from(bytes).toString('base64'))
        .join('')
        .replace(/.{76}/g, '$&\r\n');
      assert.deepEqual(decodePart(Buffer.from(text), { encoding: 'base64' }), Buffer.concat(given));
    }),
  );
});
