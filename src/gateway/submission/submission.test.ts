import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from '../fixture.ts';
import { IndexError } from '#index/errors.ts';
import { numberOfRow } from '#index/rows.ts';
import { emailNumber, mailboxId } from '../ids.ts';
import { makeRecord, readRecord } from '../records.ts';
import { decodeSubmission, encodeSubmission } from '#upstream/submission.ts';

const identity = async (g: TestGateway): Promise<string> => (await g.one('Identity/get', {})).list[0].id;

const newDraft = async (g: TestGateway, more: object = {}): Promise<string> => {
  const { created, notCreated } = await g.one('Email/set', {
    create: {
      d: {
        mailboxIds: { [mailboxId(g.box.drafts)]: true },
        keywords: { $draft: true },
        from: [{ name: 'Ana', email: 'ana@example.org' }],
        to: [{ name: null, email: 'bob@example.net' }],
        cc: [{ name: null, email: 'Bob@example.net' }],
        bcc: [{ name: null, email: 'hidden@example.net' }],
        subject: 'To send',
        bodyValues: { t: { value: 'text' } },
        textBody: [{ partId: 't' }],
        ...more,
      },
    },
  });
  assert.equal(notCreated, null);
  return created.d.id;
};

const held = {
  mailFrom: { email: 'ana@example.org', parameters: { HOLDFOR: '30' } },
  rcptTo: [{ email: 'bob@example.net' }],
};

const places = async (g: TestGateway, id: string) =>
  (await g.one('Email/get', { ids: [id], properties: ['mailboxIds', 'keywords'] })).list[0];

const toSent = (g: TestGateway) => ({
  'keywords/$draft': null,
  [`mailboxIds/${mailboxId(g.box.drafts)}`]: null,
  [`mailboxIds/${mailboxId(g.box.sent)}`]: true,
});

test('RFC 8621 §6 the first identity is made of the account, once, and sealed', async () => {
  using g = openTestGateway();
  const { list } = await g.one('Identity/get', {});
  assert.equal(list.length, 1);
  assert.deepEqual([list[0].name, list[0].email, list[0].mayDelete], ['Ana', 'ana@example.org', false]);
  assert.deepEqual((await g.one('Identity/get', {})).list, list);
  const [record] = g.store.kept.values();
  assert.doesNotMatch(record!.sealed.toString('latin1'), /ana@/);
});

test('until it is edited the first identity is called as its last letters were', async () => {
  using g = openTestGateway();
  g.open.account.name = 'example.org';
  const id = await identity(g);
  g.deliver('From: Ana Lindqvist <ANA@example.org>\nSubject: a\n\nx', { mailbox: g.box.sent });
  assert.equal((await g.one('Identity/get', {})).list[0].name, 'Ana Lindqvist');
  await g.one('Identity/set', { update: { [id]: { textSignature: 'A.' } } });
  await g.one('Identity/set', { update: { [id]: { name: '' } } });
  assert.equal((await g.one('Identity/get', {})).list[0].name, '', 'what the user has set stands');
});

test('RFC 8621 §6.3 Identity/set: create, update, destroy, errors, changes', async () => {
  using g = openTestGateway();
  const first = await identity(g);
  const { state } = await g.one('Identity/get', { ids: [] });
  const made = await g.one('Identity/set', {
    create: {
      ok: { email: 'desk@example.org', textSignature: '-- \nDesk' },
      bad: { email: 'nobody' },
      odd: { email: 'a@b.c', mayDelete: false },
    },
  });
  assert.deepEqual(made.notCreated.bad.properties, ['email']);
  assert.deepEqual(made.notCreated.odd.properties, ['mayDelete']);
  const second = made.created.ok.id;
  const changed = await g.one('Identity/set', {
    update: {
      [second]: { name: 'Desk', htmlSignature: null, replyTo: [{ name: null, email: 'r@example.org' }] },
      [first]: { email: 'other@example.org' },
      Inone: { name: 'x' },
    },
  });
  assert.deepEqual(changed.updated, { [second]: null });
  assert.deepEqual(changed.notUpdated[first].properties, ['email']);
  assert.equal(changed.notUpdated['Inone'].type, 'notFound');
  const { list } = await g.one('Identity/get', {
    ids: [second],
    properties: ['name', 'replyTo', 'textSignature', 'mayDelete'],
  });
  assert.deepEqual(list, [
    {
      id: second,
      name: 'Desk',
      replyTo: [{ name: null, email: 'r@example.org' }],
      textSignature: '-- \nDesk',
      mayDelete: true,
    },
  ]);
  assert.deepEqual((await g.one('Identity/changes', { sinceState: state })).created, [second]);
  const gone = await g.one('Identity/set', { destroy: [first, second] });
  assert.deepEqual(gone.destroyed, [first]);
  assert.equal(gone.notDestroyed[second].type, 'forbidden');
});

