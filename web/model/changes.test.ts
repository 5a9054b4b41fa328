import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PatchObject } from '#jmap/core.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import { applyPatch } from '#jmap/patch.ts';
import { must } from '#base/must.ts';
import { openActions } from './actions.ts';
import { openFollower } from './changes.ts';
import { ModelError } from './errors.ts';
import { openList } from './list.ts';
import { openMail } from './mail.ts';
import { targetIn } from './targets.ts';
import { account, accountId, fakeMailbox, fakeServer, head, settled, type Handlers } from './testing.ts';
import { openToasts } from './toasts.ts';
import { openUndo } from './undo.ts';

const inbox = 'inbox' as MailboxId;
const boxes = (['inbox', 'archive'] as const).map((role) => ({ id: role, name: role, role }) as never);

/** A server that gives and changes a thousand at once and no more, as Postern's does. */
const openDesk = async (count: number, more: Handlers = {}) => {
  const box = fakeMailbox(count);
  const news = { created: [] as string[], updated: [] as string[], destroyed: [] as string[] };
  const unreadable = new Set<string>();
  const tooMany: string[] = [];
  const get = must(box.handlers['Email/get'], 'it is there');
  const server = fakeServer({
    ...box.handlers,
    'Email/get': async (args) => {
      const ids = args['ids'] as string[];
      if (ids.length > 1_000) {
        tooMany.push('Email/get');
        return { error: 'requestTooLarge' };
      }
      const seen = ids.filter((id) => !unreadable.has(id));
      const answer = (await get({ ...args, ids: seen })) as { notFound: string[] };
      return { ...answer, notFound: [...answer.notFound, ...ids.filter((id) => unreadable.has(id))] };
    },
    'Email/changes': () => ({ accountId, oldState: '1', newState: '2', hasMoreChanges: false, ...news }),
    'Email/set': (args) => {
      const update = (args['update'] ?? {}) as Record<string, PatchObject>;
      if (Object.keys(update).length > 1_000) tooMany.push('Email/set');
      for (const [id, patch] of Object.entries(update)) {
        const row = box.byId(id);
        const after = row && applyPatch(row, patch);
        if (row && after?.ok) Object.assign(row, after.value);
      }
      news.updated.push(...Object.keys(update));
      return { accountId, oldState: '1', newState: '2', updated: {} };
    },
    ...more,
  });
  const mail = openMail(server.connection, accountId, account);
  mail.mailboxes.reset(boxes);
  mail.states.Email = '1';
  const query = { accountId, filter: { inMailbox: inbox }, sort: [], collapse: true, mailboxId: inbox };
  const list = openList(server.connection, mail, query);
  await settled();
  const follower = openFollower(server.connection, mail);
  const know = (): Promise<void> => mail.needHeads(box.rows.map(({ id }) => id));
  return { ...box, server, mail, list, news, unreadable, tooMany, know, follow: () => follower.follow({ Email: '2' }) };
};

test('W10 however many emails changed elsewhere, they are read and what is new comes in', async () => {
  const { rows, mail, list, news, tooMany, know, follow } = await openDesk(2_300);
  await know();
  for (const row of rows) Object.assign(row, { keywords: {} });
  news.updated.push(...rows.map(({ id }) => id));
  rows.unshift(head('M9000'));
  news.created.push('M9000');
  await follow();
  await settled();
  assert.deepEqual(tooMany, []);
  assert.equal(mail.states.Email, '2');
  assert.equal(rows.filter(({ id }) => mail.emails.peek(id)?.keywords['$seen']).length, 1);
  assert.deepEqual([list.total.value, list.idAt(0)], [2_301, 'M9000']);
});

test('W10 a server that will not tell the changes is read anew', async () => {
  const { rows, mail, list, follow } = await openDesk(60, { 'Email/changes': () => ({ error: 'serverFail' }) });
  rows.unshift(head('M9000'));
  await follow();
  await settled();
  assert.deepEqual([mail.states.Email, list.idAt(0)], ['1', 'M9000']);
});

test('W6 what moves emails asks in the same request for the counts of the mailboxes they leave and reach', async () => {
  const counts: string[][] = [];
  const { server, mail, know } = await openDesk(3, {
    'Mailbox/get': (args) => {
      const ids = args['ids'] as string[];
      counts.push(ids.toSorted());
      return {
        accountId,
        state: '2',
        list: ids.map((id) => ({ id, totalEmails: id === 'archive' ? 1 : 2 })),
        notFound: [],
      };
    },
  });
  await know();
  const before = server.requests.length;
  await mail.emails.change({ M1: { 'mailboxIds/inbox': null, 'mailboxIds/archive': true } });
  await settled();
  const request = must(server.requests[before], 'one went out').map(([name]) => name);
  assert.deepEqual(request, ['Email/set', 'Mailbox/get']);
  assert.deepEqual(counts, [['archive', 'inbox']]);
  const told = (['inbox', 'archive'] as MailboxId[]).map((id) => mail.mailboxes.get(id)?.totalEmails);
  assert.deepEqual(told, [2, 1]);
});

test('all of a long list is moved and brought back with no more than the server takes at once', async () => {
  const { server, mail, list, rows, tooMany, follow } = await openDesk(2_300);
  const toasts = openToasts(server.clock);
  const actions = openActions({
    connection: server.connection,
    toasts,
    undo: openUndo(),
    confirm: async () => true,
    cameBack: () => undefined,
  });
  await actions.move(must(targetIn(list, 'all'), 'rows are meant'), 'archive' as MailboxId);
  await settled();
  await follow();
  assert.equal(rows.filter(({ mailboxIds }) => mailboxIds[inbox]).length, 0);
  actions.undoLast();
  await settled();
  mail.states.Email = '1';
  await follow();
  await settled();
  assert.equal(rows.filter(({ mailboxIds }) => mailboxIds[inbox]).length, 2_300);
  assert.deepEqual([tooMany, list.total.value], [[], 2_300]);
});

test('W10 what was gone once is asked for again: a body with its head here, both when the server names them', async () => {
  const { mail, news, unreadable, follow } = await openDesk(3);
  const id = 'M1' as EmailId;
  unreadable.add(id);
  await mail.needBodies([id]);
  assert.equal(mail.bodies.of(id).value.at, 'gone');
  unreadable.clear();
  await mail.needBodies([id]);
  assert.equal(mail.bodies.of(id).value.at, 'ready');

  mail.bodies.gone([id]);
  mail.emails.gone([id]);
  await mail.needBodies([id]);
  assert.equal(mail.bodies.of(id).value.at, 'gone');
  news.updated.push(id);
  await follow();
  await settled();
  assert.deepEqual([mail.bodies.of(id).value.at, mail.emails.of(id).value.at], ['ready', 'ready']);
});

test('a session that ends while several kinds of records are brought up to date is no error of the page', async () => {
  const { server, mail } = await openDesk(10);
  mail.states.Mailbox = '1';
  const follower = openFollower(server.connection, mail);
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  server.next.push(401);
  await assert.rejects(follower.check(), ModelError);
  await settled();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  assert.deepEqual(unheard, []);
});
