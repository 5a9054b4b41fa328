import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import type { PatchObject } from '#jmap/core.ts';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { applyPatch } from '#jmap/patch.ts';
import { openMail } from '../mail.ts';
import { account, accountId, fakeMailbox, fakeServer, head, settled, type Handlers } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { openLetters } from './letters.ts';

const at = (id: string): MailboxId => id as MailboxId;
const folder = (id: string, more: Partial<Mailbox>): Mailbox =>
  ({ id, name: id, parentId: null, role: null, totalEmails: 0, ...more }) as Mailbox;

/** `count` messages, all in `where`; ids of what is destroyed and updated, request by request. */
const openDesk = (
  count: number,
  where: string,
  { yes = true, more = {} as Handlers, meanwhile = (): void => undefined } = {},
) => {
  const mailbox = fakeMailbox(count);
  for (const row of mailbox.rows) Object.assign(row, { mailboxIds: { [where]: true }, keywords: {} });
  const sets: { destroy: string[]; update: Record<string, PatchObject> }[] = [];
  const destroyedFolders: unknown[] = [];
  const server = fakeServer({
    ...mailbox.handlers,
    'Email/query': (args) => {
      const { inMailbox, notKeyword } = args['filter'] as { inMailbox: string; notKeyword?: string };
      const all = mailbox.rows.filter(
        ({ mailboxIds, keywords }) =>
          Object.hasOwn(mailboxIds, inMailbox) && (notKeyword === undefined || !Object.hasOwn(keywords, notKeyword)),
      );
      const position = Number(args['position'] ?? 0);
      const ids = all.slice(position, position + Number(args['limit'])).map(({ id }) => id);
      return { accountId, queryState: 'q', canCalculateChanges: false, position, ids, total: all.length };
    },
    'Email/set': (args) => {
      const destroy = (args['destroy'] ?? []) as string[];
      const update = (args['update'] ?? {}) as Record<string, PatchObject>;
      sets.push({ destroy, update });
      for (const id of destroy)
        mailbox.rows.splice(
          mailbox.rows.findIndex((row) => row.id === id),
          1,
        );
      for (const [id, patch] of Object.entries(update)) {
        const row = must(mailbox.byId(id), 'is there');
        const after = applyPatch(row, patch);
        if (after.ok) Object.assign(row, after.value);
      }
      return { accountId, oldState: '1', newState: '2', updated: {}, destroyed: destroy };
    },
    'Mailbox/set': (args) => {
      destroyedFolders.push(args['destroy']);
      return { accountId, oldState: '1', newState: '2', destroyed: args['destroy'] };
    },
    ...more,
  });
  const mail = openMail(server.connection, accountId, account);
  const toasts = openToasts(server.clock);
  const undo = openUndo();
  const asked: string[] = [];
  const letters = openLetters(
    {
      connection: server.connection,
      toasts,
      undo,
      ask: async ({ title, text }) => {
        asked.push(`${title} ${text}`);
        await settled();
        meanwhile();
        return yes;
      },
    },
    mail,
  );
  return { ...mailbox, letters, mail, toasts, undo, asked, sets, destroyedFolders };
};

test('T7 all of a folder is marked read, known to the page or not, and those alone unread again', async () => {
  const desk = openDesk(1_284, 'work');
  for (const row of desk.rows.slice(0, 4)) Object.assign(row, { keywords: { $seen: true } });
  const [known] = desk.rows.slice(10);
  await desk.mail.needHeads([must(known, 'there').id]);
  await desk.letters.readAll(folder('work', { name: 'Work' }));
  assert.equal(desk.toasts.current.value?.text, 'Marked 1,280 letters in Work read');
  assert.ok(desk.rows.every(({ keywords }) => Object.hasOwn(keywords, '$seen')));
  assert.deepEqual(desk.mail.emails.peek('M10')?.keywords, { $seen: true });
  assert.ok(desk.sets.every(({ update }) => Object.keys(update).length <= 500));
  desk.undo.undo();
  await settled();
  assert.equal(desk.rows.filter(({ keywords }) => Object.hasOwn(keywords, '$seen')).length, 4);
});

test('T6 a folder is emptied page by page, after a question; what lies elsewhere too stays there', async () => {
  const desk = openDesk(1_284, 'trash');
  for (const row of desk.rows.slice(3, 5)) Object.assign(row, { mailboxIds: { trash: true, archive: true } });
  const trash = folder('trash', { role: 'trash', name: 'Trash', totalEmails: 1_284 });
  desk.mail.mailboxes.reset([trash, folder('old', { parentId: at('trash'), totalEmails: 2 })]);
  await desk.letters.empty(trash);
  assert.deepEqual(desk.asked, [
    'Empty Trash? 1,286 letters and 1 folder will be removed from the server at once and cannot be brought back.',
  ]);
  assert.deepEqual(
    desk.rows.map(({ id, mailboxIds }) => [id, mailboxIds]),
    [
      ['M3', { archive: true }],
      ['M4', { archive: true }],
    ],
  );
  assert.equal(desk.sets.flatMap(({ destroy }) => destroy).length, 1_282);
  assert.deepEqual([desk.destroyedFolders, desk.toasts.current.value?.text], [[['old']], 'Emptied Trash']);
});

test('T6 nothing goes without a yes; what the server refuses is said', async () => {
  const no = openDesk(3, 'trash', { yes: false });
  const trash = folder('trash', { role: 'trash', totalEmails: 3 });
  await no.letters.empty(trash);
  assert.deepEqual([no.rows.length, no.sets.length], [3, 0]);

  const notDestroyed = { M1: { type: 'forbidden', description: 'read-only' } };
  const refusing = openDesk(3, 'trash', {
    more: { 'Email/set': () => ({ accountId, oldState: '1', newState: '1', destroyed: [], notDestroyed }) },
  });
  await refusing.letters.empty(trash);
  assert.deepEqual(
    [refusing.toasts.current.value?.text, refusing.toasts.current.value?.tone],
    ['Not all of Trash is gone. The server did not allow it: read-only', 'failed'],
  );
});

test('T6 what arrives while the question stands stays, and so does what was taken elsewhere', async () => {
  const desk = openDesk(3, 'trash', {
    meanwhile: () => {
      Object.assign(must(desk.byId('M1'), 'there'), { mailboxIds: { inbox: true } });
      desk.rows.unshift(head('new', { mailboxIds: { trash: true } }));
    },
  });
  await desk.letters.empty(folder('trash', { role: 'trash', totalEmails: 3 }));
  assert.deepEqual(
    desk.rows.map(({ id, mailboxIds }) => [id, mailboxIds]),
    [
      ['new', { trash: true }],
      ['M1', { inbox: true }],
    ],
  );
});

test('T6 a letter that the server keeps, under another id each time, is asked to go once', async () => {
  let times = 0;
  const desk = openDesk(3, 'trash', {
    more: {
      'Email/set': (args) => {
        times += 1;
        assert.ok(times < 5, 'it comes to an end');
        for (const [index, row] of desk.rows.entries()) Object.assign(row, { id: `again ${times} ${index}` });
        return { accountId, oldState: '1', newState: '2', destroyed: args['destroy'] };
      },
    },
  });
  await desk.letters.empty(folder('trash', { role: 'trash', totalEmails: 3 }));
  assert.equal(times, 1);
});
