import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latinOf } from './keys.ts';

test('W30 a letter of another script stands for the Latin one on its key; what a Latin keyboard writes is itself', () => {
  const pressed = (key: string, code: string, shiftKey = false): string => latinOf({ key, code, shiftKey });
  assert.equal(pressed('о', 'KeyJ'), 'j');
  assert.equal(pressed('О', 'KeyJ', true), 'J');
  assert.equal(pressed('ש', 'KeyA'), 'a');
  assert.equal(pressed('ק', 'KeyE'), 'e');
  assert.equal(pressed('ε', 'KeyE'), 'e');
  for (const [key, code] of [
    ['€', 'KeyE'],
    ['ę', 'KeyE'],
    ['µ', 'KeyM'],
    ['é', 'Digit2'],
    ['ArrowDown', 'ArrowDown'],
    ['#', 'Backslash'],
  ] as const)
    assert.equal(pressed(key, code), key);
});
