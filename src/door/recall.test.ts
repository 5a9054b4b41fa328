import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { Tide } from '#base/tide.ts';
import { Recall } from './recall.ts';

const answer = (text: string, level: number | null = 0, status = 200) => ({
  status,
  type: 'application/json',
  body: Buffer.from(text),
  level,
});

const openRecall = () => {
  const clock = stillClock();
  const recall = new Recall(clock);
  const tide = new Tide();
  const key = Recall.keyOf(Buffer.from('a request'));
  const find = (id = 'one', by: Tide | null = tide): string | undefined => recall.find(id, key, by)?.body.toString();
  return { clock, recall, tide, key, find };
};

test('D75 what is asked for a second time is remembered, as a copy, for who asked', () => {
  const { recall, tide, key, find } = openRecall();
  recall.keep('one', key, tide, answer('first'));
  assert.deepEqual([find(), recall.bytes], [undefined, 0], 'asked for once');
  const second = answer('second');
  recall.keep('one', key, tide, second);
  second.body.fill(0);
  assert.equal(find(), 'second');
  recall.find('one', key, tide)?.body.fill(0);
  assert.equal(find(), 'second', 'what went out was a copy');
  assert.equal(find('another'), undefined, 'of another session or user');
  assert.equal(recall.find('one', Recall.keyOf(Buffer.from('another request')), tide), null);
});

test('D75 it stands while the tide does, through memory that threads share', () => {
  const { recall, tide, key, find } = openRecall();
  for (const text of ['a', 'b']) recall.keep('one', key, tide, answer(text));
  assert.equal(find(), 'b');
  new Tide(tide.memory).rise();
  assert.deepEqual([find(), recall.bytes], [undefined, 0], 'risen in another thread, and wiped');
  recall.keep('one', key, tide, answer('late', 0));
  assert.equal(find(), undefined, 'made before it rose');
  recall.keep('one', key, tide, answer('fresh', 1));
  assert.equal(find(), 'fresh');
  const reopened = new Tide();
  reopened.rise();
  assert.equal(find('one', reopened), undefined, 'the same level of another tide');
  recall.keep('one', key, tide, answer('x', 1));
  assert.equal(find('one', null), undefined, 'nobody knows');
});

test('D75 what follows from more than request and tide, failed, or is too large is not remembered', () => {
  const { recall, tide, key, find } = openRecall();
  const refused = [answer('impure', null), answer('broken', 0, 400), answer('x'.repeat(400_001))];
  for (const each of refused.flatMap((one) => [one, one])) recall.keep('one', key, tide, each);
  for (const each of [answer('a'), answer('b')]) recall.keep('one', key, null, each);
  assert.equal(find(), undefined);
  assert.equal(Recall.keyOf(Buffer.alloc(20_001)), null, 'a request may be too long to be known');
});

test('D75 it is gone when who asked has left, and when nobody asked for half a minute', () => {
  const { clock, recall, tide, key, find } = openRecall();
  const keep = (id: string): void => {
    for (const text of ['a', 'b']) recall.keep(id, key, tide, answer(text));
  };
  keep('one');
  keep('two');
  recall.forget('one');
  assert.deepEqual([find('one'), find('two'), recall.bytes], [undefined, 'b', 1]);
  for (let seconds = 0; seconds < 120; seconds += 10) {
    clock.pass(10_000);
    assert.equal(find('two'), 'b', 'asked for all the time');
  }
  clock.pass(46_000);
  assert.equal(recall.bytes, 0);
  keep('one');
  recall.close();
  assert.equal(recall.bytes, 0);
});

test('D75 the mailroom hears every two seconds that somebody still looks', () => {
  const { clock, recall, tide, key } = openRecall();
  for (const text of ['a', 'b']) recall.keep('one', key, tide, answer(text));
  const due = (): boolean | undefined => recall.find('one', key, tide)?.due;
  assert.equal(due(), false);
  clock.pass(2_000);
  assert.deepEqual([due(), due()], [true, false], 'told once');
  clock.pass(2_000);
  assert.equal(due(), true);
});

test('D75 only so much is remembered of one, and of all', () => {
  const { recall, tide } = openRecall();
  const keys = Array.from({ length: 40 }, (_, at) => Recall.keyOf(Buffer.from(`request ${at}`)));
  const keep = (id: string, length: number): void => {
    for (const key of keys.flatMap((each) => [each, each])) recall.keep(id, key, tide, answer('x'.repeat(length)));
  };
  const held = (id: string): number => keys.filter((key) => recall.find(id, key, tide)).length;
  keep('small', 10);
  assert.deepEqual([held('small'), recall.find('small', keys.at(-1) ?? null, tide) !== null], [16, true]);
  keep('large', 300_000);
  assert.equal(held('large'), 3);
  for (let at = 0; at < 60; at += 1) keep(`large ${at}`, 300_000);
  assert.ok(recall.bytes <= 32_000_000);
  assert.deepEqual([held('small'), held('large 59')], [0, 3], 'whoever came first goes first');
});
