import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { find, type Entry, type Kind, type Section } from './palette.ts';

const entry = (label: string, section: Section = 'postern', more: Partial<Entry> = {}): Entry => ({
  key: label,
  section,
  kind: 'command' as Kind,
  label,
  hint: '',
  icon: '',
  caps: [],
  typed: false,
  run: () => undefined,
  ...more,
});

const entries = [
  entry('Archive', 'conversation'),
  entry('Move to a folder', 'conversation'),
  entry('Snooze until Monday', 'conversation'),
  entry('Monika Hallberg', 'go', { kind: 'person', hint: 'monika@hallberg.example', typed: true }),
  entry('Åsa Berg', 'go', { kind: 'person', hint: 'asa@berg.example', typed: true }),
  entry('Receipts, monthly', 'go', { kind: 'folder' }),
  entry('Day mode'),
  entry('Lock Postern'),
];
const labels = (typed: string, recent: string[] = []): Record<string, string[]> =>
  Object.fromEntries(
    find(entries, typed, recent).map(({ section, found }) => [
      section,
      found.map(({ pieces }) => pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('')),
    ]),
  );

test('W9 what begins so comes first, then a word that does, then what has it; what was typed is marked', () => {
  assert.deepEqual(labels('mo'), {
    conversation: ['[Mo]ve to a folder', 'Snooze until [Mo]nday'],
    go: ['[Mo]nika Hallberg', 'Receipts, [mo]nthly'],
    postern: ['Day [mo]de'],
  });
  assert.deepEqual(labels('asa')['go'], ['[Åsa] Berg']);
  assert.deepEqual(labels('fold mov'), { conversation: ['[Mov]e to a [fold]er'] });
  assert.deepEqual(labels('hallberg.ex'), { go: ['Monika Hallberg'] }, 'by its address');
});

test('W9 letters in order are found where no word is', () => {
  assert.deepEqual(labels('mtf'), { conversation: ['[M]ove [t]o a [f]older'] });
  assert.deepEqual(Object.keys(labels('ck')), ['postern'], 'Lock');
  const two = [entry('Label it', 'conversation'), entry('Lit arch', 'go')];
  assert.deepEqual(
    find(two, 'lit', []).map(({ section }) => section),
    ['go'],
  );
});

test('W9 > @ and # leave commands, people, folders', () => {
  assert.deepEqual(labels('@'), { go: ['Monika Hallberg', 'Åsa Berg'] });
  assert.deepEqual(labels('#mo'), { go: ['Receipts, [mo]nthly'] });
  assert.deepEqual(labels('> lock'), { postern: ['[Lock] Postern'] });
});

test('W9 with nothing typed there are no people, but for those used before; what was used comes first', () => {
  assert.deepEqual(labels('')['go'], ['Receipts, monthly']);
  assert.deepEqual(labels('', ['Åsa Berg', 'Lock Postern']), {
    conversation: ['Archive', 'Move to a folder', 'Snooze until Monday'],
    go: ['Åsa Berg', 'Receipts, monthly'],
    postern: ['Lock Postern', 'Day mode'],
  });
});

test('W9 whatever is typed, what is found has the letters, each label whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.string({ unit: 'grapheme' }), (names, typed) => {
      const all = names.map((name, index) => entry(name, 'go', { key: String(index) }));
      for (const { found } of find(all, typed, []))
        for (const { entry: one, pieces } of found) assert.equal(pieces.map(({ text }) => text).join(''), one.label);
    }),
  );
});
