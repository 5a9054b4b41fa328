import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeWords } from './words.ts';

const latin = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const cases: [raw: string, text: string, why: string][] = [
  ['Hello', 'Hello', 'plain'],
  ['=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=', 'Grüße aus Köln', 'q'],
  ['=?utf-8?B?w4Rwc2VsPw==?=', 'Äpsel?', 'b'],
  ['=?iso-8859-1?q?a?= =?iso-8859-1?q?b?=', 'ab', 'white space between words goes'],
  ['=?iso-8859-1?q?a?= b =?iso-8859-1?q?c?=', 'a b c', 'white space to text stays'],
  ['=?utf-8?q?a?=x=?utf-8?q?b?=', 'axb', 'words glued to text'],
  ['=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=', 'ü', 'a character split over two words'],
  ['=?UTF-8?B?8J+R?=\t=?utf-8?B?qQ==?=', '👩', 'the same in base64, labels in other case'],
  ['=?utf-8*en?Q?hi?=', 'hi', 'language, RFC 2231'],
  ['=?utf-8?q?what?=20now?=', 'what? now', 'a raw question mark before an escape'],
  ['=?utf-8?q?a b c?=', 'a b c', 'raw spaces inside'],
  ['=?utf-8?b?YWJj', 'abc', 'cut off'],
  ['=?utf-8?b?YQ==Yg==?=', 'ab', 'padding in the middle'],
  ['=?utf-8?q?=ZZ=4?=', '=ZZ=4', 'broken escapes stay'],
  ['=?nonsense?q?a=E4?=', 'aä', 'unknown charset: guessed'],
  ['=?iso-8859-1?q?=C3=BC?=', 'ü', 'UTF-8 wins over a declared single-byte charset'],
  ['=?iso-8859-1?q?=FC?=', 'ü', 'which is believed otherwise'],
  ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本', 'iso-2022-jp'],
  ['=?gb2312?B?xOO6ww==?=', '你好', 'gb2312'],
  ['=?utf-7?Q?+AOQ-?=', 'ä', 'utf-7 by iconv-lite'],
  ['=?utf-8?x?a?=', '=?utf-8?x?a?=', 'unknown encoding stays'],
  ['=? ?= =?', '=? ?= =?', 'no words'],
  [latin('Grüße'), 'Grüße', 'undeclared UTF-8'],
  ['Gr\xfc\xdfe \x80', 'Grüße €', 'undeclared windows-1252'],
  ['a\0b\x07c', 'a b c', 'control characters'],
  ['=?utf-8?Q?a=00=0D=0Ab?=', 'a b', 'hidden ones'],
];

test('encoded words and 8-bit text', () => {
  for (const [raw, text, why] of cases) assert.equal(decodeWords(raw), text, why);
});

test('any bytes give text without control characters', () => {
  const piece = fc.oneof(
    fc.constantFrom('=?utf-8?q?', '=?x?b?', '?=', '=', '=C3', ' ', '\t', '?'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = decodeWords(Buffer.from(pieces.join(''), 'latin1').toString('latin1'));
      // eslint-disable-next-line no-control-regex
      assert.ok(!/[\0-\x1f\x7f]/.test(text));
    }),
  );
});

test('text full of beginnings is read in linear time', () => {
  assert.ok(decodeWords('=?a?q? '.repeat(50_000)).length > 0);
  assert.ok(decodeWords(`${'=?a?q?'.repeat(50_000)}?=`).length > 0);
});

test('J48 thirty combining characters in a row stay, whatever they are; what is written so stays whole', () => {
  for (const one of ['\u0301', '\u05b0', '\u0e33', '\u200d', '\u{1f3fb}', '\u{e0100}']) {
    assert.equal(decodeWords(latin(`Z${one.repeat(5000)}o`)), `Z${one.repeat(30)}o`);
    const word = `=?utf-8?b?${Buffer.from(`Z${one.repeat(31)}o`).toString('base64')}?=`;
    assert.equal(decodeWords(word), `Z${one.repeat(30)}o`);
  }
  for (const whole of [`Z${'\u0301'.repeat(30)}o`.repeat(50), 'नमस्ते น้ำ 👩🏽‍👩🏿‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 שָׁלוֹם'.repeat(20)])
    assert.equal(decodeWords(latin(whole)), whole);
});
