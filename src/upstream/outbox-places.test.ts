import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, found } from '#index/fixture.ts';
import { openIndex } from '#index/open.ts';
import type { EmailNumber, Index, MailboxId, Role } from '#index/types.ts';
import { digest } from './digest.ts';
import { applyEmailPatch, emailIdOf, mailboxIdOf } from './email-patch.ts';
import { carryOut, open, raw } from './outbox.testkit.ts';
import { placesOf } from './places.ts';
import type { SubmissionRecord } from './submission.ts';

/** The index is made anew while a letter waits (O33). */

type It = Awaited<ReturnType<typeof open>>;

const addBox = (index: Index, it: It, pathRaw: string, role: Role | null, more: { state?: 'fill' } = {}): MailboxId => {
  const like = it.index.read((reader) => reader.mailbox(it.box.id));
  assert.ok(like);
  return index.write((t) => t.saveMailbox({ ...like, pathRaw, path: pathRaw, name: pathRaw, role, ...more })).id;
};

const addEmail = (index: Index, box: MailboxId, bytes: Buffer, keywords: string[], receivedAt: number): EmailNumber =>
  index.write((t) => {
    const number = t.addLocal(box, { ...digest(bytes), keywords, deleted: false, receivedAt });
    t.append(number, { kind: 'append', mailbox: box, keywords, receivedAt, replaces: null }, 0);
    return number;
  });

/** Drafts to Sent, as the composer wishes; with what the ids mean, and a letter that is answered. */
const moving = (it: It): Partial<SubmissionRecord> => {
  const sent = addBox(it.index, it, 'Sent', 'sent');
  const answered = addEmail(it.index, sent, other, [], 1_600_000_000);
  const [from, to] = [mailboxIdOf(it.box.id), mailboxIdOf(sent)];
  const email = it.index.read((reader) => reader.email(it.number));
  assert.ok(email);
  const patch = { 'keywords/$draft': null, [`mailboxIds/${from}`]: null, [`mailboxIds/${to}`]: true };
  const marks = [{ emailId: emailIdOf(answered), keyword: '$answered' as const }];
  return {
    wantsSentCopy: false,
    sentCopy: 'none',
    onSuccessUpdateEmail: patch,
    onCancelUpdateEmail: { 'keywords/$draft': true, [`mailboxIds/${from}`]: true, [`mailboxIds/${to}`]: null },
    onSuccessMark: marks,
    places: placesOf(it.index, email, patch, marks),
  };
};

const other = Buffer.from(
  'From: bob@village.test\r\nTo: alice@village.test\r\nSubject: ask\r\nMessage-ID: <ask@village.test>\r\n\r\nwell?\r\n',
);

/** Another index of the same account, and what was Sent was called Trash meanwhile: it has the number. */
const anew = (it: It, { state }: { state?: 'fill' } = {}) => {
  const index = openIndex(join(it.folder, 'anew.db'), randomBytes(32));
  const inbox = addBox(index, it, 'INBOX', 'inbox');
  const trash = addBox(index, it, 'Sent', 'trash');
  index.write((t) => t.patchMailbox(trash, { pathRaw: 'Trash', path: 'Trash', name: 'Trash' }));
  const sent = addBox(index, it, 'Sent', 'sent');
  const drafts = addBox(index, it, 'Drafts', 'drafts', state && { state });
  const add = (box: MailboxId, bytes: Buffer, keywords: string[], receivedAt: number): EmailNumber =>
    addEmail(index, box, bytes, keywords, receivedAt);
  const foreign = add(inbox, Buffer.from('Subject: foreign\r\n\r\nhi\r\n'), [], 1_700_000_000);
  const answered = add(inbox, other, [], 1_600_000_000);
  return { index, inbox, trash, sent, drafts, add, foreign, answered };
};

const at = (index: Index, number: ReturnType<ReturnType<typeof anew>['add']>) => {
  const email = index.read((reader) => reader.email(number));
  return email && [email.mailboxes, email.keywords];
};

test('O33 the patch reaches the Email and the mailboxes it meant in an index that was made anew', async () => {
  await using it = await open();
  const record = moving(it);
  const made = anew(it);
  using index = made.index;
  assert.equal(
    record.places?.mailboxes[mailboxIdOf(made.trash)]?.pathRaw,
    'Sent',
    'the number of Sent is that of Trash',
  );
  const draft = made.add(made.drafts, raw, ['$draft'], 1_700_000_000);
  await it.put('sent', { ...record, emailId: emailIdOf(made.foreign) });
  await it.start({ index }).nudge();
  assert.deepEqual([await it.state(), it.servers.filed], ['filed', 0]);
  assert.deepEqual(at(index, draft), [[made.sent], []]);
  assert.deepEqual(at(index, made.foreign), [[made.inbox], []]);
  assert.deepEqual(at(index, made.answered), [[made.inbox], ['$answered']]);
});

