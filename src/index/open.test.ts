import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';

test('messages that were added are listed by conversation, counted, announced and found', () => {
  using t = openTestIndex();
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const before = index.read((r) => r.state('Email'));
  const answer = { subject: 'Re: A subject', inReplyTo: ['m1@example.org'] };
  index.write((w) =>
    w.add(inbox, [found(1), found(2, { envelope: answer }), found(3, { keywords: ['$seen', 'work'] })]),
  );
  const list = index.read((r) =>
    r.query(query({ filter: { op: 'is', inMailbox: inbox }, collapseThreads: true, calculateTotal: true })),
  );
  assert.equal(list.total, 2);
  const emails = index.read((r) => r.emails(list.ids));
  assert.deepEqual(
    emails.map(({ subject, keywords }) => [subject, keywords]),
    [
      ['A subject', ['$seen', 'work']],
      ['Re: A subject', []],
    ],
  );
  assert.equal(index.read((r) => r.changes('Email', before, 100))?.created.length, 3);
  assert.equal(
    index.write((w) => w.fullText(100)),
    3,
  );
  assert.equal(index.read((r) => r.query(query({ filter: { op: 'is', text: 'subj' } }))).ids.length, 3);
});
