import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PatchObject, SetResponse } from '#jmap/core.ts';
import { applyPatch } from '#jmap/patch.ts';
import { ModelError } from './errors.ts';
import { EditableStore, inverse } from './records.ts';
import { settled } from './testing.ts';

interface Thing {
  id: string;
  keywords: Record<string, true>;
  mailboxIds: Record<string, true>;
}

const thing = (id: string): Thing => ({ id, keywords: {}, mailboxIds: { inbox: true } });

const answer = (more: Partial<SetResponse<Thing>> = {}): SetResponse<Thing> => ({
  accountId: 'A' as never,
  oldState: null,
  newState: '2',
  created: null,
  updated: null,
  destroyed: null,
  notCreated: null,
  notUpdated: null,
  notDestroyed: null,
  ...more,
});

/** A store whose server answers when told to. */
const openStore = () => {
  const sent: Record<string, PatchObject>[] = [];
  const answers: ((given: SetResponse<Thing> | ModelError) => void)[] = [];
  const store = new EditableStore<Thing>((updates) => {
    sent.push(updates);
    return new Promise((resolve, reject) =>
      answers.push((given) => (given instanceof ModelError ? reject(given) : resolve(given))),
    );
  });
  store.put([thing('M1'), thing('M2')]);
  return { store, sent, answers };
};

test('W4 a change shows at once and stays when the server agrees', async () => {
  const { store, sent, answers } = openStore();
  const done = store.change({ M1: { 'keywords/$seen': true } });
  assert.deepEqual(store.peek('M1')?.keywords, { $seen: true });
  assert.equal(store.waiting.value, 1);
  await settled();
  assert.deepEqual(sent, [{ M1: { 'keywords/$seen': true } }]);
  answers[0]?.(answer());
  assert.deepEqual(await done, { refused: [], error: null });
  assert.deepEqual(store.peek('M1')?.keywords, { $seen: true });
  assert.equal(store.waiting.value, 0);
});

test('W4 one change in flight per record: later ones are merged and wait', async () => {
  const { store, sent, answers } = openStore();
  void store.change({ M1: { 'keywords/$seen': true } });
  await settled();
  void store.change({ M1: { 'keywords/$flagged': true } });
  void store.change({ M1: { 'keywords/$flagged': null, 'keywords/$seen': null }, M2: { 'keywords/$seen': true } });
  assert.deepEqual(store.peek('M1')?.keywords, {});
  await settled();
  assert.deepEqual(sent.slice(1), [{ M2: { 'keywords/$seen': true } }]);
  answers[0]?.(answer());
  await settled();
  assert.deepEqual(sent[2], { M1: { 'keywords/$flagged': null, 'keywords/$seen': null } });
  answers[2]?.(answer());
  await settled();
  assert.deepEqual(store.peek('M1')?.keywords, {});
});

test('W4 what is refused is taken back, what came after it stays', async () => {
  const { store, answers } = openStore();
  const done = store.change({ M1: { 'mailboxIds/inbox': null, 'mailboxIds/archive': true } });
  await settled();
  void store.change({ M1: { 'keywords/$seen': true } });
  answers[0]?.(answer({ notUpdated: { M1: { type: 'forbidden', description: 'read-only' } } as never }));
  assert.deepEqual((await done).refused, [{ id: 'M1', error: { type: 'forbidden', description: 'read-only' } }]);
  assert.deepEqual(store.peek('M1'), { id: 'M1', keywords: { $seen: true }, mailboxIds: { inbox: true } });
});

test('W4 a lost line takes the change back and says so', async () => {
  const { store, answers } = openStore();
  const done = store.change({ M1: { 'keywords/$seen': true } });
  await settled();
  answers[0]?.(new ModelError('net/offline', 'gone'));
  assert.equal((await done).error?.code, 'net/offline');
  assert.deepEqual(store.peek('M1')?.keywords, {});
});

test('W5 news from the server do not undo what is not answered yet', async () => {
  const { store, answers } = openStore();
  void store.change({ M1: { 'keywords/$seen': true } });
  await settled();
  store.merge([{ id: 'M1', keywords: { $answered: true } }]);
  assert.deepEqual(store.peek('M1')?.keywords, { $answered: true, $seen: true });
  answers[0]?.(answer());
  await settled();
  assert.deepEqual(store.peek('M1')?.keywords, { $answered: true, $seen: true });
});

test('W4 a record that is gone is gone, not taken back', async () => {
  const { store, answers } = openStore();
  void store.change({ M1: { 'keywords/$seen': true } });
  await settled();
  answers[0]?.(answer({ notUpdated: { M1: { type: 'notFound' } } as never }));
  await settled();
  assert.equal(store.of('M1').value.at, 'gone');
  assert.equal(store.waiting.value, 0);
});

const names = fc.constantFrom('$seen', '$flagged', '$junk', 'work');
const marks = fc.dictionary(names, fc.constant(true as const), { noNullPrototype: true });

test('the inverse of a patch takes it back, whatever was there', () => {
  fc.assert(
    fc.property(marks, fc.array(fc.tuple(names, fc.boolean()), { maxLength: 6 }), (keywords, wishes) => {
      const before = { id: 'M', keywords };
      const patch = Object.fromEntries(wishes.map(([name, on]) => [`keywords/${name}`, on ? true : null]));
      const after = applyPatch(before, patch);
      assert.ok(after.ok);
      const back = applyPatch(after.value, inverse(before, patch));
      assert.deepEqual(back.ok && back.value, { id: 'M', keywords: { ...keywords } });
    }),
  );
});
