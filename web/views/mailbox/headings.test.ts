import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { List } from '#model/list.ts';
import { headingsOf } from './headings.ts';

const now = new Date('2025-11-06T12:00:00');

/** A list of which the rows named are known, each with the time it came. */
const listOf = (rows: Readonly<Record<number, string>>): List => {
  const peek = (id: string) => ({ receivedAt: rows[Number(id)] });
  return {
    eachKnown: (visit: (id: string, index: number) => void) => Object.keys(rows).forEach((id) => visit(id, Number(id))),
    seatOf: (id: string) => ({ id, mail: { emails: { peek } } }),
  } as unknown as List;
};

const told = (rows: Readonly<Record<number, string>>): string[] =>
  headingsOf(listOf(rows), now).map(({ index, label }) => `${index} ${label}`);

test('L6 a day heading stands above the first row and where the day changes between two known rows', () => {
  const rows = {
    0: '2025-11-06T10:00:00',
    1: '2025-11-06T00:00:00',
    2: '2025-11-05T23:59:59',
    3: '2025-11-05T09:00:00',
    4: '2025-11-04T09:00:00',
    5: '2025-10-31T09:00:00',
    6: '2025-10-20T09:00:00',
    7: '2024-10-20T09:00:00',
  };
  assert.deepEqual(told(rows), ['0 Today', '2 Yesterday', '4 This week', '5 Last week', '6 October', '7 October 2024']);
});

test('L6 below rows that are not known no heading says where a day begins', () => {
  const rows = {
    0: '2025-11-06T10:00:00',
    50: '2025-11-04T09:00:00',
    51: '2025-11-04T08:00:00',
    52: '2025-09-30T09:00:00',
    90: '2025-09-01T09:00:00',
    91: '2025-08-31T09:00:00',
  };
  assert.deepEqual(told(rows), ['0 Today', '52 September', '91 August']);
});