test('J34 two changes of an identity at once are both there, and the last identity stays', async () => {
  using g = openTestGateway();
  const first = await identity(g);
  const update = (patch: object) => g.one('Identity/set', { update: { [first]: patch } });
  await Promise.all([update({ name: 'Ana L.' }), update({ textSignature: 'A.' }), identity(g)]);
  const { list, state } = await g.one('Identity/get', { ids: [first] });
  assert.deepEqual([list[0].name, list[0].textSignature], ['Ana L.', 'A.']);
  const { created } = await g.one('Identity/set', { ifInState: state, create: { b: { email: 'b@example.org' } } });
  const gone = await Promise.all([first, created.b.id].map((id) => g.one('Identity/set', { destroy: [id] })));
  assert.equal(gone.filter(({ destroyed }) => destroyed !== null).length, 1);
});

test('RFC 8621 §7.5 EmailSubmission/set create: held, sealed, Bcc out of the message and in the envelope', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const { created } = await g.one('EmailSubmission/set', { create: { s: { identityId: await identity(g), emailId } } });
  const { s } = created;
  assert.equal(s.undoStatus, 'pending');
  assert.deepEqual(
    s.envelope.rcptTo.map((to: { email: string }) => to.email),
    ['bob@example.net', 'hidden@example.net'],
  );
  const [row] = g.store.outbox.values();
  assert.equal(row?.state, 'held');
  assert.equal(row?.sendAt, g.clock.at);
  const message = (await readRecord(g.caller.host, row!.message)).toString('utf8');
  assert.doesNotMatch(message, /hidden@/i);
  assert.match(message, /^Message-ID: </im);
  const record = decodeSubmission(await readRecord(g.caller.host, row!.record));
  assert.ok(message.includes(record.messageId));
  assert.equal(record.wantsSentCopy, true);
  const { list } = await g.one('EmailSubmission/get', { ids: [s.id] });
  assert.equal(list[0].emailId, emailId);
  assert.equal(list[0].deliveryStatus['bob@example.net'].delivered, 'queued');
  assert.equal(list[0].stage, 'held');
});

test('O34 a letter is handed in once, however often it is asked for; taken back it may be handed in again', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const identityId = await identity(g);
  const hand = async (more: object = {}) => {
    const { created, notCreated } = await g.one('EmailSubmission/set', {
      create: { s: { identityId, emailId, ...more } },
    });
    return created?.s.id ?? notCreated.s;
  };
  // Two devices at the same moment: one of them sends it.
  const [first, second] = await Promise.all([hand(), hand()]);
  assert.equal(g.store.outbox.size, 1);
  assert.deepEqual([second.type, second.existingId], ['alreadyExists', first]);
  for (const state of ['due', 'sending', 'sent', 'filed'] as const) {
    g.store.outbox.get(first)!.state = state;
    assert.equal((await hand()).existingId, first, state);
  }
  const to = (email: string) => ({ envelope: { mailFrom: { email: 'ana@example.org' }, rcptTo: [{ email }] } });
  assert.equal((await hand(to('HIDDEN@example.net'))).existingId, first);
  assert.match(await hand(to('somebody.else@example.net')), /^S/u, 'who did not have it may get it');
  for (const state of ['canceled', 'failed', 'unknown'] as const) {
    for (const row of g.store.outbox.values()) row.state = state;
    assert.match(await hand(), /^S/u, state);
  }
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

test('O34 a letter whose bytes are long in coming keeps no other waiting', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const slow = g.deliver('From: ana@example.org\nTo: bob@example.net\n\nlong', { mailbox: g.box.drafts });
  const quick = await newDraft(g);
  const { source } = g.engine;
  const { promise, resolve } = Promise.withResolvers<void>();
  g.engine.source = async (row) => {
    if (numberOfRow(row) === emailNumber(slow)) await promise;
    return source(row);
  };
  const hand = (email: string) => g.one('EmailSubmission/set', { create: { s: { identityId, emailId: email } } });
  const first = hand(slow);
  const late = new Promise<null>((wait) => setTimeout(wait, 1_000, null));
  assert.ok((await Promise.race([hand(quick), late]))?.created.s.id);
  resolve();
  assert.ok((await first).created.s.id);
});

