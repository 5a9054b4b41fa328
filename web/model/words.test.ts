import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { count, counted, daysApart, dayGroup, foldTime, messageTime, rowTime, size } from './format.ts';
import { colourOf, firstNameOf, initialsOf, listed, nameOf } from './people.ts';
import { linked, readLetter, type Block } from './text.ts';

const now = new Date(2025, 10, 6, 9, 50);
const at = (day: number, hour = 16, minute = 20, month = 10, year = 2025): string =>
  new Date(year, month, day, hour, minute).toISOString();

test('times of rows, folded and open messages', () => {
  const cases: [string, string, string, string, string][] = [
    [at(6, 9, 42), '09:42', '09:42', 'Today 09:42', 'Today'],
    [at(5, 19, 4), '19:04', 'Wed 19:04', 'Yesterday 19:04', 'Yesterday'],
    [at(3), 'Mon', 'Mon 16:20', 'Mon 16:20', 'This week'],
    [at(1), 'Sat', 'Sat 16:20', 'Sat 16:20', 'Last week'],
    [at(28, 16, 20, 9), '28 Oct', '28 Oct', '28 Oct 16:20', 'Last week'],
    [at(3, 16, 20, 9), '3 Oct', '3 Oct', '3 Oct 16:20', 'October'],
    [at(3, 16, 20, 2, 2024), '3 Mar 2024', '3 Mar 2024', '3 Mar 2024 16:20', 'March 2024'],
  ];
  for (const [iso, row, fold, message, group] of cases)
    assert.deepEqual(
      [rowTime(iso, now), foldTime(iso, now), messageTime(iso, now), dayGroup(iso, now)],
      [row, fold, message, group],
    );
});

test('days are apart by the calendar, also where the clock is changed', () => {
  assert.equal(daysApart(new Date(2025, 9, 26, 0, 5), new Date(2025, 9, 27, 0, 1)), 1);
  assert.equal(daysApart(new Date(2025, 9, 25, 23, 59), new Date(2025, 9, 26, 0, 1)), 1);
});

test('sizes and counts', () => {
  assert.deepEqual([0, 999, 1000, 810_000, 2_400_000, 9_960_000, 999_700, 3_200_000_000].map(size), [
    '0 B',
    '999 B',
    '1 kB',
    '810 kB',
    '2.4 MB',
    '10 MB',
    '1 MB',
    '3.2 GB',
  ]);
  assert.deepEqual([count(1284), counted(1, 'change'), counted(2, 'change')], ['1,284', '1 change', '2 changes']);
});

test('names, initials and colours of people', () => {
  const margit = { name: 'Margit Sørensen', email: 'margit@arkitekt.example' };
  assert.deepEqual([nameOf(margit), firstNameOf(margit), initialsOf(margit)], ['Margit Sørensen', 'Margit', 'MS']);
  assert.equal(nameOf({ name: '"Ek, Jonas"', email: 'j@ek.example' }), 'Ek, Jonas');
  assert.equal(firstNameOf({ name: 'Uppsala City Library', email: 'x@y.example' }), 'Uppsala City Library');
  assert.equal(initialsOf({ name: null, email: 'crew@rowers.example' }), 'CR');
  assert.equal(colourOf('A@b.example'), colourOf('a@B.example'));
  assert.deepEqual(
    [listed(['you']), listed(['you', 'Åsa']), listed(['a', 'b', 'c', 'd', 'e'])],
    ['you', 'you and Åsa', 'a, b and 3 others'],
  );
});

const flatten = (blocks: readonly Block[]): string =>
  blocks
    .map((block) =>
      block.kind === 'paragraph'
        ? block.text
        : block.kind === 'list'
          ? block.items.map((item) => `- ${item}`).join('\n')
          : flatten(block.blocks)
              .split('\n')
              .map((line) => `> ${line}`)
              .join('\n'),
    )
    .join('\n\n');

test('C4 a quoted tail is folded with its attribution; an answer between quotes is not', () => {
  const tail = readLetter(
    'Yes.\n\nOn Tue, 4 Nov 2025 at 11:05, Ada Lindqvist\n<ada@lindqvist.example> wrote:\n> One\n> Two\n',
  );
  assert.equal(flatten(tail.blocks), 'Yes.');
  assert.equal(tail.quoted?.lines, 4);
  const inline = readLetter('> Can you?\n\nYes.\n\n> And you?\n\nNo.');
  assert.equal(inline.quoted, null);
  assert.deepEqual(
    inline.blocks.map((block) => block.kind),
    ['quote', 'paragraph', 'quote', 'paragraph'],
  );
  assert.equal(readLetter('> only\n> quoted').quoted, null);
  assert.equal(readLetter('New.\n\n-----Original Message-----\nFrom: x\n\nOld.').quoted?.lines, 3);
});

test('C4 no word of a letter is lost', () => {
  const line = fc.constantFrom(
    'Hello',
    '> quoted',
    '>> twice',
    '',
    '- item',
    '- other',
    'On Mon, 3 Nov 2025, Bo wrote:',
    '-----Original Message-----',
    'https://a.example/x.',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 14, size: 'max' }), (lines) => {
      const letter = readLetter(lines.join('\n'));
      const words = (text: string): string[] => text.split(/[\s>-]+/u).filter(Boolean);
      const said = `${flatten(letter.blocks)}\n${letter.quoted ? flatten(letter.quoted.blocks) : ''}`;
      assert.deepEqual(words(said), words(lines.join('\n')));
    }),
  );
});

test('links end where the sentence goes on', () => {
  const hrefs = (text: string): string[] =>
    linked(text).flatMap((piece) => (piece.kind === 'link' ? [piece.href] : []));
  assert.deepEqual(hrefs('See https://a.example/b(c). And (https://d.example/e), www.f.example!'), [
    'https://a.example/b(c)',
    'https://d.example/e',
    'https://www.f.example',
  ]);
  assert.deepEqual(hrefs('Write to bo@alm.example, or javascript:alert(1)'), ['mailto:bo@alm.example']);
  fc.assert(
    fc.property(fc.string(), (text) =>
      assert.equal(
        linked(text)
          .map((piece) => piece.text)
          .join(''),
        text,
      ),
    ),
  );
});

test('W22 links are found in one reading, whatever the letter is made of', () => {
  for (const run of ['a.', 'a-', 'a@a-', 'www.)', 'http://a).'])
    assert.equal(
      linked(run.repeat(250_000))
        .map((piece) => piece.text)
        .join('').length,
      run.length * 250_000,
      run,
    );
});
