import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdKeys, takeAhead, takeLinesAhead, typedAhead } from './ahead.ts';

test('keys are text for what is about to open, until it has them', () => {
  assert.equal(typedAhead('e'), false);
  holdKeys();
  assert.deepEqual(
    ['r', 'e', 'Enter', 'u', 'Backspace', 'i', 'Shift'].map((key) => typedAhead(key)),
    [true, true, true, true, true, true, true],
  );
  assert.equal(takeLinesAhead(), 're\ni');
  holdKeys();
  typedAhead('Enter');
  assert.equal(takeAhead(), '', 'a field of one line');
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

test('W7 Escape gives up what can be given up: it is told once, the text is gone, keys are commands again', () => {
  let given = 0;
  const letGo = holdKeys(() => (given += 1));
  assert.deepEqual(
    ['r', 'Escape', 'e', 'Escape'].map((key) => typedAhead(key)),
    [true, true, false, false],
  );
  assert.deepEqual([given, takeAhead()], [1, '']);
  const next = holdKeys(() => (given += 1));
  letGo();
  assert.equal(typedAhead('s'), true, 'the next is not ended by the one given up');
  assert.equal(takeAhead(), 's');
  assert.equal(typedAhead('Escape'), false, 'it is open and has keys of its own');
  next();
  assert.equal(given, 1);
});

test('W7 Escape is swallowed on the way to what opens all the same', () => {
  holdKeys(() => assert.fail('of another'));
  holdKeys();
  assert.deepEqual(
    ['a', 'Escape', 'b'].map((key) => typedAhead(key)),
    [true, true, true],
  );
  assert.equal(takeAhead(), 'ab');
});