test('O36 what went long ago is not opened to send another letter, nor to tell what waits', async (t) => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const send = async () => g.one('EmailSubmission/set', { create: { s: { identityId, emailId: await newDraft(g) } } });
  await send();
  const [old] = g.store.outbox.values();
  Object.assign(old!, { state: 'filed', updatedAt: 0, sendAt: 0 });
  const { mock } = t.mock.method(g.caller.host.keeper, 'openKey');
  const { created } = await send();
  for (const filter of [{ undoStatus: 'pending' }, { after: '2001-01-01T00:00:00Z' }])
    assert.deepEqual((await g.one('EmailSubmission/query', { filter })).ids, [created.s.id]);
  const opened = (): boolean => mock.calls.some(({ arguments: [, wrapped] }) => wrapped.equals(old!.record.wrapped));
  assert.equal(opened(), false);
  assert.equal((await g.one('EmailSubmission/query', {})).ids.length, 2);
  assert.equal(opened(), true);
});

test('O34 O36 an Email whose date is days ahead of us is handed in once all the same', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const day = 86_400_000;
  const receivedAt = `${new Date(g.clock.at + 5 * day).toISOString().slice(0, 19)}Z`;
  const create = { s: { identityId, emailId: await newDraft(g, { receivedAt }) } };
  const first = await g.one('EmailSubmission/set', { create });
  const [row] = g.store.outbox.values();
  Object.assign(row!, { state: 'filed', updatedAt: g.clock.at });
  g.clock.at += 2 * day;
  const { notCreated } = await g.one('EmailSubmission/set', { create });
  assert.deepEqual([notCreated.s.type, notCreated.s.existingId], ['alreadyExists', first.created.s.id]);
});

test('what is answered or forwarded is marked once the message went', async () => {
  using g = openTestGateway();
  const asked = g.deliver('Message-ID: <asked@example.net>\nSubject: Asked\n\nWell?');
  const shown = g.deliver('Message-ID: <shown@example.net>\nSubject: Shown\n\nLook');
  const emailId = await newDraft(g, {
    inReplyTo: ['asked@example.net'],
    'header:X-Forwarded-Message-Id:asMessageIds': ['shown@example.net'],
  });
  await g.one('EmailSubmission/set', { create: { s: { identityId: await identity(g), emailId } } });
  const [row] = g.store.outbox.values();
  assert.deepEqual(decodeSubmission(await readRecord(g.caller.host, row!.record)).onSuccessMark, [
    { emailId: asked, keyword: '$answered' },
    { emailId: shown, keyword: '$forwarded' },
  ]);
});

test('RFC 8621 §7.5 onSuccessUpdateEmail is answered in the same response, for a creation id as for an Email made in the request', async () => {
  using g = openTestGateway();
  const draftsId = mailboxId(g.box.drafts);
  const answers = await g.call(
    [
      'Email/set',
      {
        create: {
          d: {
            mailboxIds: { [draftsId]: true },
            keywords: { $draft: true },
            from: [{ email: 'ana@example.org' }],
            to: [{ email: 'bob@example.net' }],
            bodyValues: { t: { value: 'x' } },
            textBody: [{ partId: 't' }],
          },
        },
      },
      'e',
    ],
    [
      'EmailSubmission/set',
      { create: { s: { identityId: await identity(g), emailId: '#d' } }, onSuccessUpdateEmail: { '#s': toSent(g) } },
      's',
    ],
  );
  assert.deepEqual(
    answers.map(([name, , id]) => [name, id]),
    [
      ['Email/set', 'e'],
      ['EmailSubmission/set', 's'],
      ['Email/set', 's'],
    ],
  );
  const id = answers[0]?.[1].created.d.id;
  assert.deepEqual(answers[2]?.[1].updated, { [id]: null });
  assert.deepEqual(await places(g, id), { id, mailboxIds: { [mailboxId(g.box.sent)]: true }, keywords: {} });
  const [row] = g.store.outbox.values();
  const record = decodeSubmission(await readRecord(g.caller.host, row!.record));
  assert.equal(record.wantsSentCopy, false, 'the draft itself becomes the copy in Sent');
  const due = g.index.read((reader) => reader.intents(g.clock.at + 86_400_000));
  assert.equal(due.length, 0, 'the server is told when the outbox says so');
});

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

