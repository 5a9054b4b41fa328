import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoff, reconnectBackoff } from './backoff.ts';

test('S3 the wait doubles from one second and stops at fifteen minutes', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((failures) => backoff(reconnectBackoff, failures, 0)),
    [1_000, 2_000, 4_000, 8_000],
  );
  assert.equal(backoff(reconnectBackoff, 50, 0), 900_000);
});

test('S3 jitter takes away at most half, and never adds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const wait = backoff(reconnectBackoff, failures, random);
        const whole = backoff(reconnectBackoff, failures, 0);
        return wait >= whole / 2 - 1 && wait <= whole;
      },
    ),
  );
});
