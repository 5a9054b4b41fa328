import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeParameterPairs, parseParameterised, safeName } from './params.ts';

const cases: [raw: string, value: string, params: Record<string, string>][] = [
  ['text/plain', 'text/plain', {}],
  ['TEXT/Plain; Charset="UTF-8"; format=flowed', 'text/plain', { charset: 'UTF-8', format: 'flowed' }],
  ['text/plain (comment); charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
  ['attachment; filename="a; b.txt"', 'attachment', { filename: 'a; b.txt' }],
  ['attachment; filename=a b.txt', 'attachment', { filename: 'a b.txt' }],
  ["attachment; filename*=utf-8'en'%e2%82%ac.txt", 'attachment', { filename: '€.txt' }],
  ["attachment; filename*0*=utf-8''%c3; filename*1*=%bc; filename*2=.txt", 'attachment', { filename: 'ü.txt' }],
  ['attachment; filename*1=b.txt; filename*0=a', 'attachment', { filename: 'ab.txt' }],
  ['attachment; filename="=?utf-8?Q?=C3=BC.txt?="', 'attachment', { filename: 'ü.txt' }],
  ['attachment; filename="=?utf-8?Q?=C3=BC?= =?utf-8?Q?.txt?="', 'attachment', { filename: 'ü.txt' }],
  ["attachment; filename=plain.txt; filename*=utf-8''extended.txt", 'attachment', { filename: 'extended.txt' }],
  ['attachment; filename="C:\\temp\\a.txt"', 'attachment', { filename: 'C:\\temp\\a.txt' }],
  ['attachment; filename="un\\"quoted"', 'attachment', { filename: 'un"quoted' }],
  ['attachment; filename="open', 'attachment', { filename: 'open' }],
  [`attachment; filename="${Buffer.from('ü').toString('latin1')}.txt"`, 'attachment', { filename: 'ü.txt' }],
  [';;; ;=; a', '', {}],
  ['text/html;;charset=x;charset=y', 'text/html', { charset: 'x' }],
];

test('parameters: RFC 2045, 2231, and encoded words where they may not be', () => {
  for (const [raw, value, params] of cases) {
    const got = parseParameterised(raw);
    assert.equal(got.value, value, raw);
    assert.deepEqual(Object.fromEntries(got.params), params, raw);
  }
});

test('pairs of a BODYSTRUCTURE are decoded alike', () => {
  assert.deepEqual(
    Object.fromEntries(decodeParameterPairs(['FILENAME*0*', "utf-8''%c3", 'FILENAME*1*', '%bc.txt', 'x', null])),
    { filename: 'ü.txt', x: '' },
  );
});

test('file names are names and nothing else', () => {
  assert.equal(safeName('../../etc/passwd'), 'passwd');
  assert.equal(safeName('C:\\temp\\a.txt'), 'a.txt');
  assert.equal(safeName('a\0b\r\nc.txt'), 'a b c.txt');
  assert.equal(safeName('gpj.\u202eexe'), 'gpj.exe');
  assert.equal(safeName('..'), null);
  assert.equal(safeName('  '), null);
  assert.equal(safeName(null), null);
});

test('comments: what closes goes, what does not stays, in one pass', () => {
  assert.equal(parseParameterised('text/(a \\) b)plain').value, 'text/ plain');
  assert.equal(parseParameterised('text/plain (a').value, 'text/plain (a');
  assert.equal(parseParameterised(`(${'\\('.repeat(1_000_000)}(b)`).value.length, 2_000_001);
});
