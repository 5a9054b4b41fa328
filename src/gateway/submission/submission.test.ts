import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';
import { numberOfRow } from '#index/rows.ts';
import { emailNumber, mailboxId } from '../ids.ts';
import { readRecord } from '../records.ts';
import { decodeSubmission } from '#upstream/submission.ts';
import { identity, newDraft, places, toSent } from './submission.testkit.ts';

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
  const message = (await readRecord(g.caller.host, row.message)).toString('utf8');
  assert.doesNotMatch(message, /hidden@/i);
  assert.match(message, /^Message-ID: </im);
  const record = decodeSubmission(await readRecord(g.caller.host, row.record));
  assert.ok(message.includes(record.messageId));
  assert.equal(record.wantsSentCopy, true);
  const { list } = await g.one('EmailSubmission/get', { ids: [s.id] });
  assert.equal(list[0].emailId, emailId);
  assert.equal(list[0].deliveryStatus['bob@example.net'].delivered, 'queued');
  assert.equal(list[0].stage, 'held');
});

test('RFC 8621 §7.5 Bcc is out of a message of any line ends, and folded fields stay whole', async () => {
  using g = openTestGateway();
  const identityId = await identity(g);
  for (const end of ['\r\n', '\n', '\r']) {
    const lines = ['From: ana@example.org', 'Subject: a', ' b', 'Bcc: hidden@example.net,', ' more@example.net', ''];
    const bytes = Buffer.from([...lines, 'text'].join(end));
    const { blobId } = JSON.parse(
      (await g.gateway.upload(g.caller, g.accountId, 'message/rfc822', bytes)).body.toString(),
    );
    const mailboxIds = { [mailboxId(g.box.drafts)]: true };
    const { created } = await g.one('Email/import', { emails: { i: { blobId, mailboxIds } } });
    const { created: handed } = await g.one('EmailSubmission/set', {
      create: { s: { identityId, emailId: created.i.id } },
    });
    assert.equal(handed.s.envelope.rcptTo.length, 2);
    const message = (await readRecord(g.caller.host, g.store.outbox.get(handed.s.id)!.message)).toString();
    assert.doesNotMatch(message, /hidden|more/u);
    assert.match(message, new RegExp(`^From: ana@example.org\r\nSubject: a${end} b\r\nMessage-ID: `, 'u'));
  }
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

test('O6a what is answered or forwarded is marked once the message went', async () => {
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

test('RFC 8621 §7.5 J31 onSuccessUpdateEmail is answered in the same response, for a creation id as for an Email made in the request', async () => {
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

test('RFC 8621 §7.5 J30 E38 errors of a create: identity, Email, envelope, recipients, sender, delay', async () => {
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
      { maxRecipients: 500, description: 'It has 501 recipients, and 500 is the most.' },
    ],
    [
      { identityId, emailId, envelope: { mailFrom: { ...from, parameters: { SIZE: '5' } }, rcptTo: to } },
      'invalidProperties',
    ],
    [
      {
        identityId,
        emailId,
        envelope: { mailFrom: { ...from, parameters: { HOLDFOR: String(30 * 86_400 + 1) } }, rcptTo: to },
      },
      'invalidProperties',
    ],
    [{ identityId, emailId, envelope: { mailFrom: from } }, 'invalidProperties', { properties: ['envelope'] }],
    [{ identityId, emailId, envelope: { rcptTo: to } }, 'invalidProperties', { properties: ['envelope'] }],
    [{ identityId, emailId, envelope: { mailfrom: { email: 'eve@example.com' }, rcptTo: to } }, 'forbiddenMailFrom'],
    [
      { identityId, emailId, envelope: { mailFrom: from, mailfrom: from, rcptTo: to } },
      'invalidProperties',
      { properties: ['envelope'] },
    ],
  ];
  for (const [create, type, more] of cases) {
    const { notCreated, created } = await g.one('EmailSubmission/set', { create: { s: create } });
    assert.equal(created, null, JSON.stringify(create).slice(0, 200));
    assert.equal(notCreated.s.type, type, JSON.stringify(create).slice(0, 200));
    for (const [key, value] of Object.entries(more ?? {})) assert.deepEqual(notCreated.s[key], value);
    if (/recipients|forbidden/iu.test(type)) assert.match(notCreated.s.description, /^(?:It|No) .+\.$/u, type);
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

test('J39 an envelope with mailfrom in small letters and an undoStatus that is ours to say serve, as aerc and meli send them', async () => {
  using g = openTestGateway();
  const envelope = { mailfrom: { email: 'ana@example.org' }, rcptTo: [{ email: 'bob@example.net' }] };
  const create = { identityId: await identity(g), emailId: await newDraft(g), envelope };
  const { created } = await g.one('EmailSubmission/set', { create: { s: { ...create, undoStatus: 'final' } } });
  assert.equal(created.s.undoStatus, 'pending');
  const canceled = await g.one('EmailSubmission/set', { create: { s: { ...create, undoStatus: 'canceled' } } });
  assert.deepEqual(canceled.notCreated.s, { type: 'invalidProperties', properties: ['undoStatus'] });
  const { list } = await g.one('EmailSubmission/get', { ids: [created.s.id] });
  assert.deepEqual(list[0].envelope, {
    mailFrom: { email: 'ana@example.org', parameters: null },
    rcptTo: [{ email: 'bob@example.net', parameters: null }],
  });
});

test('RFC 8621 §7 J30 HOLDUNTIL sets sendAt', async () => {
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
