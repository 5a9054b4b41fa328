import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EmailRow, Intent, MailboxId, Uid, Want } from '#index/types.ts';
import { groupIntents, mostInGroup } from './intent-groups.ts';

const box = (n: number) => n as MailboxId;
const intent = (id: number, email: number, want: Want, mailbox = 1): Intent => ({
  id,
  email: email as EmailRow,
  want,
  dueAt: 0,
  tries: 0,
  at: { mailbox: box(mailbox), uidvalidity: 7, uid: (email * 10) as Uid },
});
const seen: Want = { kind: 'keywords', add: ['$seen'], remove: [] };
const archive: Want = { kind: 'move', from: box(1), to: box(2) };

test('S20 equal wishes in one mailbox are one command', () => {
  const groups = groupIntents([intent(1, 1, seen), intent(2, 2, archive), intent(3, 3, seen), intent(4, 4, seen, 5)]);
  assert.deepEqual(
    groups.map((group) => [group.want.kind, group.at?.mailbox, group.intents.map((one) => one.id)]),
    [
      ['keywords', 1, [1, 3]],
      ['move', 1, [2]],
      ['keywords', 5, [4]],
    ],
  );
});

test('S21 the wishes for one email are carried out in their order', () => {
  const groups = groupIntents([intent(1, 1, seen), intent(2, 2, archive), intent(3, 2, seen), intent(4, 1, archive)]);
  const order = groups.flatMap((group) => group.intents.map((one) => one.id));
  assert.ok(order.indexOf(1) < order.indexOf(4));
  assert.ok(order.indexOf(2) < order.indexOf(3));
});

test('S21 order holds and nothing is lost, whatever the wishes', () => {
  const wants: Want[] = [
    seen,
    { kind: 'keywords', add: [], remove: ['$seen'] },
    archive,
    { kind: 'destroy', from: box(1) },
  ];
  const wish = fc.record({
    email: fc.integer({ min: 1, max: 4 }),
    want: fc.integer({ min: 0, max: 3 }),
    mailbox: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 30, size: 'max' }), (wishes) => {
      const intents = wishes.map((one, at) => intent(at, one.email, wants[one.want] ?? seen, one.mailbox));
      const order = groupIntents(intents).flatMap((group) => group.intents);
      assert.deepEqual(
        order.map((one) => one.id).toSorted((a, b) => a - b),
        intents.map((one) => one.id),
      );
      for (const email of [1, 2, 3, 4]) {
        const ids = order.filter((one) => one.email === email).map((one) => one.id);
        assert.deepEqual(
          ids,
          ids.toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

test('S20 a command names at most as many messages as fit its line', () => {
  const many = Array.from({ length: mostInGroup + 1 }, (_, at) => intent(at, at, seen));
  assert.deepEqual(
    groupIntents(many).map((group) => group.intents.length),
    [mostInGroup, 1],
  );
});
