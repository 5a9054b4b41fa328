import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailId, MailboxId, ThreadId } from '#jmap/ids.ts';
import { openConversation, type Conversation } from './conversation.ts';
import { openMail } from './mail.ts';
import { rowOf } from './rows.ts';
import { account, accountId, fakeServer, head, settled } from './testing.ts';
import type { EmailHead } from './types.ts';

const query = { collapse: true, mailboxId: 'inbox' as MailboxId };

const open = (letters: readonly EmailHead[], broken = false) => {
  const set: unknown[] = [];
  let fails = broken;
  const server = fakeServer({
    'Thread/get': () => ({ list: [{ id: 'T', emailIds: letters.map((each) => each.id) }], notFound: [] }),
    'Email/get': ({ ids, fetchTextBodyValues }) => {
      if (fetchTextBodyValues && fails) return { error: 'serverFail' };
      return { list: letters.filter((each) => (ids as string[]).includes(each.id)), notFound: [] };
    },
    'Email/set': ({ update }) => {
      set.push(update);
      return { oldState: '1', newState: '2', updated: {} };
    },
    'Mailbox/get': () => ({ list: [], notFound: [] }),
  });
  const mail = openMail(server.connection, accountId, account);
  mail.mailboxes.reset([{ id: 'trash', role: 'trash', name: 'Trash' } as never]);
  const talk = openConversation(mail, 'T' as ThreadId, query, server.clock);
  return { talk, mail, set, clock: server.clock, mend: () => (fails = false) };
};

const letter = (id: string, keywords: string[], more: Record<string, unknown> = {}): EmailHead =>
  head(id, { threadId: 'T', keywords: Object.fromEntries(keywords.map((each) => [each, true])), ...more });

const shape = (talk: Conversation): string =>
  talk.items.value
    .map((item) =>
      item.kind === 'stack'
        ? `[${item.ids.length}]`
        : item.kind === 'draft'
          ? 'draft'
          : `${item.head.id}${item.open ? '!' : ''}`,
    )
    .join(' ');

test('C1 the last message and all unread ones are open', async () => {
  const { talk } = open([letter('M1', ['$seen']), letter('M2', []), letter('M3', ['$seen'])]);
  assert.equal(talk.state.value.at, 'loading');
  await settled();
  assert.deepEqual([talk.state.value.at, shape(talk), talk.current.value], ['ready', 'M1 M2! M3!', 'M2']);
});

test('C8 an answer goes to the last letter, or to the one that was gone to', async () => {
  const { talk } = open([letter('M1', []), letter('M2', []), letter('M3', []), letter('M4', ['$draft', '$seen'])]);
  await settled();
  assert.deepEqual([talk.current.value, talk.answered()], ['M1', 'M3']);
  talk.goTo('M2' as EmailId);
  talk.goTo('M1' as EmailId);
  assert.equal(talk.answered(), 'M1');
});

test('C1 four folded ones and more hide all but the first; they unfold', async () => {
  const seen = ['M1', 'M2', 'M3', 'M4', 'M5'].map((id) => letter(id, ['$seen']));
  const { talk } = open(seen);
  await settled();
  assert.equal(shape(talk), 'M1 [3] M5!');
  talk.unstack();
  assert.equal(shape(talk), 'M1 M2 M3 M4 M5!');
  talk.toggle('M2' as EmailId);
  talk.foldAll();
  assert.equal(shape(talk), 'M1 M2 M3 M4 M5!');
  talk.openAll();
  assert.equal(shape(talk), 'M1! M2! M3! M4! M5!');
});

test('C1 three folded ones stay as they are', async () => {
  const { talk } = open(['M1', 'M2', 'M3', 'M4'].map((id) => letter(id, ['$seen'])));
  await settled();
  assert.equal(shape(talk), 'M1 M2 M3 M4!');
});

test('C2 drafts stand as drafts, mail that lies in Trash alone stays out, and what lies nowhere any more', async () => {
  const { talk, mail } = open([
    letter('M1', ['$seen'], { preview: 'Question' }),
    letter('M2', ['$seen'], { mailboxIds: { trash: true } }),
    letter('M4', ['$seen'], { mailboxIds: {} }),
    letter('M3', ['$draft', '$seen'], { mailboxIds: { drafts: true }, preview: 'Answer' }),
  ]);
  await settled();
  assert.equal(shape(talk), 'M1! draft');
  const row = rowOf({ mail, id: 'M1' as EmailId, query });
  assert.deepEqual([row?.messages, row?.draft, row?.snippet], [1, true, 'Answer']);
});

test('C3 what is open becomes read after a rest, not while it is passed by', async () => {
  const { talk, set, clock } = open([letter('M1', []), letter('M2', [])]);
  await settled();
  talk.look();
  clock.pass(500);
  await settled();
  assert.deepEqual(set, []);
  clock.pass(200);
  await settled();
  assert.deepEqual(set, [{ M1: { 'keywords/$seen': true }, M2: { 'keywords/$seen': true } }]);
  assert.equal(shape(talk), 'M1! M2!');
});

test('a body that could not be fetched can be tried again', async () => {
  const { talk, mail, mend } = open([letter('M1', ['$seen'])], true);
  await settled();
  assert.equal(mail.bodies.of('M1').value.at, 'failed');
  mend();
  talk.retry();
  await settled();
  assert.equal(mail.bodies.of('M1').value.at, 'ready');
});

test('senders of a row: You first of two, first names of more', async () => {
  const from = (name: string): Record<string, unknown> => ({ from: [{ name, email: `${name}@x.example` }] });
  const { mail } = open([
    letter('M1', ['$seen'], from('Bo Alm')),
    letter('M2', ['$seen'], { from: [{ name: 'A', email: 'ada@lindqvist.example' }] }),
    letter('M3', ['$seen'], from('Bo Alm')),
  ]);
  mail.setIdentities([{ email: 'Ada@lindqvist.example' } as never]);
  await settled();
  assert.equal(rowOf({ mail, id: 'M3' as EmailId, query })?.who, 'You, Bo Alm');
});
