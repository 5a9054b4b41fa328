import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mailbox, MailboxId } from '#index/types.ts';
import { differs, parentPath, planFolders } from './folders.ts';
import type { Listed } from './folders.ts';

const known = (id: number, path: string, facts: Partial<Mailbox> = {}): Mailbox => ({
  id: id as MailboxId,
  pathRaw: path,
  path,
  delimiter: '/',
  parent: null,
  name: path,
  role: null,
  noselect: false,
  subscribed: true,
  readOnly: false,
  keywordsAllowed: true,
  uidvalidity: 100 + id,
  uidnext: 10,
  modseq: '5',
  exists: 4,
  lowUid: 0,
  state: 'live',
  totalEmails: 4,
  unreadEmails: 1,
  totalThreads: 4,
  unreadThreads: 1,
  ...facts,
});
const listed = (path: string, uidvalidity: number, facts: Partial<NonNullable<Listed['status']>> = {}): Listed => ({
  pathRaw: path,
  path,
  name: path,
  delimiter: '/',
  attributes: [],
  noselect: false,
  subscribed: true,
  status: { messages: 4, unseen: 1, uidnext: 10, uidvalidity, modseq: '5', ...facts },
});

test('S12 a folder with the numbers of a vanished one is that folder renamed', () => {
  const plan = planFolders(
    [known(1, 'INBOX'), known(2, 'Old')],
    [listed('INBOX', 101), listed('New', 102), listed('Other', 300)],
  );
  assert.deepEqual(
    plan.renamed.map((one) => [one.id, one.to.path]),
    [[2, 'New']],
  );
  assert.deepEqual(
    plan.added.map((one) => one.path),
    ['Other'],
  );
  assert.deepEqual(plan.missing, []);
});

test('S12 where two could be meant nothing is taken for a rename', () => {
  const twins = [known(1, 'A', { uidvalidity: 1 }), known(2, 'B', { uidvalidity: 1 })];
  const plan = planFolders(twins, [listed('C', 1), listed('D', 1)]);
  assert.deepEqual(plan.renamed, []);
  assert.deepEqual(plan.missing, [1, 2]);
  assert.equal(plan.added.length, 2);
});

test('S11 STATUS that says the same as the index means no visit', () => {
  const box = known(1, 'A');
  const same = { messages: 4, unseen: 1, uidnext: 10, uidvalidity: 101, modseq: '5' };
  assert.equal(differs(box, same), false);
  for (const change of [{ messages: 5 }, { uidnext: 11 }, { uidvalidity: 9 }, { modseq: '6' }])
    assert.equal(differs(box, { ...same, ...change }), true);
  assert.equal(differs(box, { ...same, modseq: null, unseen: 2 }), true);
});

test('a parent is what stands before the last delimiter', () => {
  assert.equal(parentPath('a/b/c', '/'), 'a/b');
  assert.equal(parentPath('a', '/'), null);
  assert.equal(parentPath('a/b', null), null);
});