test('RFC 8620 §5.3 EmailSubmission/set update: what is fixed may be given as it is', async () => {
  using g = openTestGateway();
  const { created } = await g.one('EmailSubmission/set', {
    create: { s: { identityId: await identity(g), emailId: await newDraft(g) } },
  });
  const { id } = created.s;
  const [whole] = (await g.one('EmailSubmission/get', { ids: [id] })).list;
  const bad = { ...whole, sendAt: '2020-01-01T00:00:00Z', envelope: { ...whole.envelope, rcptTo: [] }, what: 1 };
  const { notUpdated } = await g.one('EmailSubmission/set', { update: { [id]: { ...bad, undoStatus: 'canceled' } } });
  assert.deepEqual(notUpdated[id].properties.toSorted(), ['envelope', 'sendAt', 'what']);
  assert.deepEqual((await g.one('EmailSubmission/set', { update: { [id]: whole } })).updated, { [id]: null });
  const undone = await g.one('EmailSubmission/set', { update: { [id]: { ...whole, undoStatus: 'canceled' } } });
  assert.deepEqual(undone.updated, { [id]: null });
  assert.equal((await g.one('EmailSubmission/get', { ids: [id] })).list[0].undoStatus, 'canceled');
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
  const foreign = { ...record, messageId: 'gone@example.org', places: { ...record.places!, epoch: 'before' } };
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

test('RFC 8621 §7.5 onSuccessDestroyEmail: the draft goes; canceled, it is a draft again with its Bcc', async () => {
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

test('RFC 8621 §7.5 cannotUnsend once the message is on its way', async () => {
  using g = openTestGateway();
  const emailId = await newDraft(g);
  const { created } = await g.one('EmailSubmission/set', { create: { s: { identityId: await identity(g), emailId } } });
  const { id } = created.s;
  g.store.outbox.set(id, { ...g.store.outbox.get(id)!, state: 'sending' });
  const { notUpdated } = await g.one('EmailSubmission/set', { update: { [id]: { undoStatus: 'canceled' } } });
  assert.equal(notUpdated[id].type, 'cannotUnsend');
  assert.equal((await g.one('EmailSubmission/set', { destroy: [id] })).notDestroyed[id].type, 'forbidden');
});

test('outbox O16: a failed submission is tried again by `stage: due`', async () => {
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

test('RFC 8621 §7.5 errors of a create: identity, Email, envelope, recipients, sender, delay', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const emailId = await newDraft(g);
  const from = { email: 'ana@example.org' };
  const to = [{ email: 'bob@example.net' }];
  const alone = await newDraft(g, { to: null, cc: null, bcc: null });
  const foreign = await newDraft(g, { from: [{ email: 'eve@example.com' }] });
  const fromless = await newDraft(g, { from: null });
  const cases: [object, string, object?][] = [
    [{ identityId: 'Inone', emailId }, 'invalidProperties', { properties: ['identityId'] }],
    [{ identityId, emailId: 'Mzz' }, 'invalidProperties', { properties: ['emailId'] }],
    [{ identityId, emailId: '#nothing' }, 'invalidProperties', { properties: ['emailId'] }],
    [{ identityId, emailId, sendAt: '2026-01-01T00:00:00Z' }, 'invalidProperties', { properties: ['sendAt'] }],
    [{ identityId, emailId: alone }, 'noRecipients'],
    [{ identityId, emailId: foreign }, 'forbiddenFrom'],
    [{ identityId, emailId: fromless }, 'invalidEmail', { properties: ['from'] }],
    [{ identityId, emailId, envelope: { mailFrom: { email: 'eve@example.com' }, rcptTo: to } }, 'forbiddenMailFrom'],
    [
      { identityId, emailId, envelope: { mailFrom: from, rcptTo: [{ email: 'not an address' }, ...to] } },
      'invalidRecipients',
      { invalidRecipients: ['not an address'] },
    ],
    [
      {
        identityId,
        emailId,
        envelope: { mailFrom: from, rcptTo: Array.from({ length: 501 }, (_, at) => ({ email: `u${at}@example.net` })) },
      },
      'tooManyRecipients',
      { maxRecipients: 500 },
    ],
    [
      { identityId, emailId, envelope: { mailFrom: { ...from, parameters: { SIZE: '5' } }, rcptTo: to } },
      'invalidProperties',
    ],
    [
      { identityId, emailId, envelope: { mailFrom: { ...from, parameters: { HOLDFOR: '9999999' } }, rcptTo: to } },
      'invalidProperties',
    ],
    [{ identityId, emailId, envelope: { mailFrom: from } }, 'invalidProperties', { properties: ['envelope'] }],
  ];
  for (const [create, type, more] of cases) {
    const { notCreated, created } = await g.one('EmailSubmission/set', { create: { s: create } });
    assert.equal(created, null, JSON.stringify(create).slice(0, 200));
    assert.equal(notCreated.s.type, type, JSON.stringify(create).slice(0, 200));
    for (const [key, value] of Object.entries(more ?? {})) assert.deepEqual(notCreated.s[key], value);
  }
  assert.equal(g.store.outbox.size, 0);
  const stranger = await g.one('EmailSubmission/set', {
    create: { s: { identityId, emailId } },
    onSuccessUpdateEmail: { '#other': {} },
  });
  assert.equal(stranger.type, 'invalidArguments');
});

test('J25 a message with two From or two Sender fields is not sent, whoever made it', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  for (const [header, properties] of [
    ['From: ana@example.org\r\nfrom : ana@example.org\r\n', ['from']],
    ['From: boss@bank.example\r\nSubject: x\r\nFrom: ana@example.org\r\n', ['from']],
    ['From: ana@example.org\r\nSender: ana@example.org\r\nSENDER: boss@bank.example\r\n', ['sender']],
  ] as const) {
    const bytes = Buffer.from(`${header}To: bob@example.net\r\n\r\nx`);
    const { blobId } = JSON.parse(
      (await g.gateway.upload(g.caller, g.accountId, 'message/rfc822', bytes)).body.toString(),
    );
    const mailboxIds = { [mailboxId(g.box.drafts)]: true };
    const { created } = await g.one('Email/import', { emails: { i: { blobId, mailboxIds } } });
    const { notCreated } = await g.one('EmailSubmission/set', { create: { s: { identityId, emailId: created.i.id } } });
    assert.deepEqual([notCreated.s.type, notCreated.s.properties], ['invalidEmail', properties]);
  }
});

test('RFC 8621 §7 HOLDUNTIL sets sendAt', async () => {
  using g = openTestGateway();
  const envelope = {
    mailFrom: { email: 'ana@example.org', parameters: { HOLDUNTIL: '2026-01-06T08:00:00Z' } },
    rcptTo: [{ email: 'bob@example.net' }],
  };
  const { created } = await g.one('EmailSubmission/set', {
    create: { s: { identityId: await identity(g), emailId: await newDraft(g), envelope } },
  });
  assert.equal(created.s.sendAt, '2026-01-06T08:00:00Z');
});

test('RFC 8621 §7.3 EmailSubmission/query, §7.2 EmailSubmission/changes', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  const emailId = await newDraft(g);
  const { state } = await g.one('EmailSubmission/get', { ids: [] });
  const { created } = await g.one('EmailSubmission/set', { create: { s: { identityId, emailId } } });
  const { id } = created.s;
  assert.deepEqual((await g.one('EmailSubmission/changes', { sinceState: state })).created, [id]);
  const ids = async (filter: object): Promise<string[]> => (await g.one('EmailSubmission/query', { filter })).ids;
  assert.deepEqual(await ids({ undoStatus: 'pending', emailIds: [emailId], identityIds: [identityId] }), [id]);
  assert.deepEqual(await ids({ undoStatus: 'final' }), []);
  assert.deepEqual(await ids({ before: '2020-01-01T00:00:00Z' }), []);
  assert.deepEqual(
    (await g.one('EmailSubmission/query', { sort: [{ property: 'sentAt' }], calculateTotal: true })).total,
    1,
  );
});
