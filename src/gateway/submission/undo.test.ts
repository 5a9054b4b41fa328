import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexError } from '#index/errors.ts';
import { openTestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';
import { makeRecord, readRecord } from '../records.ts';
import { decodeSubmission, encodeSubmission } from '#upstream/submission.ts';
import { identity, newDraft, places, toSent } from './submission.testkit.ts';

const held = {
  mailFrom: { email: 'ana@example.org', parameters: { HOLDFOR: '30' } },
  rcptTo: [{ email: 'bob@example.net' }],
};

test('RFC 8621 §7 undo: a held submission is canceled and its Email is back where it was', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const envelope = {
    mailFrom: { email: 'ana@example.org', parameters: { HOLDFOR: '30' } },
    rcptTo: [{ email: 'bob@example.net' }],
  };
  const answers = await g.call([
    'EmailSubmission/set',
    { create: { s: { identityId: await identity(g), emailId, envelope } }, onSuccessUpdateEmail: { '#s': toSent(g) } },
  ]);
  const { id, sendAt } = answers[0]![1].created.s;
  assert.equal(sendAt, new Date(g.clock.at + 30_000).toISOString().replace('.000Z', 'Z'));
  const undone = await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  assert.deepEqual(undone.updated, { [id]: null });
  assert.deepEqual(await places(g, emailId), {
    id: emailId,
    mailboxIds: { [mailboxId(g.box.drafts)]: true },
    keywords: { $draft: true },
  });
  assert.equal((await g.one('EmailSubmission/get', { ids: [id] })).list[0].undoStatus, 'canceled');
  // O32: what was done is not done again at the next start.
  const kept = decodeSubmission(await readRecord(g.caller.host, g.store.kept.get(g.store.outbox.get(id)!.record.id)!));
  assert.equal(kept.onCancelUpdateEmail, null);
  assert.deepEqual((await g.one('EmailSubmission/set', { destroy: [id] })).destroyed, [id]);
});

test('O35 a letter that waits is the Email it was when conversations merge, and goes back as that', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g, { messageId: ['late@example.org'] });
  const { created } = await g.one('EmailSubmission/set', {
    create: { s: { identityId: await identity(g), emailId, envelope: held } },
    onSuccessUpdateEmail: { '#s': toSent(g) },
  });
  const { id } = created.s;
  for (const n of [1, 2, 3]) g.deliver(`Message-ID: <m${n}@x.net>\nReferences: <m0@x.net>\nSubject: To send\n\nhi`);
  g.deliver('Message-ID: <m4@x.net>\nReferences: <m0@x.net> <late@example.org>\nSubject: Re: To send\n\nhi');
  const now = (await g.one('EmailSubmission/get', { ids: [id] })).list[0].emailId;
  assert.notEqual(now, emailId);
  const before = (await g.one('Email/query', {})).ids.length;
  await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  assert.deepEqual(Object.keys((await places(g, now)).mailboxIds), [mailboxId(g.box.drafts)]);
  assert.equal((await g.one('Email/query', {})).ids.length, before, 'and there is no other');
});

test('O33 undo in an index that was made anew touches no other Email and no other mailbox', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const answers = await g.call([
    'EmailSubmission/set',
    {
      create: { s: { identityId: await identity(g), emailId, envelope: held } },
      onSuccessUpdateEmail: { '#s': toSent(g) },
    },
  ]);
  const { id } = answers[0]![1].created.s;
  const row = g.store.outbox.get(id)!;
  const record = decodeSubmission(await readRecord(g.caller.host, row.record));
  assert.deepEqual(record.places?.mailboxes, {
    [mailboxId(g.box.drafts)]: { pathRaw: 'Drafts', role: 'drafts' },
    [mailboxId(g.box.sent)]: { pathRaw: 'Sent', role: 'sent' },
  });
  const foreign = { ...record, messageId: 'gone@example.org', places: { ...record.places, epoch: 'before' } };
  await g.caller.host.store.saveSubmission({
    ...row,
    record: await makeRecord(g.caller.host, g.open, 'submission', encodeSubmission(foreign), 0, row.record),
  });
  const before = await places(g, emailId);
  await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  assert.deepEqual(await places(g, emailId), before);
  const { ids } = await g.one('Email/query', { filter: { inMailbox: mailboxId(g.box.drafts) } });
  assert.deepEqual(ids, [], 'the mail server has it, and it comes from there');
});

