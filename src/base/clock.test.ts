import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { systemClock } from './clock.ts';

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;

/** Timers and a clock on the wall that may be set apart from them. */
const wall = (t: TestContext) => {
  let now = Date.parse('2025-11-06T08:50:00Z');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(Date, 'now', () => now);
  return {
    set: (ms: number): void => void (now += ms),
    pass: (ms: number): void => {
      for (let left = ms; left > 0; left -= second) {
        now += second;
        t.mock.timers.tick(second);
      }
    },
  };
};

test('D84 what waits goes on within a minute after the machine slept or its clock was set forward', (t) => {
  const { set, pass } = wall(t);
  const done: string[] = [];
  systemClock.after(8 * 60 * minute, () => done.push('eight hours'));
  systemClock.after(2 * day, () => done.push('two days'));
  pass(90 * second);
  set(day);
  assert.deepEqual(done, []);
  pass(minute);
  assert.deepEqual(done, ['eight hours']);
});

test('D84 a clock that was set back makes nobody wait longer', (t) => {
  const { set, pass } = wall(t);
  let done = false;
  systemClock.after(10 * minute, () => (done = true));
  pass(90 * second);
  set(-day);
  pass(510 * second - second);
  assert.equal(done, false);
  pass(second);
  assert.equal(done, true);
});

test('D84 a wait longer than a timer can be, and one that was called off', (t) => {
  const { pass } = wall(t);
  const done: string[] = [];
  systemClock.after(30 * day, () => done.push('a month'));
  const cancel = systemClock.after(2 * day, () => done.push('called off'));
  pass(day);
  cancel();
  pass(29 * day - second);
  assert.deepEqual(done, []);
  pass(second);
  assert.deepEqual(done, ['a month']);
});
