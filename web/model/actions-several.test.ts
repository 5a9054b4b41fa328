import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatchObject } from '#jmap/core.ts';
import { applyPatch } from '#jmap/patch.ts';
import type { AccountId, MailboxId } from '#jmap/ids.ts';
import { openActions } from './actions.ts';
import { must } from '#base/must.ts';
import { targetIn, type Target } from './targets.ts';
import { openList, type RowId } from './list.ts';
import { openMail } from './mail.ts';
import { openMergedList } from './merged-list.ts';
import { openToasts } from './toasts.ts';
import { account, fakeMailbox, fakeServer, settled, type Handlers } from './testing.ts';
import { openUndo } from './undo.ts';

const boxes = (['inbox', 'archive', 'trash', 'junk'] as const).map((role) => ({ id: role, name: role, role }) as never);

/** Two accounts whose messages have the same ids. */
const openTwo = async (more: (of: string) => Handlers = () => ({})) => {
  const sets: [string, Record<string, unknown>][] = [];
  const accounts = ['A1', 'A2'].map((of) => {
    const box = fakeMailbox(4);
    for (const [index, row] of box.rows.entries())
      Object.assign(row, { receivedAt: `2025-11-06T08:00:0${9 - 2 * index - Number(of === 'A2')}Z` });
    const handlers: Handlers = {
      ...box.handlers,
      'Email/set': (args) => {
        const update = args['update'] as Record<string, PatchObject>;
        sets.push([of, update]);
        for (const [one, patch] of Object.entries(update)) {
          const row = box.byId(one);
          const after = row && applyPatch(row, patch);
          if (row && after?.ok) Object.assign(row, after.value);
        }
        return { accountId: of, oldState: '1', newState: '2', updated: {} };
      },
      ...more(of),
    };
    return { of, handlers };
  });
  const names = ['Email/query', 'Email/get', 'Thread/get', 'Mailbox/get', 'Email/set'];
  const server = fakeServer(
    Object.fromEntries(
      names.map((name) => [
        name,
        (args) =>
          accounts.find(({ of }) => of === args['accountId'])?.handlers[name]?.(args) ?? { error: 'unknownMethod' },
      ]),
    ),
  );
  const lists = accounts.map(({ of }) => {
    const mail = openMail(server.connection, of as AccountId, { ...account, name: of });
    mail.mailboxes.reset(boxes);
    return openList(server.connection, mail, {
      accountId: mail.id,
      filter: { inMailbox: 'inbox' as MailboxId },
      sort: [],
      collapse: true,
      mailboxId: 'inbox' as MailboxId,
    });
  });
  const list = openMergedList(lists);
  const toasts = openToasts(server.clock);
  const undo = openUndo();
  const actions = openActions({
    connection: server.connection,
    toasts,
    undo,
    confirm: async () => true,
    cameBack: () => undefined,
  });
  await settled();
  const target = (rows: readonly string[] | 'all', except: readonly string[] = []): Target =>
    must(targetIn(list, rows as RowId[] | 'all', except as RowId[]), 'rows are meant');
  const shown = (): (string | undefined)[] =>
    Array.from({ length: list.total.value ?? 0 }, (_, index) => list.idAt(index));
  return { list, lists, actions, target, sets, toasts, undo, shown };
};

test('M9 several accounts: each its own request, one toast, one undo', async () => {
  const { actions, target, sets, toasts, shown, undo } = await openTwo();
  const before = shown();
  assert.deepEqual(before.slice(0, 4), ['A1 M0', 'A2 M0', 'A1 M1', 'A2 M1']);
  await actions.archive(target(['A1 M0', 'A2 M0', 'A2 M1']));
  assert.deepEqual(shown(), ['A1 M1', 'A1 M2', 'A2 M2', 'A1 M3', 'A2 M3']);
  await settled();
  const archived = { 'mailboxIds/inbox': null, 'mailboxIds/archive': true };
  assert.deepEqual(sets, [
    ['A1', { M0: archived }],
    ['A2', { M0: archived, M1: archived }],
  ]);
  assert.deepEqual([toasts.current.value?.text, undo.items.value.length], ['Archived 3 conversations', 1]);
  actions.undoLast();
  assert.deepEqual(shown(), before);
  await settled();
  assert.deepEqual(
    sets.slice(2).map(([of, update]) => [of, Object.keys(update)]),
    [
      ['A1', ['M0']],
      ['A2', ['M0', 'M1']],
    ],
  );
});

test('M9 what one of the servers refuses comes back; the rest stands and can be undone', async () => {
  const no = { M0: { type: 'forbidden', description: 'folder Archive is read-only' } };
  const { actions, target, toasts, shown, undo, sets } = await openTwo((of) =>
    of === 'A2' ? { 'Email/set': () => ({ accountId: of, oldState: '1', newState: '1', notUpdated: no }) } : {},
  );
  await actions.archive(target(['A1 M0', 'A2 M0']));
  await settled();
  assert.deepEqual(shown().slice(0, 2), ['A2 M0', 'A1 M1']);
  assert.match(toasts.current.value?.text ?? '', /is back in Inbox\. The server did not allow it/u);
  assert.equal(undo.items.value.length, 1);
  actions.undoLast();
  await settled();
  assert.deepEqual(shown().slice(0, 2), ['A1 M0', 'A2 M0']);
  assert.deepEqual(
    sets.map((one) => one[0]),
    ['A1', 'A1'],
  );
});

test('M10 rows of several accounts are not moved to a folder of one', async () => {
  const { actions, target, sets } = await openTwo();
  await actions.move(target(['A1 M0', 'A2 M0']), 'archive' as MailboxId);
  await settled();
  assert.deepEqual(sets, []);
  await actions.move(target(['A2 M0']), 'archive' as MailboxId);
  await settled();
  assert.deepEqual(
    sets.map((one) => one[0]),
    ['A2'],
  );
});

test('all but some is all but these, in each account', async () => {
  const { actions, target, sets, toasts, shown } = await openTwo();
  await actions.archive(target('all', ['A1 M1', 'A2 M3']));
  assert.equal(toasts.current.value?.text, 'Archived 6 conversations');
  assert.deepEqual(shown(), ['A1 M1', 'A2 M3']);
  await settled();
  assert.deepEqual(
    sets.map(([of, update]) => [of, Object.keys(update)]),
    [
      ['A1', ['M0', 'M2', 'M3']],
      ['A2', ['M0', 'M1', 'M2']],
    ],
  );
});
