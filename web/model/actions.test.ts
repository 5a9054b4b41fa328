import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatchObject } from '#jmap/core.ts';
import { applyPatch } from '#jmap/patch.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import { openActions } from './actions.ts';
import { must } from '#base/must.ts';
import { targetIn, type Target } from './targets.ts';
import { openList } from './list.ts';
import { openMail } from './mail.ts';
import { openToasts } from './toasts.ts';
import { account, accountId, fakeMailbox, fakeServer, head, settled, type Handlers } from './testing.ts';
import { openUndo } from './undo.ts';

const id = (n: number): EmailId => `M${n}` as EmailId;
const boxes = (['inbox', 'archive', 'trash', 'junk'] as const).map((role) => ({ id: role, name: role, role }) as never);

const openDesk = async (
  count = 60,
  more: Handlers = {},
  where = 'inbox',
  meanwhile: () => Promise<void> = async () => undefined,
) => {
  const box = fakeMailbox(count);
  const sets: Record<string, unknown>[] = [];
  const server = fakeServer({
    ...box.handlers,
    'Email/set': (args) => {
      sets.push(args);
      for (const [one, patch] of Object.entries((args['update'] ?? {}) as Record<string, PatchObject>)) {
        const row = box.byId(one);
        const after = row && applyPatch(row, patch);
        if (row && after?.ok) Object.assign(row, after.value);
      }
      for (const gone of (args['destroy'] ?? []) as string[])
        box.rows.splice(
          box.rows.findIndex((row) => row.id === gone),
          1,
        );
      return { accountId, oldState: '1', newState: '2', updated: {}, destroyed: args['destroy'] ?? null };
    },
    ...more,
  });
  const mail = openMail(server.connection, accountId, account);
  mail.mailboxes.reset(boxes);
  const mailboxId = where as MailboxId;
  const list = openList(server.connection, mail, {
    accountId,
    filter: { inMailbox: mailboxId },
    sort: [],
    collapse: true,
    mailboxId,
  });
  const toasts = openToasts(server.clock);
  const asked: string[] = [];
  const undo = openUndo();
  const actions = openActions({
    connection: server.connection,
    toasts,
    undo,
    confirm: async ({ title }) => {
      asked.push(title);
      await meanwhile();
      return true;
    },
    cameBack: () => undefined,
  });
  await settled();
  const target = (rows: readonly EmailId[] | 'all'): Target => must(targetIn(list, rows), 'rows are meant');
  return { ...box, server, mail, list, toasts, actions, target, sets, asked, undo };
};

test('archive takes the row out at once, moves every message of it here, and can be undone', async () => {
  const { actions, target, list, toasts, sets, mail } = await openDesk();
  void actions.archive(target([id(4)]));
  await Promise.resolve();
  await settled();
  assert.deepEqual(
    [list.total.value, list.idAt(4), toasts.current.value?.text],
    [59, 'M5', 'Archived “Subject of M4”'],
  );
  assert.deepEqual(sets[0]?.['update'], { M4: { 'mailboxIds/inbox': null, 'mailboxIds/archive': true } });
  toasts.current.value?.actions[0]?.run();
  await settled();
  assert.deepEqual([list.total.value, list.idAt(4)], [60, 'M4']);
  assert.deepEqual(sets[1]?.['update'], { M4: { 'mailboxIds/inbox': true, 'mailboxIds/archive': null } });
  assert.deepEqual(mail.emails.peek('M4')?.mailboxIds, { inbox: true });
});

test('what the server refuses comes back, with its words', async () => {
  const no = { M2: { type: 'forbidden', description: 'folder Archive is read-only' } };
  const { actions, target, list, toasts, undo } = await openDesk(60, {
    'Email/set': () => ({ accountId, oldState: '1', newState: '1', notUpdated: no }),
  });
  await actions.archive(target([id(2)]));
  await settled();
  assert.equal(
    toasts.current.value?.text,
    '“Subject of M2” is back in Inbox. The server did not allow it: folder Archive is read-only',
  );
  assert.equal(toasts.assertive.value.text, `${toasts.current.value?.text}.`);
  assert.deepEqual([list.indexOf(id(2)), undo.items.value.length], [2, 0]);
});

