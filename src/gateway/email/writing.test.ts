import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDraft } from '#upstream/draft.ts';
import { found } from '#index/fixture.ts';
import { openTestGateway, type TestGateway } from '../fixture.ts';
import { emailNumber, mailboxId } from '../ids.ts';
import { readRecord } from '../records.ts';

const intents = (g: TestGateway) => g.index.read((reader) => reader.intents(Number.MAX_SAFE_INTEGER));

const rawOf = (g: TestGateway, id: string): string =>
  g.index.read((reader) => {
    const email = reader.email(emailNumber(id)!);
    return reader.body(email!.row, 'raw')!.toString('utf8');
  });

test('RFC 8621 §4.6 Email/set update: keywords and mailboxIds by patch and by full value, answered at once, as intents', async () => {
  using g = openTestGateway();
  const a = g.deliver('Subject: a\n\nx', { keywords: ['$seen', 'work'] });
  const b = g.deliver('Subject: b\n\nx');
  const [inbox, archive] = [mailboxId(g.box.inbox), mailboxId(g.box.archive)];
  const { updated, notUpdated, oldState, newState } = await g.one('Email/set', {
    update: {
      [a]: {
        'keywords/$Flagged': true,
        'keywords/$seen': null,
        [`mailboxIds/${inbox}`]: null,
        [`mailboxIds/${archive}`]: true,
      },
      [b]: { keywords: { $answered: true }, mailboxIds: { [archive]: true } },
    },
  });
  assert.equal(notUpdated, null);
  assert.deepEqual(updated, { [a]: null, [b]: null });
  assert.notEqual(oldState, newState);
  const { list, state } = await g.one('Email/get', { ids: [a, b], properties: ['keywords', 'mailboxIds'] });
  assert.equal(state, newState);
  assert.deepEqual(list[0], { id: a, keywords: { $flagged: true, work: true }, mailboxIds: { [archive]: true } });
  assert.deepEqual(list[1], { id: b, keywords: { $answered: true }, mailboxIds: { [archive]: true } });
  assert.equal(g.engine.nudged, 1);
  assert.deepEqual(
    intents(g)
      .map((intent) => intent.want.kind)
      .toSorted(),
    ['keywords', 'keywords', 'move', 'move'],
  );
});

test('J21 an Email that lies in several mailboxes by its strong id leaves one, comes back, and moves out of all', async () => {
  using g = openTestGateway();
  const copy = (uid: number) => found(uid, { strongId: 'x', envelope: { messageId: 'x@x', subject: 'Twice' } });
  g.index.write((t) => {
    t.add(g.box.inbox, [copy(70)]);
    t.add(g.box.archive, [copy(9)]);
  });
  const [inbox, archive, trash] = [g.box.inbox, g.box.archive, g.box.trash].map(mailboxId);
  const [id = ''] = (await g.one('Email/query', { filter: { subject: 'Twice' } })).ids as string[];
  const patch = async (...keys: [string | undefined, true | null][]) => {
    const update = { [id]: Object.fromEntries(keys.map(([box, value]) => [`mailboxIds/${box}`, value])) };
    const answer = await g.one('Email/set', { update });
    assert.equal(answer.notUpdated, null, JSON.stringify(answer.notUpdated));
    return Object.keys(
      (await g.one('Email/get', { ids: [id], properties: ['mailboxIds'] })).list[0].mailboxIds,
    ).toSorted();
  };
  const both = [inbox, archive].map(String).toSorted();
  const kinds = (): string[] => intents(g).map(({ want }) => want.kind);
  assert.deepEqual([await patch([inbox, null], [archive, true]), kinds()], [[archive], ['leave']]);
  assert.deepEqual([await patch([inbox, true]), kinds()], [both, []]);
  assert.deepEqual(await patch([inbox, null], [archive, null], [trash, true]), [trash]);
  assert.deepEqual(kinds(), ['move', 'leave'], 'it is in Trash before it leaves Archive');
  assert.deepEqual([await patch([inbox, true], [archive, true], [trash, null]), kinds()], [both, []]);
  assert.deepEqual(await patch([inbox, null], [archive, null], [trash, true]), [trash]);
  const { notUpdated } = await g.one('Email/set', { update: { [id]: { [`mailboxIds/${trash}`]: null } } });
  assert.equal(notUpdated[id].type, 'invalidProperties');
});