test('O33 an Email that the index does not have yet is waited for; one that does not come leaves a copy in Sent', async () => {
  for (const comes of [true, false]) {
    await using it = await open();
    const record = moving(it);
    const made = anew(it, { state: 'fill' });
    using index = made.index;
    await it.put('sent', record);
    const outbox = it.start({ index });
    await outbox.nudge();
    assert.deepEqual([await it.state(), it.servers.filed], ['sent', 0]);
    const draft = comes ? made.add(made.drafts, raw, ['$draft'], 1_700_000_000) : null;
    index.write((t) => t.patchMailbox(made.drafts, { state: 'live' }));
    await outbox.live();
    assert.deepEqual([await it.state(), it.servers.filed], ['filed', comes ? 0 : 1]);
    if (draft !== null) assert.deepEqual(at(index, draft), [[made.sent], []]);
  }
});

test('O33 what is taken back does not touch other mail', async () => {
  await using it = await open();
  const record = moving(it);
  const made = anew(it);
  using index = made.index;
  index.write((t) => t.move(made.foreign, made.inbox, made.trash, 0));
  const draft = made.add(made.drafts, raw, ['$draft'], 1_700_000_000);
  await it.put('canceled', { ...record, emailId: emailIdOf(made.foreign) });
  await it.start({ index }).nudge();
  assert.deepEqual(at(index, made.foreign), [[made.trash], []]);
  assert.deepEqual(at(index, draft), [[made.drafts], ['$draft']]);
  assert.equal((await it.said()).onCancelUpdateEmail, null);
});

test('O33 a record without what its ids mean is applied as it stands', async () => {
  await using it = await open();
  const { places: _, ...record } = moving(it);
  await it.put('sent', record);
  await it.start().nudge();
  const sent = it.index.read((reader) => reader.mailboxes().find(({ role }) => role === 'sent')?.id);
  assert.deepEqual([await it.state(), at(it.index, it.number)], ['filed', [[sent], []]]);
});

/** Bob's letters and what joins them to `of`, so that the smaller conversation moves into the larger one. */
const mergeInto = (it: It, of: string): void => {
  const inbox = addBox(it.index, it, 'INBOX', 'inbox');
  const answering = (uid: number, ...ids: string[]) =>
    found(uid, { envelope: envelope({ messageId: `m${uid}@village.test`, inReplyTo: ids, references: ids }) });
  it.index.write((t) =>
    t.add(
      inbox,
      [1, 2, 3, 4].map((uid) => answering(uid, 'm0@village.test')),
    ),
  );
  it.index.write((t) => t.add(inbox, [answering(5, 'm0@village.test', of)]));
};

for (const state of ['sent', 'canceled'] as const)
  test(`O35 an Email whose conversation was merged while it waited is the same: ${state}`, async () => {
    await using it = await open();
    const record = moving(it);
    const email = it.index.read((reader) => reader.email(it.number));
    assert.ok(email);
    it.index.write((t) => applyEmailPatch(t, it.number, record.onSuccessUpdateEmail ?? {}, Number.MAX_SAFE_INTEGER));
    const [sent] = it.index.read((reader) => reader.email(it.number)?.mailboxes ?? []);
    mergeInto(it, 'o1@village.test');
    const now = it.index.read((reader) => reader.byRow(email.row));
    assert.ok(now && now.number !== it.number && sent !== it.box.id);
    await it.put(state, { ...record, emailId: emailIdOf(it.number) });
    await it.start().nudge();
    const isSent = state === 'sent';
    assert.deepEqual([await it.state(), it.servers.filed], [isSent ? 'filed' : state, 0]);
    assert.deepEqual(at(it.index, now.number), isSent ? [[sent], []] : [[it.box.id], ['$draft']]);
    const waiting = it.index.read((reader) => reader.intentCount());
    assert.equal(waiting, 0, 'the server knows');
  });

for (const isLost of [false, true])
  test(`O38 a letter is filed once the mail server did what is wished, in the index that is there: ${isLost ? 'another' : 'the same'}`, async () => {
    await using it = await open();
    await it.put('sent', moving(it));
    const outbox = it.start({ nudge: () => undefined });
    await outbox.nudge();
    const [sent] = it.index.read((reader) => reader.email(it.number)?.mailboxes ?? []);
    assert.deepEqual([await it.state(), at(it.index, it.number)], ['sent', [[sent], []]]);
    assert.notEqual(sent, it.box.id);
    it.index.write((t) => t.setKeywords(it.number, ['$flagged'], [], 0));
    it.index.write((t) => t.setKeywords(it.number, ['$draft'], [], 0));
    await outbox.live();
    assert.deepEqual([await it.state(), at(it.index, it.number)?.[1]], ['sent', ['$flagged', '$draft']], 'wished once');
    const made = anew(it);
    using index = made.index;
    const draft = made.add(made.drafts, raw, ['$draft'], 1_700_000_000);
    if (isLost) await it.start({ index }).nudge();
    else {
      carryOut(it.index);
      await outbox.live();
    }
    assert.deepEqual([await it.state(), it.servers.filed], ['filed', 0]);
    assert.deepEqual(at(index, draft), isLost ? [[made.sent], []] : [[made.drafts], ['$draft']]);
    assert.deepEqual(at(index, made.answered)?.[1], isLost ? ['$answered'] : []);
  });
