import assert from 'node:assert/strict';
import test from 'node:test';
import { partText, unflow } from './text.ts';

const text = (bytes: Buffer | string, part: Partial<Parameters<typeof partText>[1]> = {}): string =>
  partText(Buffer.from(bytes as string, 'latin1'), { type: 'text/plain', charset: null, encoding: '8bit', ...part });

test('charsets: declared, wrong, missing, inside HTML', () => {
  assert.equal(text('a\r\nb\rc\0\n'), 'a\nb\nc\n');
  assert.equal(text('Gr\xfc\xdfe', { charset: 'iso-8859-1' }), 'Grüße');
  assert.equal(text('Gr\xc3\xbc', { charset: 'iso-8859-1' }), 'Grü');
  assert.equal(text('Gr\xfc', { charset: 'utf-8' }), 'Grü');
  assert.equal(text('\xef\xbb\xbfa', { charset: 'utf-8' }), 'a');
  assert.equal(text('\x93a\x94', { charset: 'us-ascii' }), '“a”');
  assert.equal(text('a&AOk-', { charset: 'UTF-7-IMAP' }), 'a&AOk-', 'so are mailboxes named');
  assert.equal(text('a+AOk-', { charset: 'utf-7' }), 'aé');
  assert.equal(text('=C4=E3', { charset: 'GB2312', encoding: 'quoted-printable' }), '你');
  assert.equal(text('<meta charset=koi8-r>\xc1', { type: 'text/html' }), '<meta charset=koi8-r>а');
  assert.equal(text('<meta charset=utf-16>\xfc', { type: 'text/html' }), '<meta charset=utf-16>ü');
});

test('J48 thirty combining characters in a row stay of a text too', () => {
  assert.equal(text(`a${'=CC=81'.repeat(5000)}b\n`, { encoding: 'quoted-printable' }), `a${'\u0301'.repeat(30)}b\n`);
});

test('format=flowed: paragraphs, quotes, signatures, DelSp', () => {
  assert.equal(unflow('one \ntwo\nthree', false), 'one two\nthree');
  assert.equal(unflow('one \ntwo', true), 'onetwo');
  assert.equal(unflow('> one \n> two\n>> deep\nmine', false), '> one two\n>> deep\nmine');
  assert.equal(unflow('end \n-- \nAna', false), 'end \n-- \nAna');
  assert.equal(unflow(' From me\n > not a quote', false), 'From me\n> not a quote');
});
