import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UTCDate } from '#jmap/ids.ts';
import type { SyncProgress } from '#jmap/keep.ts';
import { coverageOf, coverageWords } from './coverage.ts';

const all: SyncProgress = {
  known: 3000,
  total: 3000,
  reachesTo: null,
  done: true,
  searchable: 3000,
  read: 3000,
  readTo: null,
};
const now = new Date(2026, 10, 22);
const words = (patch: Partial<SyncProgress>): string | null => coverageWords({ ...all, ...patch }, now);
const at = (year: number, month: number, day: number): UTCDate => new Date(year, month, day).toISOString() as UTCDate;

test('K7 what a search covers, in words', () => {
  assert.equal(words({}), null);
  assert.equal(words({ read: 2995, readTo: at(2026, 10, 22) }), null, 'new mail is read at once');
  assert.equal(words({ read: 0 }), null, 'nothing on the server waits to be read');
  assert.equal(words({ done: false, known: 1200 }), 'Search covers the 1,200 of 3,000 messages that are here so far.');
  assert.equal(
    words({ read: 1000, readTo: at(2019, 4, 7) }),
    'Search covers subjects, senders and beginnings of all messages; whole texts back to May 2019.',
  );
  assert.equal(
    words({ read: 1000, searchable: 1000, readTo: at(2026, 10, 3) }),
    'Search covers subjects and senders of all messages; whole texts back to 3 November.',
  );
  assert.equal(
    words({ read: 0, readTo: at(2026, 10, 3) }),
    'Search covers subjects, senders and beginnings of all messages; their texts are being read.',
  );
});

test('W8 what a search over several accounts covers: what holds of each that lacks something', () => {
  const of = (...patches: (Partial<SyncProgress> | null)[]): string | null =>
    coverageOf(
      patches.map((patch, index) => ({
        name: ['Work', 'Home', 'Choir', 'Club', 'Shop'][index] ?? '',
        progress: patch && { ...all, ...patch },
      })),
      now,
    );
  const may = { read: 1000, readTo: at(2019, 4, 7) };
  const november = { read: 900, readTo: at(2026, 10, 3) };
  assert.equal(of({}, {}), null);
  assert.equal(of(null, {}), null, 'of one nothing is known yet');
  assert.equal(of(), null);
  assert.equal(
    of(may),
    'Search covers subjects, senders and beginnings of all messages; whole texts back to May 2019.',
    'one account is not named',
  );
  assert.equal(
    of(may, november),
    'Search covers subjects, senders and beginnings of all messages; whole texts back to 3 November.',
    'all lack something: the shortest way back, nobody is named',
  );
  assert.equal(
    of(november, {}, may),
    'In Work and Choir, search covers subjects, senders and beginnings of all messages; whole texts back to 3 November.',
  );
  assert.equal(
    of({}, { ...may, searchable: 1000 }),
    'In Home, search covers subjects and senders of all messages; whole texts back to May 2019.',
  );
  assert.equal(
    of({ read: 0, readTo: at(2026, 10, 3) }, may),
    'Search covers subjects, senders and beginnings of all messages; their texts are being read.',
  );
  assert.equal(
    of({ done: false, known: 1200 }, {}, null),
    'In Work, search covers the 1,200 of 3,000 messages that are here so far.',
  );
  assert.equal(
    of({ done: false, known: 1200 }, may),
    'Search covers the 4,200 of 6,000 messages that are here so far.',
    'together',
  );
  assert.equal(
    of(may, may, may, may, {}),
    'In Work, Home and 2 others, search covers subjects, senders and beginnings of all messages; whole texts back to May 2019.',
  );
});