test('several are one sentence; z takes back the last thing first', async () => {
  const { actions, target, toasts, mail } = await openDesk();
  await actions.read(target([id(0)]), false);
  await actions.star(target([id(1)]), true);
  await actions.remove(target([id(2), id(3), id(4)]));
  assert.equal(toasts.current.value?.text, 'Deleted 3 conversations');
  actions.undoLast();
  assert.equal(toasts.current.value?.text, 'Undone: deleted 3 conversations');
  assert.deepEqual(mail.emails.peek('M1')?.keywords, { $seen: true, $flagged: true });
  actions.undoLast();
  assert.deepEqual(mail.emails.peek('M1')?.keywords, { $seen: true });
  actions.undoLast();
  assert.deepEqual(mail.emails.peek('M0')?.keywords, { $seen: true });
  actions.undoLast();
  assert.equal(toasts.current.value?.text, 'Nothing to undo');
});

test('junk is marked as such and moved', async () => {
  const { actions, target, sets } = await openDesk();
  await actions.junk(target([id(0)]));
  await settled();
  assert.deepEqual(sets[0]?.['update'], {
    M0: { 'mailboxIds/inbox': null, 'mailboxIds/junk': true, 'keywords/$junk': true, 'keywords/$notjunk': null },
  });
});

test('from Trash things go for ever, and only after a question that names them', async () => {
  const { actions, target, asked, sets, rows, mail, list } = await openDesk(3, {}, 'trash');
  for (const row of rows) Object.assign(row, { mailboxIds: { trash: true } });
  await list.refresh();
  await actions.remove(target([id(1)]));
  await settled();
  assert.deepEqual(asked, ['Delete “Subject of M1” for ever?']);
  assert.deepEqual(sets[0]?.['destroy'], ['M1']);
  assert.equal(mail.emails.of('M1').value.at, 'gone');
});

test('T6 what was taken out of Trash while the question stood is not destroyed', async () => {
  const desk = await openDesk(3, {}, 'trash', async () => {
    await desk.mail.emails.change({ M1: { 'mailboxIds/trash': null, 'mailboxIds/inbox': true } });
  });
  const { actions, target, sets, rows, toasts, list } = desk;
  for (const row of rows) Object.assign(row, { mailboxIds: { trash: true } });
  await list.refresh();
  await actions.remove(target([id(1), id(2)]));
  await settled();
  assert.deepEqual(
    sets.flatMap((args) => args['destroy'] ?? []),
    ['M2'],
  );

  const before = desk.asked.length;
  Object.assign(must(desk.byId('M1'), 'there'), { mailboxIds: { trash: true } });
  desk.mail.emails.forget();
  await list.refresh();
  await actions.remove(target([id(1)]));
  await settled();
  assert.equal(desk.asked.length, before + 1);
  assert.equal(sets.filter((args) => args['destroy'] !== undefined).length, 1);
  assert.equal(toasts.current.value?.text, '“Subject of M1” is not in Trash any more');
});

test('T6 what is gone for ever is not said to be back, nor shown', async () => {
  const { actions, target, list, toasts, mail, sets, undo } = await openDesk();
  await actions.remove(target([id(1)]));
  await actions.remove(target([id(2), id(3)]));
  await settled();
  mail.emails.gone(['M2', 'M3', 'M1']);
  actions.undoLast();
  assert.equal(toasts.current.value?.text, '2 conversations are gone for ever and cannot be brought back');
  actions.undoLast();
  assert.equal(toasts.current.value?.text, '“Subject of M1” is gone for ever and cannot be brought back');
  await settled();
  assert.deepEqual([list.total.value, sets.length, undo.items.value.length], [57, 2, 0]);
});

test('what was forgotten meanwhile is taken back all the same', async () => {
  const { actions, target, mail, rows } = await openDesk();
  await actions.archive(target([id(1)]));
  await settled();
  mail.emails.forget(['M1']);
  actions.undoLast();
  await settled();
  assert.deepEqual(must(rows[1], 'there').mailboxIds, { inbox: true });
});

