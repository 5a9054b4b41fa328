import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { previewOf, previewOfServer } from './preview.ts';

const cases: [text: string, isHtml: boolean, expected: string, why: string][] = [
  ['Hello\n\nWorld', false, 'Hello World', 'lines become one'],
  ['Hi\n-- \nAna\nExample Ltd', false, 'Hi', 'signature'],
  ['Yes.\n\nOn 3 May 2024, Ana wrote:\n> Shall we?', false, 'Yes.', 'quoted tail'],
  ['Ana wrote:\n> Shall we?\n\nYes, at two.', false, 'Yes, at two.', 'quote above the answer'],
  ['> only\n> quotes', false, 'only quotes', 'nothing but quote'],
  ['-----\n=====\nText <https://example.org/very/long> here', false, 'Text here', 'rules and bracketed links'],
  ['[cid:a [cid:b](http://c <mailto:d> e', false, '[cid:a (http://c e', 'brackets that do not close stay'],
  ['Hi,\n\n-----Original Message-----\nFrom: x', false, 'Hi,', 'Outlook'],
  ['<p>Hello <b>there</b></p><p>you</p>', true, 'Hello there you', 'HTML'],
  [
    '<style>p{}</style><title>T</title><div style="display:none">Pre&zwnj;&nbsp;&zwnj;&nbsp;&#847; &#8203;</div>Body',
    true,
    'Pre Body',
    'padded preheader',
  ],
  ['<html><body>wrongly labelled</body></html>', false, 'wrongly labelled', 'HTML said to be text'],
  ['<img src=x alt="A summer sale">', true, 'A summer sale', 'one picture'],
  [
    'A 👩\u200d👩\u200d👧 and ❤\ufe0f\u200d🔥',
    false,
    'A 👩\u200d👩\u200d👧 and ❤\ufe0f\u200d🔥',
    'joined emoji stay whole',
  ],
  ['', false, '', 'empty'],
  [
    'BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nDESCRIPTION:a zone\nEND:VTIMEZONE\nBEGIN:VEVENT\nATTENDEE;CN="SUMMARY:x":y\n' +
      'DESCRIPTION;ALTREP="http://x/":We meet\\nat\n  noon\\; all of us\nSUMMARY:Lunch\\, with Bob\nBEGIN:VALARM\n' +
      'DESCRIPTION:Reminder\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR',
    false,
    'Lunch, with Bob We meet at noon; all of us',
    'a calendar',
  ],
  ['BEGIN:VCALENDAR\nDTSTART:99999999', false, '', 'a calendar of nothing'],
];

test('previews', () => {
  for (const [text, isHtml, expected, why] of cases) assert.equal(previewOf(text, isHtml), expected, why);
});

test('a preview is at most 256 units, has no line break and no half character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600, size: 'max' }), fc.boolean(), (text, isHtml) => {
      const preview = previewOf(text, isHtml);
      assert.ok(preview.length <= 256 && !preview.includes('\n'));
    }),
  );
  assert.ok(previewOf('👩'.repeat(300), false).isWellFormed());
  assert.ok(previewOf(`a${'👩'.repeat(300)}`, false).isWellFormed());
});

test('a preview of the server is one tidy line of at most 256 units', () => {
  for (const [text, want] of [
    ['as it is, naïvely', 'as it is, naïvely'],
    ['', ''],
    [' two  blanks\r\nand a line ', 'two blanks and a line'],
    ['\u200b\u200b padded\u00ad', 'padded'],
    ['x'.repeat(300), 'x'.repeat(256)],
    [`${'x'.repeat(255)}😀`, 'x'.repeat(255)],
    ['caf\ufffd', ''],
    ['BEGIN:VCALENDAR METHOD:REQUEST', ''],
  ] as const)
    assert.equal(previewOfServer(text), want);
});
