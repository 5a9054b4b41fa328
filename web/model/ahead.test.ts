import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdKeys, takeAhead, typedAhead } from './ahead.ts';

test('keys are text for what is about to open, until it has them', () => {
  assert.equal(typedAhead('e'), false);
  holdKeys();
  assert.deepEqual(
    ['r', 'e', 'Enter', 'i'].map((key) => typedAhead(key)),
    [true, true, true, true],
  );
  assert.equal(takeAhead(), 'rei');
  assert.equal(typedAhead('e'), false);
  assert.equal(takeAhead(), '');
});

test('what does not come lets the keys go, and not those of another', () => {
  const first = holdKeys();
  const second = holdKeys();
  first();
  assert.equal(typedAhead('a'), true);
  second();
  assert.equal(typedAhead('b'), false);
  assert.equal(takeAhead(), '');
});
