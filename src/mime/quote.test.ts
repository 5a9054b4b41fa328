import assert from 'node:assert/strict';
import test from 'node:test';
import { quotedTail } from './quote.ts';

const cases: [text: string, tail: string | null, why: string][] = [
  ['Yes.\n\n> Shall we?\n> Ana', '> Shall we?\n> Ana', 'trailing quote'],
  [
    'Yes.\n\nOn Fri, 3 May 2024 at 10:00, Ana <ana@example.org> wrote:\n\n> Shall we?\n',
    'On Fri, 3 May 2024 at 10:00, Ana <ana@example.org> wrote:\n\n> Shall we?',
    'with attribution',
  ],
  [
    'Yes.\n\nOn Fri, 3 May 2024 at 10:00, Ana\n<ana@example.org> wrote:\n> Shall we?',
    'On Fri, 3 May 2024 at 10:00, Ana\n<ana@example.org> wrote:\n> Shall we?',
    'over two lines',
  ],
  [
    'Ja.\n\nAm 03.05.2024 um 10:00 schrieb Ana:\n> Sollen wir?',
    'Am 03.05.2024 um 10:00 schrieb Ana:\n> Sollen wir?',
    'German',
  ],
  [
    'Hi\n\n-----Original Message-----\nFrom: a\n\ntext',
    '-----Original Message-----\nFrom: a\n\ntext',
    'Outlook, plain',
  ],
  [
    'Hi\n\n________________________________\nFrom: Ana\nSent: Friday\nTo: Bob\nSubject: x\n\ntext',
    '________________________________\nFrom: Ana\nSent: Friday\nTo: Bob\nSubject: x\n\ntext',
    'Outlook, header block',
  ],
  ['> Shall we?\n\nYes.', null, 'an answer follows'],
  ['One.\n> a\nTwo.\n> b\nThree.', null, 'inline replies'],
  ['One.\n> a\nTwo.\n> b', '> b', 'only the last run'],
  ['> all quote', null, 'nothing before'],
  ['No quote at all', null, 'none'],
  ['She wrote: hello\nFrom: here to there', null, 'words that look alike'],
];

test('the quoted tail of a plain text', () => {
  for (const [text, tail, why] of cases) {
    const found = quotedTail(text);
    assert.equal(found === null ? null : text.slice(found.start).trimEnd(), tail, why);
    if (found !== null && tail !== null) assert.equal(found.lines, tail.split('\n').length, why);
  }
});

test('a line of blanks of any length', () => {
  assert.equal(quotedTail(`Hi\n${' '.repeat(1_000_000)}x`), null);
  assert.equal(quotedTail(`Hi\n--  ${' '.repeat(1_000_000)}original message  --  \nold`)?.start, 3);
});