test('RFC 8621 §4.6 Email/set update: what is refused, and with which error', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const [inbox, archive] = [mailboxId(g.box.inbox), mailboxId(g.box.archive)];
  const cases: [object, string, string[]?][] = [
    [{ subject: 'new' }, 'invalidProperties', ['subject']],
    [{ 'keywords/a b': true }, 'invalidProperties', ['keywords']],
    [{ 'keywords/x': false }, 'invalidProperties', ['keywords']],
    [{ keywords: { $deleted: true } }, 'invalidProperties', ['keywords']],
    [{ mailboxIds: {} }, 'invalidProperties', ['mailboxIds']],
    [{ mailboxIds: { Bzz: true } }, 'invalidProperties', ['mailboxIds']],
    [{ [`mailboxIds/${archive}`]: true }, 'tooManyMailboxes'],
    [{ mailboxIds: { [inbox]: true, [archive]: true } }, 'tooManyMailboxes'],
    [{ keywords: { a: true }, 'keywords/b': true }, 'invalidPatch'],
    [{ 'keywords/a/b': true }, 'invalidPatch'],
    [{ keywords: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}`, true])) }, 'tooManyKeywords'],
  ];
  for (const [patch, type, properties] of cases) {
    const { notUpdated, updated } = await g.one('Email/set', { update: { [id]: patch } });
    assert.equal(updated, null, JSON.stringify(patch));
    assert.equal(notUpdated[id].type, type, JSON.stringify(patch));
    if (properties) assert.deepEqual(notUpdated[id].properties, properties);
  }
  const { notUpdated } = await g.one('Email/set', { update: { Mzz: { 'keywords/x': true } } });
  assert.equal(notUpdated['Mzz'].type, 'notFound');
  assert.equal(intents(g).length, 0);
});

test('RFC 8620 §5.3 Email/set update: what is fixed may be given as it is, all of what was read too', async () => {
  using g = openTestGateway();
  const id = g.deliver(
    'From: Ana <ana@example.org>\nSubject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext, longer\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\ncG5n\n--b--\n',
  );
  const reads = [
    {},
    { fetchAllBodyValues: true, maxBodyValueBytes: 5 },
    { bodyProperties: ['partId', 'header:Content-Type', 'subParts', 'headers', 'size'], fetchTextBodyValues: true },
    { properties: ['bodyStructure', 'headers', 'header:From:asAddresses', 'header:X:all', 'preview', 'size', 'id'] },
  ];
  for (const [at, read] of reads.entries()) {
    const [whole] = (await g.one('Email/get', { ids: [id], ...read })).list;
    const { keywords: _keywords, ...rest } = whole;
    const { updated, notUpdated } = await g.one('Email/set', {
      update: { [id]: { ...rest, [`keywords/k${at}`]: true } },
    });
    assert.deepEqual([updated, notUpdated], [{ [id]: null }, null]);
  }
  const [whole] = (await g.one('Email/get', { ids: [id], fetchAllBodyValues: true })).list;
  assert.deepEqual(Object.keys(whole.keywords), ['k0', 'k1', 'k2', 'k3']);
  const cases: [object, string[]][] = [
    [{ ...whole, id: 'M999', subject: 'b' }, ['id', 'subject']],
    [{ ...whole, from: [{ name: 'Eve', email: 'ana@example.org' }], nonsense: 1 }, ['from', 'nonsense']],
    [{ ...whole, bodyValues: { ...whole.bodyValues, 9: whole.bodyValues[1] } }, ['bodyValues']],
    [{ ...whole, attachments: [{ ...whole.attachments[0], type: 'image/gif' }] }, ['attachments']],
    [{ ...whole, 'from/0': whole.from[0] }, ['from']],
  ];
  for (const [patch, properties] of cases) {
    const { notUpdated } = await g.one('Email/set', { update: { [id]: patch } });
    assert.deepEqual([notUpdated[id].type, notUpdated[id].properties.toSorted()], ['invalidProperties', properties]);
  }
  const gone = await g.one('Email/set', { update: { M999: { id: 'M999' } } });
  assert.equal(gone.notUpdated.M999.type, 'notFound');
});

test('RFC 8620 §5.3 ifInState: of several that ask in the same state one changes it, and the others leave nothing', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const { state } = await g.one('Email/get', { ids: [] });
  const create = { d: { mailboxIds: { [mailboxId(g.box.drafts)]: true }, subject: 'd' } };
  const answers = await Promise.all(
    ['one', 'two', 'three'].map((word) =>
      g.one('Email/set', { ifInState: state, create, update: { [id]: { [`keywords/${word}`]: true } } }),
    ),
  );
  const refused = answers.filter(({ type }) => type === 'stateMismatch');
  assert.deepEqual([answers.length, refused.length], [3, 2]);
  assert.equal(g.store.kept.size, 1, 'no durable copy of a draft that was not made');
  const { list } = await g.one('Email/get', { ids: [id], properties: ['keywords'] });
  assert.equal(Object.keys(list[0].keywords).length, 1);
});

test('keywords a mailbox cannot keep are refused, IMAP flags are not', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  g.index.write((t) => t.patchMailbox(g.box.inbox, { keywordsAllowed: false }));
  const refused = await g.one('Email/set', { update: { [id]: { 'keywords/work': true } } });
  assert.equal(refused.notUpdated[id].type, 'invalidProperties');
  assert.deepEqual((await g.one('Email/set', { update: { [id]: { 'keywords/$flagged': true } } })).updated, {
    [id]: null,
  });
});

test('RFC 8621 §4.6 a thousand Emails are one transaction; more are requestTooLarge', async () => {
  using g = openTestGateway();
  g.index.write((t) =>
    t.add(
      g.box.inbox,
      Array.from({ length: 1000 }, (_, at) => found(at + 1)),
    ),
  );
  const { ids } = (await g.one('Email/query', {})) as { ids: string[] };
  let commits = 0;
  g.index.onChange(() => (commits += 1));
  const update = Object.fromEntries(ids.map((id) => [id, { 'keywords/$seen': true }]));
  const { updated } = await g.one('Email/set', { update });
  assert.equal(Object.keys(updated).length, 1000);
  assert.equal(commits, 1);
  assert.equal((await g.one('Email/set', { update, destroy: ['Mzz'] })).type, 'requestTooLarge');
});

test('RFC 8621 §4.6 Email/set destroy and willDestroy', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const answer = await g.one('Email/set', { destroy: [id, 'Mzz'], update: { [id]: { 'keywords/$seen': true } } });
  assert.deepEqual(answer.destroyed, [id]);
  assert.equal(answer.notUpdated[id].type, 'willDestroy');
  assert.equal(answer.notDestroyed['Mzz'].type, 'notFound');
  assert.deepEqual((await g.one('Email/get', { ids: [id] })).notFound, [id]);
});

const draft = (g: TestGateway, more: object = {}): Record<string, unknown> => ({
  mailboxIds: { [mailboxId(g.box.drafts)]: true },
  keywords: { $draft: true, $seen: true },
  from: [{ name: 'Ana', email: 'ana@example.org' }],
  to: [{ name: 'Bób', email: 'bob@example.net' }],
  bcc: [{ name: null, email: 'hidden@example.net' }],
  subject: 'Grüße',
  bodyValues: { t: { value: 'Hello\nthere' }, h: { value: '<p>Hello there</p>' } },
  textBody: [{ partId: 't', type: 'text/plain' }],
  htmlBody: [{ partId: 'h', type: 'text/html' }],
  ...more,
});

test('RFC 8621 §4.6 Email/set create: a draft stands in the index, sealed in the store, and waits for its APPEND', async () => {
  using g = openTestGateway();
  const { created, notCreated } = await g.one('Email/set', { create: { d: draft(g) } });
  assert.equal(notCreated, null);
  assert.deepEqual(Object.keys(created.d).toSorted(), ['blobId', 'id', 'size', 'threadId']);
  const { list } = await g.one('Email/get', { ids: [created.d.id], fetchAllBodyValues: true });
  const [email] = list;
  assert.equal(email.subject, 'Grüße');
  assert.deepEqual(email.bcc, [{ name: null, email: 'hidden@example.net' }]);
  assert.deepEqual(email.keywords, { $draft: true, $seen: true });
  assert.equal(email.messageId.length, 1);
  assert.match(email.messageId[0], /@example\.org$/);
  assert.deepEqual(
    Object.values(email.bodyValues).map((one) => (one as { value: string }).value),
    ['Hello\nthere', '<p>Hello there</p>'],
  );
  const [intent] = intents(g);
  assert.equal(intent?.want.kind, 'append');
  assert.equal(intent?.dueAt, g.clock.at + 10_000);
  const [record] = g.store.kept.values();
  assert.equal(record?.purpose, 'draft');
  assert.doesNotMatch(record!.sealed.toString('latin1'), /Hello/);
  const { raw } = decodeDraft(await readRecord(g.caller.host, record!));
  assert.equal(raw.toString('utf8'), rawOf(g, created.d.id));
});

test('RFC 8621 §4.6 create and destroy in one call replaces a draft; one never appended leaves no trace', async () => {
  using g = openTestGateway();
  const first = (await g.one('Email/set', { create: { d: draft(g) } })).created.d.id;
  const second = await g.one('Email/set', { create: { d: draft(g, { subject: 'Better' }) }, destroy: [first] });
  assert.deepEqual(second.destroyed, [first]);
  assert.equal(intents(g).length, 1);
  assert.equal(g.store.kept.size, 1);
  const { list } = await g.one('Mailbox/get', { ids: [mailboxId(g.box.drafts)], properties: ['totalEmails'] });
  assert.equal(list[0].totalEmails, 1);
});

test('a draft on the server goes only after the one that replaces it', async () => {
  using g = openTestGateway();
  const old = g.deliver('Subject: old draft\n\nx', { mailbox: g.box.drafts, keywords: ['$draft'] });
  await g.one('Email/set', { create: { d: draft(g) }, destroy: [old] });
  const due = Object.fromEntries(intents(g).map((intent) => [intent.want.kind, intent.dueAt]));
  assert.ok(due['destroy']! > due['append']!);
});

test('RFC 8621 §4.6 attachments: uploads, parts of other messages, whole messages; blobNotFound names them', async () => {
  using g = openTestGateway();
  const upload = await g.gateway.upload(g.caller, g.accountId, 'image/png', Buffer.from('png!'));
  assert.equal(upload.status, 201);
  const { blobId, size, type } = JSON.parse(upload.body.toString());
  assert.deepEqual([size, type], [4, 'image/png']);
  const other = g.deliver(
    'Subject: o\nContent-Type: application/pdf; name=p.pdf\nContent-Transfer-Encoding: base64\n\ncGRm',
  );
  const got = (await g.one('Email/get', { ids: [other], properties: ['blobId', 'attachments'] })).list[0];
  const { created } = await g.one('Email/set', {
    create: {
      d: draft(g, {
        attachments: [
          { blobId, type: 'image/png', name: 'é.png', disposition: 'inline', cid: 'logo@x' },
          { blobId: got.attachments[0].blobId },
          { blobId: got.blobId, type: 'message/rfc822', disposition: 'attachment' },
        ],
      }),
    },
  });
  const { list } = await g.one('Email/get', { ids: [created.d.id], properties: ['attachments', 'hasAttachment'] });
  const parts = list[0].attachments as { type: string; name: string | null; cid: string | null; blobId: string }[];
  assert.deepEqual(parts.map((part) => part.type).toSorted(), ['application/pdf', 'image/png', 'message/rfc822']);
  assert.equal(parts.find((part) => part.type === 'image/png')?.name, 'é.png');
  assert.equal(parts.find((part) => part.type === 'image/png')?.cid, 'logo@x');
  assert.equal(parts.find((part) => part.type === 'application/pdf')?.name, 'p.pdf');
  assert.equal(list[0].hasAttachment, true);
  const image = await g.gateway.download(
    g.caller,
    g.accountId,
    parts.find((part) => part.type === 'image/png')!.blobId,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of image?.chunks ?? []) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'png!');
  const missing = await g.one('Email/set', {
    create: { d: draft(g, { attachments: [{ blobId: 'Gzz' }, { blobId: 'Unone0000000000000' }] }) },
  });
  assert.deepEqual(missing.notCreated.d, { type: 'blobNotFound', notFound: ['Gzz', 'Unone0000000000000'] });
});

test('J36 a message that no mail server takes as it is goes as a file, every other as a message', async () => {
  using g = openTestGateway();
  const attach = async (body: string, name: string | null) => {
    const message = Buffer.from(`Subject: inside\r\n\r\n${body}`, 'latin1');
    const upload = await g.gateway.upload(g.caller, g.accountId, 'message/rfc822', Buffer.from(message));
    const { blobId } = JSON.parse(upload.body.toString());
    const { created } = await g.one('Email/set', {
      create: { d: draft(g, { attachments: [{ blobId, type: 'message/rfc822', name }] }) },
    });
    const raw = rawOf(g, created.d.id);
    assert.ok(raw.split('\r\n').every((line) => line.length <= 998 && !/[\r\0]/.test(line)));
    const { list } = await g.one('Email/get', { ids: [created.d.id], properties: ['attachments'] });
    const [part] = list[0].attachments;
    const chunks: Buffer[] = [];
    const download = await g.gateway.download(g.caller, g.accountId, part.blobId);
    for await (const chunk of download?.chunks ?? []) chunks.push(chunk);
    return [part.type, part.name, Buffer.concat(chunks).equals(message)];
  };
  const long = 'x'.repeat(998);
  for (const body of ['plain', `${long}\r\n${long}`, '8 bit \xe9'])
    assert.deepEqual(await attach(body, 'a.eml'), ['message/rfc822', 'a.eml', true], body.slice(0, 9));
  for (const body of [`${long}x`, `a\r\n${long}x\r\n`, 'nul \0', 'a\rb'])
    assert.deepEqual(await attach(body, null), ['application/octet-stream', 'message.eml', true], body.slice(0, 9));
  assert.deepEqual((await attach(`${long}x`, 'a.eml'))[1], 'a.eml');
});

test('a file that was uploaded as a multipart is a file all the same', async () => {
  using g = openTestGateway();
  const page = Buffer.from('Content-Type: text/html\r\n\r\n<p>saved</p>');
  const { blobId } = JSON.parse(
    (await g.gateway.upload(g.caller, g.accountId, 'multipart/related', page)).body.toString(),
  );
  const mailboxIds = { [mailboxId(g.box.drafts)]: true };
  const { created } = await g.one('Email/set', {
    create: { d: { mailboxIds, attachments: [{ blobId, name: 'page.mhtml' }] } },
  });
  const { list } = await g.one('Email/get', { ids: [created.d.id], properties: ['attachments'] });
  const [{ type, name }] = list[0].attachments;
  assert.deepEqual([type, name], ['application/octet-stream', 'page.mhtml']);
});

test('J29 what stands in a message several times counts as often', async () => {
  using g = openTestGateway();
  const upload = await g.gateway.upload(g.caller, g.accountId, 'image/png', Buffer.alloc(1_000_000));
  const { blobId } = JSON.parse(upload.body.toString());
  const mailboxIds = { [mailboxId(g.box.drafts)]: true };
  const many = <T>(part: T): T[] => Array.from({ length: 51 }, () => part);
  const subParts = many({ partId: 't' });
  const { notCreated } = await g.one('Email/set', {
    create: {
      files: { mailboxIds, attachments: many({ blobId }) },
      texts: {
        mailboxIds,
        bodyStructure: { type: 'multipart/mixed', subParts },
        bodyValues: { t: { value: 'x'.repeat(200_000) } },
      },
    },
  });
  assert.deepEqual([notCreated.files.type, notCreated.texts.type], ['tooLarge', 'tooLarge']);
});

test('RFC 8621 §4.6 bodyStructure: the tree is made as it was given', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Email/set', {
    create: {
      d: {
        mailboxIds: { [mailboxId(g.box.drafts)]: true },
        from: [{ email: 'ana@example.org' }],
        'header:X-Mood:asText': 'héiter',
        'header:Resent-To:asAddresses': [{ name: 'Bób', email: 'b@example.net' }],
        bodyStructure: {
          type: 'multipart/alternative',
          subParts: [
            { partId: 'a', type: 'text/plain', language: ['de'], 'header:X-Part': 'raw' },
            { type: 'multipart/related', subParts: [{ partId: 'b', type: 'text/html' }] },
          ],
        },
        bodyValues: { a: { value: 'Äpfel' }, b: { value: '<p>Äpfel</p>' } },
      },
    },
  });
  const { list } = await g.one('Email/get', {
    ids: [created.d.id],
    properties: ['bodyStructure', 'bodyValues', 'header:X-Mood:asText', 'header:Resent-To:asAddresses'],
    bodyProperties: ['type', 'language', 'header:X-Part'],
    fetchAllBodyValues: true,
  });
  const [email] = list;
  assert.equal(email.bodyStructure.type, 'multipart/alternative');
  assert.deepEqual(email.bodyStructure.subParts[0].language, ['de']);
  assert.equal(email.bodyStructure.subParts[0]['header:X-Part'], ' raw');
  assert.equal(email.bodyStructure.subParts[1].subParts[0].type, 'text/html');
  assert.equal(email['header:X-Mood:asText'], 'héiter');
  assert.deepEqual(email['header:Resent-To:asAddresses'], [{ name: 'Bób', email: 'b@example.net' }]);
  assert.deepEqual(
    Object.values(email.bodyValues).map((one) => (one as { value: string }).value),
    ['Äpfel', '<p>Äpfel</p>'],
  );
});

test('RFC 8621 §4.6 Email/set create: what is refused, with the properties named', async () => {
  using g = openTestGateway();
  const cases: [object, string[]][] = [
    [{ id: 'M1' }, ['id']],
    [{ headers: [] }, ['headers']],
    [{ 'header:From:asAddresses': [] }, ['from', 'header:From:asAddresses']],
    [{ 'header:Content-Type': 'text/plain' }, ['header:Content-Type']],
    [{ 'header:Subject:asDate': '2026-01-01T00:00:00Z' }, ['header:Subject:asDate']],
    [{ 'header:X-Evil': 'a\r\nBcc: x@example.net' }, ['header:X-Evil']],
    [{ textBody: [{ partId: 'none' }] }, ['textBody']],
    [{ textBody: [{ partId: 't' }, { partId: 't' }] }, ['textBody']],
    [{ textBody: [{ partId: 't', type: 'text/html' }] }, ['textBody']],
    [{ textBody: [{ partId: 't', charset: 'utf-8' }] }, ['textBody']],
    [{ htmlBody: [{ partId: 't', blobId: 'Gzz', type: 'text/html' }] }, ['htmlBody']],
    [{ attachments: [{ blobId: 'Gzz', 'header:Content-Transfer-Encoding': 'base64' }] }, ['attachments']],
    [{ bodyValues: { t: { value: 'x', isTruncated: true }, h: { value: 'y' } } }, ['bodyValues']],
    [{ bodyValues: { t: { value: 'x', isTruncated: true } } }, ['bodyValues', 'htmlBody']],
    [{ bodyValues: 'x' }, ['bodyValues']],
    [{ bodyStructure: { partId: 't', type: 'text/plain' } }, ['textBody', 'htmlBody']],
    [{ receivedAt: 'now' }, ['receivedAt']],
    [{ messageId: ['a@x', 'b@x'] }, ['messageId']],
    [{ mailboxIds: {} }, ['mailboxIds']],
    [{ mailboxIds: { Bzz: true } }, ['mailboxIds']],
    [{ to: 'bob@example.net' }, ['to']],
    [{ to: [{ name: 'a\r\nBcc: b', email: 'bob@example.net' }] }, ['to']],
    [{ to: [{ name: null, email: 'bob@example.net>\r\nBcc: <x@example.net' }] }, ['to']],
  ];
  for (const [patch, properties] of cases) {
    const { notCreated, created } = await g.one('Email/set', { create: { d: draft(g, patch) } });
    assert.equal(created, null, JSON.stringify(patch));
    assert.equal(notCreated.d.type, 'invalidProperties', JSON.stringify(patch));
    assert.deepEqual(notCreated.d.properties.toSorted(), properties.toSorted(), JSON.stringify(patch));
  }
  const two = { [mailboxId(g.box.drafts)]: true, [mailboxId(g.box.inbox)]: true };
  assert.equal(
    (await g.one('Email/set', { create: { d: draft(g, { mailboxIds: two }) } })).notCreated.d.type,
    'tooManyMailboxes',
  );
  assert.equal(g.store.kept.size, 0);
});

test('RFC 8621 §4.8 Email/import: bytes as they are, receivedAt of the trace, errors', async () => {
  using g = openTestGateway();
  const raw = 'Received: by x; Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <i@x>\r\nSubject: imported\r\n\r\nbody';
  const upload = async (bytes: string) =>
    JSON.parse((await g.gateway.upload(g.caller, g.accountId, 'message/rfc822', Buffer.from(bytes))).body.toString());
  const { blobId } = await upload(raw);
  const { blobId: garbage } = await upload('\u0000\u0001 no header at all');
  const mailboxIds = { [mailboxId(g.box.archive)]: true };
  const answer = await g.one('Email/import', {
    emails: {
      ok: { blobId, mailboxIds, keywords: { $seen: true } },
      dated: { blobId, mailboxIds, receivedAt: '2020-02-02T02:02:02Z' },
      lost: { blobId: 'Gzz', mailboxIds },
      garbage: { blobId: garbage, mailboxIds },
      nowhere: { blobId, mailboxIds: {} },
    },
  });
  assert.equal(answer.notCreated.lost.type, 'blobNotFound');
  assert.equal(answer.notCreated.garbage.type, 'invalidEmail');
  assert.equal(answer.notCreated.nowhere.type, 'invalidProperties');
  const { list } = await g.one('Email/get', {
    ids: [answer.created.ok.id, answer.created.dated.id],
    properties: ['subject', 'receivedAt', 'keywords', 'size'],
  });
  assert.deepEqual(
    list.map((email: Record<string, unknown>) => [
      email['subject'],
      email['receivedAt'],
      email['keywords'],
      email['size'],
    ]),
    [
      ['imported', '2026-01-05T10:00:00Z', { $seen: true }, raw.length],
      ['imported', '2020-02-02T02:02:02Z', {}, raw.length],
    ],
  );
  assert.equal(rawOf(g, answer.created.ok.id), raw);
});

test('RFC 8621 §4.8 Email/import with ifInState: the state comes before the blobs; of several in one state one is done', async () => {
  using g = openTestGateway();
  const bytes = Buffer.from('Message-ID: <i@x>\r\nSubject: imported\r\n\r\nbody');
  const { blobId } = JSON.parse(
    (await g.gateway.upload(g.caller, g.accountId, 'message/rfc822', bytes)).body.toString(),
  );
  const mailboxIds = { [mailboxId(g.box.archive)]: true };
  const lost = await g.one('Email/import', { ifInState: 'old', emails: { a: { blobId: 'Gzz', mailboxIds } } });
  assert.equal(lost.type, 'stateMismatch');
  const { state } = await g.one('Email/get', { ids: [] });
  const emails = { a: { blobId, mailboxIds }, b: { blobId, mailboxIds } };
  const answers = await Promise.all([1, 2, 3].map(() => g.one('Email/import', { ifInState: state, emails })));
  const done = answers.filter(({ type }) => type !== 'stateMismatch');
  assert.deepEqual([done.length, Object.keys(done[0].created)], [1, ['a', 'b']]);
  assert.equal(done[0].oldState, state);
  assert.equal(g.store.kept.size, 2, 'no durable copy of what was not imported');
});

test('RFC 8620 §6.1 upload: too large is 413, a stranger account 404, a reader 403', async () => {
  using g = openTestGateway();
  const large = await g.gateway.upload(g.caller, g.accountId, 'a/b', Buffer.alloc(50_000_001));
  assert.equal(large.status, 413);
  assert.equal(JSON.parse(large.body.toString()).limit, 'maxSizeUpload');
  assert.equal((await g.gateway.upload(g.caller, 'Ano', 'a/b', Buffer.alloc(1))).status, 404);
  assert.equal(
    (await g.gateway.upload({ ...g.caller, readOnly: true }, g.accountId, 'a/b', Buffer.alloc(1))).status,
    403,
  );
  const odd = JSON.parse(
    (await g.gateway.upload(g.caller, g.accountId, 'text/html\r\nX: y', Buffer.from('x'))).body.toString(),
  );
  assert.equal(odd.type, 'application/octet-stream');
});
