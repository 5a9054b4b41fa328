import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openHerald } from './herald.ts';

test('several changes are one event; after stop nothing is asked or told, whoever stirs', () => {
  let state = 0;
  let asked = 0;
  const told: string[] = [];
  const tasks = new Set<() => void>();
  const run = (): void => {
    const due = [...tasks];
    for (const task of due) if (tasks.delete(task)) task();
  };
  const herald = openHerald(
    () => ((asked += 1), { account: { Email: String(state), Mailbox: 'm' } }),
    (account, moved) => told.push(`${account} ${JSON.stringify(moved)}`),
    (_ms, task) => {
      tasks.add(task);
      return () => tasks.delete(task);
    },
  );
  state = 1;
  herald.stir();
  herald.stir();
  assert.deepEqual(told, [], 'not within the change');
  run();
  state = 2;
  herald.stir();
  state = 3;
  herald.stir();
  run();
  assert.deepEqual(told, ['account {"Email":"1"}', 'account {"Email":"3"}']);

  const before = asked;
  herald.stir();
  herald.stop();
  herald.stir();
  run();
  assert.equal(asked, before);
  assert.equal(tasks.size, 0);
});

test('S62 what stirs while states are read is told after the rest, by the same timer', () => {
  let state = 0;
  let during = (): void => undefined;
  const told: string[] = [];
  const tasks = new Set<() => void>();
  const herald = openHerald(
    () => {
      during();
      return { account: { Email: String(state) } };
    },
    (_account, moved) => told.push(String(moved['Email'])),
    (_ms, task) => {
      tasks.add(task);
      return () => tasks.delete(task);
    },
  );
  const run = (): void => {
    const due = [...tasks];
    for (const task of due) if (tasks.delete(task)) task();
  };
  state = 1;
  herald.stir();
  during = () => herald.stir();
  run();
  assert.equal(tasks.size, 1);
  during = () => undefined;
  state = 2;
  run();
  assert.deepEqual(told, ['1', '2']);
  herald.stop();
  assert.equal(tasks.size, 0);
});
