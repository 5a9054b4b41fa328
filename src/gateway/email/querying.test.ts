import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

test('RFC 8621 §4.4 Email/query: filters, sorts, threads collapsed, window, total', async () => {
  using g = openTestGateway();
  const a = g.deliver('From: a@example.net\nSubject: apples\nMessage-ID: <a@x>\n\none');
  const b = g.deliver('From: b@example.net\nSubject: Re: apples\nMessage-ID: <b@x>\nIn-Reply-To: <a@x>\n\ntwo', {
    keywords: ['$flagged'],
  });
  const c = g.deliver('From: c@example.net\nSubject: pears\nMessage-ID: <c@x>\n\nthree', { mailbox: g.box.archive });
  const ids = async (args: object): Promise<string[]> => (await g.one('Email/query', { ...args })).ids;
  const inbox = mailboxId(g.box.inbox);
  assert.deepEqual(await ids({}), [c, b, a]);
  assert.deepEqual(await ids({ filter: { inMailbox: inbox } }), [b, a]);
  assert.deepEqual(await ids({ filter: { inMailbox: inbox }, collapseThreads: true }), [b]);
  assert.deepEqual(await ids({ filter: { inMailboxOtherThan: [inbox] } }), [c]);
  assert.deepEqual(await ids({ filter: { hasKeyword: '$Flagged' } }), [b]);
  assert.deepEqual(
    await ids({ filter: { operator: 'NOT', conditions: [{ hasKeyword: '$flagged' }, { subject: 'pears' }] } }),
    [a],
  );
  assert.deepEqual(await ids({ filter: { inMailbox: 'Bzz' } }), []);
  assert.deepEqual(await ids({ sort: [{ property: 'receivedAt', isAscending: true }] }), [a, b, c]);
  assert.deepEqual(await ids({ sort: [{ property: 'hasKeyword', keyword: '$flagged', isAscending: false }] }), [
    b,
    c,
    a,
  ]);
  const page = await g.one('Email/query', { position: 1, limit: 1, calculateTotal: true });
  assert.deepEqual([page.ids, page.position, page.total, page.canCalculateChanges], [[b], 1, 3, true]);
  assert.equal('limit' in page, false);
  const last = await g.one('Email/query', { position: -1 });
  assert.deepEqual([last.ids, last.position], [[a], 2]);
  const anchored = await g.one('Email/query', { anchor: b, anchorOffset: -1, limit: 2 });
  assert.deepEqual([anchored.ids, anchored.position], [[c, b], 0]);
  assert.equal((await g.one('Email/query', { anchor: 'Mzz' })).type, 'anchorNotFound');
  assert.equal((await g.one('Email/query', { limit: 200_000 })).limit, 100_000);
  assert.equal((await g.one('Email/query', { limit: -1 })).type, 'invalidArguments');
});

test('RFC 8620 §5.5 J5 unsupportedFilter, unsupportedSort, and arguments that do not fit', async () => {
  using g = openTestGateway();
  const type = async (args: object): Promise<string> => (await g.one('Email/query', { ...args })).type;
  assert.equal(await type({ filter: { mood: 'good' } }), 'unsupportedFilter');
  assert.equal(await type({ filter: { header: ['X-Spam-Score'] } }), 'unsupportedFilter');
  assert.equal(await type({ sort: [{ property: 'mood' }] }), 'unsupportedSort');
  assert.equal(await type({ sort: [{ property: 'subject', collation: 'i;klingon' }] }), 'unsupportedSort');
  assert.equal(await type({ sort: [{ property: 'subject', collation: null }] }), undefined);
  assert.equal(await type({ filter: { before: 'yesterday' } }), 'invalidArguments');
  assert.equal(await type({ filter: { hasKeyword: 'a b' } }), 'invalidArguments');
  assert.equal(await type({ filter: { header: [] } }), 'invalidArguments');
  assert.equal(await type({ sort: [{ property: 'hasKeyword' }] }), 'invalidArguments');
});

test('RFC 8621 §3.1, §3.2 Thread/get oldest first, Thread/changes', async () => {
  using g = openTestGateway();
  const a = g.deliver('Subject: apples\nMessage-ID: <a@x>\n\none');
  const { state } = await g.one('Thread/get', { ids: [] });
  const b = g.deliver('Subject: Re: apples\nMessage-ID: <b@x>\nIn-Reply-To: <a@x>\n\ntwo');
  const { threadId } = (await g.one('Email/get', { ids: [a], properties: ['threadId'] })).list[0];
  const { list, notFound } = await g.one('Thread/get', { ids: [threadId, 'Tzz'] });
  assert.deepEqual(list, [{ id: threadId, emailIds: [a, b] }]);
  assert.deepEqual(notFound, ['Tzz']);
  assert.deepEqual((await g.one('Thread/changes', { sinceState: state })).updated, [threadId]);
});

test('RFC 8621 §4.3 Email/changes: created, updated, destroyed, hasMoreChanges', async () => {
  using g = openTestGateway();
  const old = g.deliver('Subject: old\n\nx');
  const { state } = await g.one('Email/get', { ids: [] });
  const made = g.deliver('Subject: new\n\nx');
  await g.one('Email/set', { update: { [old]: { 'keywords/$seen': true } } });
  const all = await g.one('Email/changes', { sinceState: state });
  assert.deepEqual([all.created, all.updated, all.destroyed, all.hasMoreChanges], [[made], [old], [], false]);
  const some = await g.one('Email/changes', { sinceState: state, maxChanges: 1 });
  assert.equal(some.hasMoreChanges, true);
  assert.equal(some.created.length + some.updated.length, 1);
  const rest = await g.one('Email/changes', { sinceState: some.newState });
  assert.equal(rest.newState, all.newState);
});

test('RFC 8621 §5 SearchSnippet/get marks matches and escapes the rest', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: apples & <pears>\n\nSome apples here');
  const { list, notFound } = await g.one('SearchSnippet/get', { filter: { text: 'apples' }, emailIds: [id, 'Mzz'] });
  assert.equal(list[0].subject, '<mark>apples</mark> &amp; &lt;pears&gt;');
  assert.match(list[0].preview, /<mark>apples<\/mark>/);
  assert.deepEqual(notFound, ['Mzz']);
  const none = await g.one('SearchSnippet/get', { filter: { inMailbox: mailboxId(g.box.inbox) }, emailIds: [id] });
  assert.deepEqual(none.list, [{ emailId: id, subject: null, preview: null }]);
});
