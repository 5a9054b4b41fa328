import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UTCDate } from '#jmap/ids.ts';
import type { SyncProgress } from '#jmap/keep.ts';
import { coverageWords } from './coverage.ts';

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
