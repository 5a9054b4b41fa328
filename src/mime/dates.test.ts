import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseDate } from './dates.ts';

const cases: [value: string, iso: string | null][] = [
  ['Thu, 22 Aug 2002 13:52:59 +0200', '2002-08-22T11:52:59Z'],
  ['22 Aug 2002 13:52:59 -0430', '2002-08-22T18:22:59Z'],
  ['Thu, 22 Aug 2002 13:52 +0000', '2002-08-22T13:52:00Z'],
  ['Thu, 22 Aug 02 13:52:59 GMT', '2002-08-22T13:52:59Z'],
  ['Thu, 22 Aug 99 13:52:59 EST', '1999-08-22T18:52:59Z'],
  ['Thu, 22 Aug 102 13:52:59 PDT', '2002-08-22T20:52:59Z'],
  ['Thu Aug 22 13:52:59 2002', '2002-08-22T13:52:59Z'],
  ['Thu Aug 22 13:52:59 CEST 2002', '2002-08-22T11:52:59Z'],
  ['Thu,  2 Aug 2002 3:02:09 +0000 (UTC)', '2002-08-02T03:02:09Z'],
  ['Thu, 22-Aug-2002 13:52:59 +0000', '2002-08-22T13:52:59Z'],
  ['22 August 2002 1:52:59 PM', '2002-08-22T13:52:59Z'],
  ['2002-08-22T13:52:59+02:00', '2002-08-22T11:52:59Z'],
  ['2002-08-22 13:52:59', '2002-08-22T13:52:59Z'],
  ['Thursday, 22 Aug 2002 13:52:59 +0200 (MEST)', '2002-08-22T11:52:59Z'],
  ['Thu (day), 22 (date) Aug 2002 13:52:59 (now) +0200', '2002-08-22T11:52:59Z'],
  ['Thu, 22 Aug 2002 13.52.59 +0200', '2002-08-22T11:52:59Z'],
  ['Thu, 22 Aug 2002 13:52:60 +0000', '2002-08-22T13:53:00Z'],
  ['Thu, 22 Aug 2002 13:52:59 Z', '2002-08-22T13:52:59Z'],
  ['Thu, 22 Aug 2002', '2002-08-22T00:00:00Z'],
  ['Thu, 32 Aug 2002 13:52:59 +0000', null],
  ['', null],
  ['yesterday', null],
  ['Thu, 22 Foo 2002 13:52:59', null],
];

test('dates, RFC 5322 and worse', () => {
  for (const [value, iso] of cases) assert.equal(parseDate(value), iso === null ? null : Date.parse(iso) / 1000, value);
});

test('what toUTCString writes is read back', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      assert.equal(parseDate(date.toUTCString().replace('GMT', '+0000')), Math.floor(date.getTime() / 1000));
    }),
  );
});

test('any text gives whole seconds or null', () => {
  fc.assert(fc.property(fc.string(), (text) => parseDate(text) === null || Number.isInteger(parseDate(text))));
});
