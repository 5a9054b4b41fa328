import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '#base/must.ts';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { openMail } from '../mail.ts';
import { account, accountId, allRights, fakeServer, settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { openFolders } from './folders.ts';

const box = (id: string, more: Partial<Mailbox> = {}): Mailbox => ({
  id: id as MailboxId,
  name: id,
  parentId: null,
  role: null,
  sortOrder: 10,
  totalEmails: 0,
  unreadEmails: 0,
  totalThreads: 0,
  unreadThreads: 0,
  myRights: allRights,
  isSubscribed: true,
  ...more,
});
const at = (id: string): MailboxId => id as MailboxId;

/** A server with folders, that refuses by name: `taken`, `no`. */
const openDesk = (start: Mailbox[], { yes = true, trashTakesFolders = true, lists = true } = {}) => {
  const boxes = new Map(start.map((each) => [each.id, each]));
  const sets: Record<string, unknown>[] = [];
  const refusal = (name: unknown, parentId: unknown): object | null => {
    if (name === 'no') return { type: 'forbidden', description: 'read-only' };
    if (!trashTakesFolders && parentId === 'trash') return { type: 'forbidden', description: 'no inferiors' };
    return [...boxes.values()].some((each) => each.name === name && each.parentId === parentId)
      ? { type: 'alreadyExists' }
      : null;
  };
  const server = fakeServer({
    'Mailbox/get': () =>
      lists ? { accountId, state: '1', list: [...boxes.values()], notFound: [] } : { error: 'serverUnavailable' },
    'Mailbox/set': (args) => {
      sets.push(args);
      const answer = { created: {} as object, notCreated: {}, notUpdated: {}, notDestroyed: {} } as Record<
        string,
        Record<string, unknown>
      >;
      for (const [key, wish] of Object.entries((args['create'] ?? {}) as Record<string, Partial<Mailbox>>)) {
        const no = refusal(wish.name, wish.parentId ?? null);
        if (no) Object.assign(must(answer['notCreated'], 'there'), { [key]: no });
        else {
          const made = box(`new ${sets.length}`, wish);
          boxes.set(made.id, made);
          Object.assign(must(answer['created'], 'there'), { [key]: { id: made.id } });
        }
      }
      for (const [id, wish] of Object.entries((args['update'] ?? {}) as Record<string, Partial<Mailbox>>)) {
        const no = refusal(wish.name, wish.parentId ?? null);
        if (no) Object.assign(must(answer['notUpdated'], 'there'), { [id]: no });
        else boxes.set(at(id), { ...must(boxes.get(at(id)), 'is there'), ...wish });
      }
      for (const id of (args['destroy'] ?? []) as MailboxId[]) {
        if ((boxes.get(id)?.totalEmails ?? 0) > 0 && args['onDestroyRemoveEmails'] !== true)
          Object.assign(must(answer['notDestroyed'], 'there'), { [id]: { type: 'mailboxHasEmail' } });
        else boxes.delete(id);
      }
      return { accountId, oldState: '1', newState: '2', ...answer };
    },
  });
  const mail = openMail(server.connection, accountId, account);
  mail.mailboxes.reset(start);
  const toasts = openToasts(server.clock);
  const undo = openUndo();
  const asked: string[] = [];
  const folders = openFolders(
    {
      connection: server.connection,
      toasts,
      undo,
      ask: async ({ title, text }) => (asked.push(`${title} ${text}`), yes),
    },
    mail,
  );
  const tree = (): string[] =>
    [...(mail.mailboxes.all.value?.values() ?? [])].map(({ id }) => mail.mailboxes.pathOf(id));
  const said = (): string | undefined => toasts.current.value?.text;
  return { folders, mail, boxes, tree, said, toasts, undo, asked, sets, server };
};

const trash = box('trash', { role: 'trash', name: 'Trash' });

test('T2 T5 a folder is made and taken back; one that holds mail by then stays', async () => {
  const desk = openDesk([trash, box('Work')]);
  assert.deepEqual(await desk.folders.make({ name: 'Plans', parentId: at('Work') }), { at: 'done', id: 'new 1' });
  assert.deepEqual([desk.tree(), desk.said()], [['Trash', 'Work', 'Work / Plans'], 'Made the folder “Plans”']);
  desk.undo.undo();
  await settled();
  assert.deepEqual(desk.tree(), ['Trash', 'Work']);
  const made = await desk.folders.make({ name: 'Plans', parentId: null });
  assert.equal(made.at, 'done');
  for (const each of desk.boxes.values()) if (each.name === 'Plans') each.totalEmails = 1;
  desk.undo.undo();
  await settled();
  assert.deepEqual([desk.tree().length, desk.said()], [3, '“Plans” stays. There is mail in it by now.']);
});

test('T2 T3 why it cannot be is told to the form, and nothing is to be undone', async () => {
  const desk = openDesk([trash, box('Work'), box('Home')]);
  const why = async (name: string): Promise<unknown> => desk.folders.make({ name, parentId: null });
  assert.deepEqual(await why('Work'), { at: 'refused', words: 'There is a folder “Work” already.' });
  assert.deepEqual(await why('no'), { at: 'refused', words: 'The server did not allow it: read-only' });
  assert.deepEqual(
    await desk.folders.change(must(desk.mail.mailboxes.get(at('Home')), 'there'), { name: 'Work', parentId: null }),
    {
      at: 'refused',
      words: 'There is a folder “Work” already.',
    },
  );
  assert.deepEqual([desk.undo.items.value.length, desk.toasts.current.value], [0, null]);
});

test('T2 T5 without an answer nothing is said to be known; the folders are as the server has them', async () => {
  const desk = openDesk([trash]);
  desk.boxes.set(at('Plans'), box('Plans'));
  desk.server.next.push(null);
  assert.deepEqual(await desk.folders.make({ name: 'Plans', parentId: null }), {
    at: 'refused',
    words:
      'It is not known whether it was done: the server did not answer. The folders are as the server has them once it answers.',
  });
  await settled();
  assert.deepEqual([desk.tree(), desk.undo.items.value.length], [['Trash', 'Plans'], 0]);
});

test('T2 T3 T4 what was done is told as done, though the folders could not be fetched', async () => {
  const desk = openDesk([trash, box('Work'), box('Home')], { lists: false });
  assert.equal((await desk.folders.make({ name: 'Plans', parentId: null })).at, 'done');
  const home = must(desk.mail.mailboxes.get(at('Home')), 'there');
  assert.equal((await desk.folders.change(home, { name: 'House', parentId: null })).at, 'done');
  assert.equal(await desk.folders.remove(must(desk.mail.mailboxes.get(at('Work')), 'there')), true);
  assert.deepEqual([desk.said(), desk.undo.items.value.length], ['Deleted the folder “Work”', 3]);
});

test('T1 a folder with one below it that has a role is not deleted', () => {
  const sent = box('Sent', { parentId: at('Plans'), role: 'sent' });
  const work = box('Work');
  const desk = openDesk([trash, work, box('Plans', { parentId: at('Work') }), sent, box('Home')]);
  const may = (id: string): boolean => desk.folders.mayRemove(must(desk.mail.mailboxes.get(at(id)), 'there'));
  assert.deepEqual(['Work', 'Plans', 'Home'].map(may), [false, false, true]);
  assert.equal(desk.folders.mayRemove(box('Fixed', { myRights: { ...allRights, mayDelete: false } })), false);
});

test('T3 T5 name and place change together, and back', async () => {
  const desk = openDesk([trash, box('Work'), box('Plans')]);
  await desk.folders.change(must(desk.mail.mailboxes.get(at('Plans')), 'there'), {
    name: 'Old plans',
    parentId: at('Work'),
  });
  assert.deepEqual([desk.tree()[2], desk.said()], ['Work / Old plans', 'Moved the folder “Old plans”']);
  desk.undo.undo();
  await settled();
  assert.equal(desk.tree()[2], 'Plans');
});

test('T4 T5 deleting takes a folder to Trash under a name that is free, and brings it back', async () => {
  const desk = openDesk([
    trash,
    box('old', { name: 'Work', parentId: at('trash') }),
    box('Work', { totalEmails: 3 }),
    box('Plans', { parentId: at('Work') }),
  ]);
  assert.equal(await desk.folders.remove(must(desk.mail.mailboxes.get(at('Work')), 'there')), true);
  assert.deepEqual(desk.tree(), ['Trash', 'Trash / Work', 'Trash / Work 2', 'Trash / Work 2 / Plans']);
  assert.deepEqual([desk.said(), desk.asked], ['Moved the folder “Work” to Trash', []]);
  desk.undo.undo();
  await settled();
  assert.deepEqual(desk.tree(), ['Trash', 'Trash / Work', 'Work', 'Work / Plans']);
});

test('T4 from Trash, and where Trash takes no folders, it goes for ever, after a question that counts', async () => {
  const inTrash = box('Work', { totalEmails: 1_284, parentId: at('trash') });
  const desk = openDesk([trash, inTrash, box('Plans', { parentId: at('Work'), totalEmails: 1 })]);
  assert.equal(await desk.folders.remove(inTrash), true);
  assert.deepEqual(desk.asked, [
    'Delete the folder “Work” for ever? With it go 1,285 letters and 1 folder inside. It is removed from the server at once and cannot be brought back.',
  ]);
  assert.deepEqual([desk.tree(), desk.undo.items.value.length], [['Trash'], 0]);
  assert.equal(desk.sets.at(-1)?.['onDestroyRemoveEmails'], true);

  const flat = openDesk([trash, box('Work', { totalEmails: 1 })], { trashTakesFolders: false, yes: false });
  assert.equal(await flat.folders.remove(must(flat.mail.mailboxes.get(at('Work')), 'there')), false);
  assert.deepEqual([flat.tree(), flat.asked.length], [['Trash', 'Work'], 1]);
});

test('T4 an empty folder just goes, and is made again by undo', async () => {
  const desk = openDesk([trash, box('Work')]);
  assert.equal(await desk.folders.remove(must(desk.mail.mailboxes.get(at('Work')), 'there')), true);
  assert.deepEqual([desk.tree(), desk.asked, desk.said()], [['Trash'], [], 'Deleted the folder “Work”']);
  desk.undo.undo();
  await settled();
  assert.deepEqual(desk.tree(), ['Trash', 'Work']);
});

test('T4 without a line nothing is asked and nothing is told as done', async () => {
  const desk = openDesk([trash, box('Work', { totalEmails: 1 })]);
  desk.server.next.push(null, null, null);
  void desk.folders.remove(must(desk.mail.mailboxes.get(at('Work')), 'there'));
  await settled();
  assert.deepEqual([desk.asked, desk.undo.items.value.length], [[], 0]);
});

test('T8 what lies below Trash and Junk counts as lying in them', () => {
  const { mail } = openDesk([
    trash,
    box('Work', { parentId: at('trash') }),
    box('Plans', { parentId: at('Work') }),
    box('junk', { role: 'junk' }),
    box('Home'),
  ]);
  assert.deepEqual(mail.mailboxes.hidden.value, ['Plans', 'Work', 'junk', 'trash']);
  assert.deepEqual(
    [mail.mailboxes.within(at('Plans'), 'trash'), mail.mailboxes.within(at('Home'), 'trash')],
    [true, false],
  );
});