test('all of a long list is asked for in pages and changed in batches', async () => {
  const { actions, target, sets, toasts } = await openDesk(1_284);
  await actions.archive(target('all'));
  await settled();
  const changed = sets.flatMap((args) => Object.keys(args['update'] as object));
  assert.equal(new Set(changed).size, 1_284);
  assert.ok(sets.every((args) => Object.keys(args['update'] as object).length <= 250));
  assert.equal(toasts.current.value?.text, 'Archived 1,284 conversations');
});

test('L5 more letters can be meant than a call takes arguments', async () => {
  const { actions, target, mail, sets } = await openDesk(1);
  const heads = Array.from({ length: 200_000 }, (_, n) => ({ ...head(`M${n}`), keywords: { $seen: true as const } }));
  mail.emails.put(heads);
  mail.threads.put([{ id: must(heads[0], 'a head').threadId, emailIds: heads.map((one) => one.id) }]);
  await actions.read(target([id(0)]), true);
  assert.deepEqual(sets, [], 'all are read');
});

test('without an Archive one is made', async () => {
  const made: unknown[] = [];
  const desk = await openDesk(5, {
    'Mailbox/set': (args) => {
      made.push(args['create']);
      return { accountId, created: { made: { id: 'new' } } };
    },
    'Mailbox/get': () => ({
      accountId,
      state: '1',
      list: made.length > 0 ? [...boxes, { id: 'new', name: 'Archive', role: 'archive' }] : [],
      notFound: [],
    }),
  });
  desk.mail.mailboxes.reset(boxes.filter((each) => (each as { id: string }).id !== 'archive'));
  await desk.actions.archive(desk.target([id(0)]));
  await settled();
  assert.deepEqual(made, [{ made: { name: 'Archive', role: 'archive' } }]);
  const update = (desk.sets[0]?.['update'] ?? {}) as Record<string, object>;
  assert.equal(Object.keys(update['M0'] ?? {}).length, 2);
});

test('where all mail is the archive (Gmail), archiving leads there, and nothing else does', async () => {
  const desk = await openDesk(5, { 'Mailbox/set': () => ({ error: 'forbidden' }) });
  desk.mail.mailboxes.reset(
    (['inbox', 'all', 'trash'] as const).map((role) => ({ id: role, name: role, role }) as never),
  );
  await desk.actions.archive(desk.target([id(0)]));
  await desk.actions.junk(desk.target([id(1)]));
  assert.deepEqual(
    desk.sets.map((args) => args['update']),
    [{ M0: { 'mailboxIds/inbox': null, 'mailboxIds/all': true } }],
  );
  assert.equal(
    desk.toasts.current.value?.text,
    'ada@lindqvist.example has no junk folder, and the server would not make one.',
  );
});

test('what cannot be begun is said, but for the end of the session, which shows itself', async () => {
  for (const [status, words] of [
    [null, 'You are offline. Nothing was changed.'],
    [401, undefined],
  ] as const) {
    const { actions, target, toasts, mail, server } = await openDesk(5);
    mail.mailboxes.reset([boxes[0]] as never);
    server.next.push(status);
    await actions.archive(target([id(0)]));
    assert.equal(toasts.current.value?.text, words);
  }
});

test('what others took elsewhere, or deleted, is not said to be where it was to go', async () => {
  const { actions, target, toasts, mail, sets } = await openDesk();
  const four = target([id(4)]);
  mail.emails.merge([{ id: id(4), mailboxIds: { ['trash' as MailboxId]: true } }]);
  await actions.archive(four);
  assert.equal(toasts.current.value?.text, '“Subject of M4” is not here any more');
  mail.emails.gone([id(4)]);
  await actions.archive(four);
  assert.equal(toasts.current.value?.text, 'This conversation is gone');
  assert.deepEqual(sets, []);
});

test('all of a list is asked for after the change, not before it', async () => {
  const { actions, target, list } = await openDesk(60);
  await actions.archive(target('all'));
  await settled();
  assert.deepEqual([list.total.value, list.idAt(0)], [0, undefined]);
});
