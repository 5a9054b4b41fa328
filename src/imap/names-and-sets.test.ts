import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCopyUid } from './commands/store.ts';
import { parseInternalDate } from './fetch.ts';
import { decodeMailboxName, encodeMailboxName } from './mailbox-name.ts';
import { quirksFor, quirkTable } from './quirks.ts';
import { chunkRanges, countRanges, eachOf, formatRanges, parseRanges, toRanges } from './sequence-set.ts';
import { formatInternalDate } from './wire/encoder.ts';
import { parseStatusLine } from './wire/status.ts';

test('mailbox names: the examples of RFC 3501 and what servers get wrong', () => {
  for (const [raw, name] of [
    ['~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/台北/日本語'],
    ['Entw&APw-rfe', 'Entwürfe'],
    ['A &- B', 'A & B'],
    ['&2D3eAA-', '😀'],
  ] as const) {
    assert.equal(decodeMailboxName(raw), name);
    assert.equal(encodeMailboxName(name), raw);
  }
  assert.equal(decodeMailboxName('Fish & Chips'), 'Fish & Chips');
  assert.equal(decodeMailboxName(Buffer.from('Prüf').toString('latin1')), 'Prüf');
  assert.equal(decodeMailboxName('&AP-'), '&AP-');
  assert.equal(decodeMailboxName('&2D0-'), '&2D0-');
});

test('mailbox names: there and back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
      (name) => {
        const raw = encodeMailboxName(name);
        assert.match(raw, /^[\x20-\x7e]*$/);
        assert.equal(decodeMailboxName(raw), name);
      },
    ),
  );
});

test('sequence sets: there and back, ascending, in pieces that fit', () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 8, max: 60 }), fc.integer({ min: 1, max: 50 }), (numbers, bytes, count) => {
      const want = [...new Set(numbers)].sort((a, b) => a - b);
      const ranges = toRanges(numbers);
      assert.deepEqual([...eachOf(ranges)], want);
      assert.equal(countRanges(ranges), want.length);
      if (want.length > 0) assert.deepEqual(parseRanges(formatRanges(ranges)), ranges);
      const chunks = chunkRanges(ranges, bytes, count);
      assert.deepEqual(
        chunks.flatMap((chunk) => [...eachOf(chunk)]),
        want,
      );
      for (const chunk of chunks) {
        assert.ok(formatRanges(chunk).length <= bytes && countRanges(chunk) <= count);
      }
    }),
  );
});

test('sequence sets of servers', () => {
  assert.deepEqual(parseRanges('7:5,1,2'), [
    [1, 2],
    [5, 7],
  ]);
  assert.deepEqual(parseRanges('1:16777216'), [[1, 16_777_216]]);
  for (const bad of ['', '*', '1:*', '0', '1,,2', '1:2:3', '99999999999'])
    assert.equal(parseRanges(bad), undefined, bad);
});

test('COPYUID pairs in the order written', () => {
  assert.deepEqual(
    [...(parseCopyUid('38505 304,319:320 3956:3958', 3)?.uids ?? [])],
    [
      [304, 3956],
      [319, 3957],
      [320, 3958],
    ],
  );
  assert.deepEqual(
    [...(parseCopyUid('1 5:4 10,12', 2)?.uids ?? [])],
    [
      [5, 10],
      [4, 12],
    ],
  );
  assert.equal(parseCopyUid('1 1:4294967295 1:4294967295', 10)?.uids.size, 11);
  assert.equal(parseCopyUid('1 1:2 1', 2), null);
  assert.equal(parseCopyUid('x', 2), null);
});

test('dates: there and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      assert.equal(parseInternalDate(formatInternalDate(seconds)), seconds);
    }),
  );
});

test('status lines', () => {
  const of = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    return parseStatusLine(bytes, 0, bytes.length);
  };
  assert.deepEqual(of('P1 no [OVERQUOTA] full\r\n'), {
    tag: 'P1',
    status: 'NO',
    code: 'OVERQUOTA',
    argument: '',
    text: 'full',
  });
  assert.equal(of('* OK [PERMANENTFLAGS (\\Seen a]b \\*)] x\r\n')?.argument, '(\\Seen a]b \\*)');
  assert.deepEqual(of('* OK [HIGHESTMODSEQ 5]\r\n'), {
    tag: '*',
    status: 'OK',
    code: 'HIGHESTMODSEQ',
    argument: '5',
    text: '',
  });
  assert.equal(of('* OK [UIDNEXT 5]next\r\n')?.argument, '5');
  assert.equal(of('P1 BAD\r\n')?.text, '');
  assert.equal(of('* 5 EXISTS\r\n'), undefined);
  assert.equal(of('* OKAY\r\n'), undefined);
});

test('the quirk table knows servers by any of their marks', () => {
  const facts = { host: 'mail.example.org', greeting: '* OK ready', capabilities: ['IMAP4rev1'], id: {} };
  assert.deepEqual(quirksFor(facts).names, []);
  assert.deepEqual(quirksFor({ ...facts, capabilities: ['X-GM-EXT-1'] }).names, ['gmail']);
  assert.deepEqual(quirksFor({ ...facts, host: 'p05.IMAP.mail.me.com.' }).broken, ['QRESYNC', 'ESEARCH']);
  assert.deepEqual(quirksFor({ ...facts, host: 'notimap.mail.me.com' }).names, []);
  assert.equal(quirksFor({ ...facts, greeting: '* OK Dovecot ready.' }).guid, true);
  assert.equal(quirksFor({ ...facts, id: { name: 'Dovecot' } }).guid, true);
  assert.equal(quirksFor({ ...facts, greeting: '* OK Dovecot ready.' }, ['dovecot']).guid, false);
  assert.equal(new Set(quirkTable.map(({ name }) => name)).size, quirkTable.length);
});
