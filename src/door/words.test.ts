import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomError } from '#mailroom/errors.ts';
import { asDoorError } from './words.ts';

test('S60 who asked while the accounts were closed is told to try again; it is no defect', () => {
  const cause = new RoomError('room/gone', 'the mailroom ended');
  const { document, blame } = asDoorError(cause);
  assert.deepEqual([document.status, blame], [503, 'operator']);
  assert.match(document.detail, /try again/);
  assert.equal(asDoorError(new RoomError('room/defect', 'x')).document.status, 500);
});
