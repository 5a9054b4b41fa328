import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found, query } from './fixture.ts';
import type { EmailNumber, MailboxId, Uid, Want } from './types.ts';
import { type Scene, scene, email, due, wants, mark } from './intents.testkit.ts';

// Drafts

const append = (s: Scene, replaces: { mailbox: MailboxId; uid: Uid } | null = null): EmailNumber =>
  s.index.write((w) => {
    const { envelope, ...message } = found(0);
    const subject = `draft ${w.intentCount()}`;
    const number = w.addLocal(s.drafts, {
      ...message,
      envelope: { ...envelope, subject, messageId: 'draft@x.example' },
      keywords: ['$draft', '$seen'],
      preview: 'words',
    });
    w.saveBody(w.email(number)!.row, 'raw', Buffer.from('raw'));
    w.append(
      number,
      { kind: 'append', mailbox: s.drafts, keywords: ['$draft', '$seen'], receivedAt: 1_700_000_000, replaces },
      10,
    );
    return number;
  });

test('I30 what was appended has the keywords of the APPEND: a wish that came meanwhile is still to be carried out', () => {
  using s = scene();
  s.number = append(s);
  const [intent] = due(s, 10);
  s.index.write((w) => w.intentsStarted([intent!.id]));
  // Handed in while the APPEND is on its way, taken back, and handed in again.
  mark(s, [], ['$draft'], 1_000);
  s.index.write((w) => w.intentDone(intent!.id, { mailbox: s.drafts, uid: 9 as Uid }));
  mark(s, ['$draft'], [], 0);
  mark(s, [], ['$draft'], 0);
  assert.deepEqual(wants(s), [{ kind: 'keywords', add: [], remove: ['$draft'] }]);
  assert.deepEqual(email(s).keywords, ['$seen']);
});

test('I30 a draft is there at once, and the same Email once it is appended', () => {
  using s = scene();
  const number = append(s);
  const draft = s.index.read((r) => r.email(number)!);
  assert.deepEqual([draft.mailboxes, draft.keywords, draft.preview], [[s.drafts], ['$seen', '$draft'], 'words']);
  assert.deepEqual(
    s.index.read((r) => r.placements(draft.row)),
    [],
  );
  const [intent] = due(s, 10);
  assert.deepEqual([intent?.want.kind, intent?.at], ['append', null]);
  s.index.write((w) => w.setKeywords(number, ['$flagged'], [], 0));
  assert.deepEqual((due(s, 10)[0]!.want as Extract<Want, { kind: 'append' }>).keywords, [
    '$draft',
    '$seen',
    '$flagged',
  ]);
  s.index.write((w) => w.intentDone(intent!.id, { mailbox: s.drafts, uid: 6 as Uid }));
  assert.deepEqual(s.index.read((r) => r.email(number))?.keywords, ['$seen', '$flagged', '$draft']);
  s.index.write((w) => w.add(s.drafts, [{ ...found(1), uid: 6 as Uid }]));
  assert.deepEqual(
    s.index.read((r) => r.query(query({ filter: { op: 'is', inMailbox: s.drafts } })).ids),
    [number],
  );
});

test('I30 a draft written again and again makes one APPEND', () => {
  using s = scene();
  let number = append(s);
  for (let i = 0; i < 3; i += 1) {
    const next = append(s);
    s.index.write((w) => w.destroy(number, 0));
    number = next;
  }
  assert.deepEqual(due(s, 10).length, 1);
  assert.equal(s.index.read((r) => r.mailbox(s.drafts))?.totalEmails, 1);
});

test('I30 a new version takes the old one’s place; given up before, the old one goes all the same', () => {
  using s = scene();
  const first = append(s);
  s.index.write((w) => w.intentDone(due(s, 10)[0]!.id, { mailbox: s.drafts, uid: 6 as Uid }));
  const replaces = { mailbox: s.drafts, uid: 6 as Uid };
  const second = append(s, replaces);
  s.index.write((w) => w.destroy(first, 20));
  const third = append(s, replaces);
  s.index.write((w) => w.destroy(second, 20));
  const kinds = s.index.read((r) => r.intents(99)).map(({ want }) => want.kind);
  assert.deepEqual(kinds, ['destroy', 'append']);
  s.index.write((w) => w.destroy(third, 20));
  assert.deepEqual(
    s.index.read((r) => r.intents(99)).map(({ want }) => want),
    [{ kind: 'destroy', from: s.drafts }],
  );
  assert.equal(s.index.read((r) => r.mailbox(s.drafts))?.totalEmails, 0);
});

test('I30 an APPEND that replaces takes the old placement with it', () => {
  using s = scene();
  const first = append(s);
  s.index.write((w) => w.intentDone(due(s, 10)[0]!.id, { mailbox: s.drafts, uid: 6 as Uid }));
  const second = append(s, { mailbox: s.drafts, uid: 6 as Uid });
  s.index.write((w) => w.destroy(first, 99));
  s.index.write((w) => w.intentDone(due(s, 10)[0]!.id, { mailbox: s.drafts, uid: 7 as Uid }));
  assert.deepEqual(
    s.index.read((r) => r.uids(s.drafts)),
    [7],
  );
  assert.deepEqual([s.index.read((r) => r.intentCount()), s.index.read((r) => r.email(first))], [0, undefined]);
  assert.equal(s.index.read((r) => r.email(second))?.size, 1000);
});

test('I30 a draft destroyed while its APPEND is on its way is destroyed where it arrives', () => {
  using s = scene();
  const number = append(s);
  const [intent] = due(s, 10);
  s.index.write((w) => w.intentsStarted([intent!.id]));
  s.index.write((w) => w.destroy(number, 0));
  assert.equal(
    s.index.read((r) => r.email(number)),
    undefined,
  );
  s.index.write((w) => w.intentDone(intent!.id, { mailbox: s.drafts, uid: 6 as Uid }));
  assert.deepEqual(
    due(s).map(({ want, at }) => [want.kind, at?.uid]),
    [['destroy', 6]],
  );
  s.index.write((w) => w.intentDone(due(s)[0]!.id, null));
  assert.deepEqual(
    s.index.read((r) => r.uids(s.drafts)),
    [],
  );
});
