import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Metrics } from './metrics.ts';
import { type Reading, type Turn, Turns, turnBetween } from './turns.ts';

const start: Reading = { wall: 1_000, idle: 900, work: 50, queued: 20 };
const after = (more: Partial<Reading>): Turn =>
  turnBetween(start, {
    wall: start.wall + (more.wall ?? 0),
    idle: start.idle + (more.idle ?? 0),
    work: start.work + (more.work ?? 0),
    queued: start.queued + (more.queued ?? 0),
  });

/** Turns since the watch began, of a thread that does `task` in one of them. */
const watching = async (task: () => void): Promise<ReturnType<Turns['take']>> => {
  const turns = new Turns();
  assert.deepEqual(turns.take(), { work: 0, longest: { work: 0, queued: 0, paused: 0 } });
  await wait(1);
  await wait(1);
  task();
  await wait(1);
  await wait(1);
  const found = turns.take();
  turns.close();
  return found;
};

const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1_000;
};

test('D74 a turn is work, the queue for a processor, and pause; waiting for something to do is none of them', () => {
  assert.deepEqual(after({ wall: 100, idle: 90, work: 4, queued: 1 }), { work: 4, queued: 1, paused: 5 });
  // Woken and not let on a processor: the loop still takes that for waiting.
  assert.deepEqual(after({ wall: 100, idle: 99, work: 1, queued: 40 }), { work: 1, queued: 40, paused: 0 });
});

test('D74 a thread that computes has worked', async () => {
  const { work, longest } = await watching(() => {
    const began = process.threadCpuUsage();
    while (cpuMs(began) < 60);
  });
  assert.ok(work >= 40, `${work} ms of work`);
  assert.ok(longest.work + longest.queued + longest.paused >= 40, JSON.stringify(longest));
});

test('D74 a thread that stands still without a processor has not worked', async () => {
  const { work, longest } = await watching(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  });
  assert.ok(longest.paused >= 150, JSON.stringify(longest));
  assert.ok(work < 150, `${work} ms of work`);
});

test('D74 nothing is kept from before the last reading, and nothing is watched after the end', async () => {
  const turns = new Turns();
  turns.take();
  await wait(1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  turns.close();
  await wait(1);
  turns.take();
  assert.deepEqual(turns.take(), { work: 0, longest: { work: 0, queued: 0, paused: 0 } });
  turns.close();
});

test('D74 Linux tells the queue apart', { skip: !existsSync('/proc/thread-self/schedstat') }, async () => {
  const { longest } = await watching(() => undefined);
  assert.ok(Number.isFinite(longest.queued) && longest.queued >= 0);
  assert.ok(longest.work > 0);
});

test('D74 the page tells what the longest turn was made of', () => {
  const metrics = new Metrics();
  const text = metrics.text({ rooms: 0, users: 0, accounts: 0, streams: 0, present: 0 });
  metrics.close();
  assert.match(text, /^postern_main_thread_work_seconds 0$/m);
  for (const part of ['work', 'queue', 'pause'])
    assert.match(text, new RegExp(`^postern_main_thread_delay_seconds\\{in="${part}"\\} 0$`, 'm'));
});