test('O33 O34 what waits is of the same Email in an index that was made anew, and is not handed in again', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const emailId = await newDraft(g);
  const { created } = await g.one('EmailSubmission/set', { create: { s: { identityId, emailId, envelope: held } } });
  const { id } = created.s;
  const row = g.store.outbox.get(id)!;
  const record = decodeSubmission(await readRecord(g.caller.host, row.record));
  const former = { ...record, emailId: 'Mformer', threadId: 'Tformer', places: { ...record.places!, epoch: 'before' } };
  const keep = async (change: object): Promise<void> => {
    const kept = g.store.outbox.get(id)!;
    const bytes = encodeSubmission({ ...former, ...change });
    const sealed = await makeRecord(g.caller.host, g.open, 'submission', bytes, 0, kept.record);
    await g.caller.host.store.saveSubmission({ ...kept, state: 'held', record: sealed });
  };
  await keep({});
  const [{ threadId }] = (await g.one('Email/get', { ids: [emailId], properties: ['threadId'] })).list;
  const shown = async () => {
    const [one] = (await g.one('EmailSubmission/get', { ids: [id] })).list;
    return [one.emailId, one.threadId];
  };
  assert.deepEqual(await shown(), [emailId, threadId]);
  const again = await g.one('EmailSubmission/set', { create: { s: { identityId, emailId, envelope: held } } });
  assert.deepEqual([again.notCreated.s.type, again.notCreated.s.existingId], ['alreadyExists', id]);
  const onSuccessUpdateEmail = { [id]: { 'keywords/work': true } };
  await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } }, onSuccessUpdateEmail });
  assert.equal((await places(g, emailId)).keywords.work, true);
  await keep({ messageId: 'gone@example.org' });
  assert.deepEqual(await shown(), ['Mformer', 'Tformer'], 'an Email that is not here keeps its name');
});

test('RFC 8621 §7.5 J31 onSuccessDestroyEmail: the draft goes; canceled, it is a draft again with its Bcc', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const answers = await g.call([
    'EmailSubmission/set',
    { create: { s: { identityId: await identity(g), emailId } }, onSuccessDestroyEmail: ['#s'] },
  ]);
  assert.deepEqual(answers[1]?.[1].destroyed, [emailId]);
  const { id } = answers[0]![1].created.s;
  await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  const { ids } = await g.one('Email/query', { filter: { inMailbox: mailboxId(g.box.drafts) } });
  assert.equal(ids.length, 1);
  const { list } = await g.one('Email/get', { ids, properties: ['subject', 'bcc', 'keywords'] });
  assert.deepEqual(
    [list[0].subject, list[0].bcc, list[0].keywords],
    ['To send', [{ name: null, email: 'hidden@example.net' }], { $draft: true, $seen: true }],
  );
});

test('RFC 8621 §7.5 J32 cannotUnsend once the message is on its way', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const { created } = await g.one('EmailSubmission/set', { create: { s: { identityId: await identity(g), emailId } } });
  const { id } = created.s;
  g.store.outbox.set(id, { ...g.store.outbox.get(id)!, state: 'sending' });
  const { notUpdated } = await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  assert.equal(notUpdated[id].type, 'cannotUnsend');
  assert.equal((await g.one('EmailSubmission/set', { destroy: [id] })).notDestroyed[id].type, 'forbidden');
});

test('O16 K3 a failed submission is tried again by `stage: due`', async () => {
  using g = openTestGateway();
  const { created } = await g.one('EmailSubmission/set', {
    create: { s: { identityId: await identity(g), emailId: await newDraft(g) } },
  });
  const { id } = created.s;
  assert.equal(
    (await g.one('EmailSubmission/set', { update: { [id]: { stage: 'due' } } })).notUpdated[id].type,
    'invalidProperties',
  );
  g.store.outbox.set(id, { ...g.store.outbox.get(id)!, state: 'failed', tries: 4 });
  assert.deepEqual((await g.one('EmailSubmission/set', { update: { [id]: { stage: 'due' } } })).updated, {
    [id]: null,
  });
  assert.deepEqual([g.store.outbox.get(id)?.state, g.store.outbox.get(id)?.tries], ['due', 0]);
});

test('O15 on a full disk what was done to a row is answered as done: handed in, taken back, tried again, forgotten', async (t) => {
  using g = openTestGateway();
  const [emailId, identityId] = [await newDraft(g), await identity(g)];
  t.mock.method(g.index, 'write', () => {
    throw new IndexError('index/full', 'no room for the index');
  });
  const set = (args: Record<string, unknown>) => g.one('EmailSubmission/set', args);
  const { created, notCreated } = await set({ create: { s: { identityId, emailId, envelope: held } } });
  assert.equal(notCreated, null);
  const { id } = created.s;
  const row = () => g.store.outbox.get(id)!;
  assert.equal(row().state, 'held');
  row().state = 'failed';
  assert.deepEqual((await set({ update: { [id]: { stage: 'due' } } })).updated, { [id]: null });
  assert.deepEqual((await set({ update: { [id]: { undoStatus: 'canceled' } } })).updated, { [id]: null });
  assert.equal(row().state, 'canceled');
  assert.deepEqual((await set({ destroy: [id] })).destroyed, [id]);
  assert.equal(g.store.outbox.size, 0);
});
