import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Undertakings } from './undertakings.ts';

test('all that was begun is waited for, what it began and what failed too', async () => {
  const work = new Undertakings();
  await work.settled();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  void work.add(
    first.promise.then(() => {
      done.push('first');
      void work.add(second.promise.then(() => done.push('second')));
    }),
  );
  const failed = work.add(Promise.reject(new Error('no')));
  await assert.rejects(failed, 'whoever began it is told');
  const settled = work.settled().then(() => done.push('settled'));
  first.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(done, ['first']);
  second.resolve();
  await settled;
  assert.deepEqual(done, ['first', 'second', 'settled']);
});
