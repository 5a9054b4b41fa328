import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDraft } from '#upstream/draft.ts';
import { intents, openTestGateway, type TestGateway } from '../fixture.ts';
import { emailNumber, mailboxId } from '../ids.ts';
import { readRecord } from '../records.ts';

const rawOf = (g: TestGateway, id: string): string =>
  g.index.read((reader) => {
    const email = reader.email(emailNumber(id)!);
    return reader.body(email!.row, 'raw')!.toString('utf8');
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
  assert.doesNotMatch(record.sealed.toString('latin1'), /Hello/);
  const { raw } = decodeDraft(await readRecord(g.caller.host, record));
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

test('J23 a draft on the server goes only after the one that replaces it', async () => {
  using g = openTestGateway();
  const old = g.deliver('Subject: old draft\n\nx', { mailbox: g.box.drafts, keywords: ['$draft'] });
  await g.one('Email/set', { create: { d: draft(g) }, destroy: [old] });
  const due = Object.fromEntries(intents(g).map((intent) => [intent.want.kind, intent.dueAt]));
  assert.ok(due['destroy']! > due['append']!);
});

test('RFC 8621 §4.6 attachments: uploads, parts of other messages, whole messages; blobNotFound names them', async () => {
  using g = openTestGateway();
  const upload = await g.gateway.upload(g.caller, g.accountId, 'image/png', Buffer.from('png!'));
  assert.equal(upload.status, 200);
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

test('J42 groups of addresses stay groups, in whichever form they are given, and in what is imported', async () => {
  using g = openTestGateway();
  const mailboxIds = { [mailboxId(g.box.drafts)]: true };
  const groups = [
    { name: 'Freunde, für "immer"', addresses: [{ name: 'Ana, B.', email: 'a@example.org' }] },
    { name: null, addresses: [{ name: null, email: 'c@example.org' }] },
    { name: 'undisclosed-recipients', addresses: [] },
  ];
  const raw = '"Freunde, für \\"immer\\"": "Ana, B." <a@example.org>;, c@example.org, undisclosed-recipients:;';
  const { created } = await g.one('Email/set', {
    create: {
      grouped: { mailboxIds, 'header:To:asGroupedAddresses': groups },
      raw: { mailboxIds, 'header:To': raw },
      foreign: { mailboxIds, 'header:To': '日本 <a@example.org>', 'header:Reply-To:asGroupedAddresses': groups },
    },
  });
  const imported = await g.one('Email/import', { emails: { again: { mailboxIds, blobId: created.grouped.blobId } } });
  const [grouped, given, foreign, again] = (
    await g.one('Email/get', {
      ids: [created.grouped.id, created.raw.id, created.foreign.id, imported.created.again.id],
      properties: ['to', 'header:To:asGroupedAddresses', 'header:Reply-To:asGroupedAddresses'],
    })
  ).list;
  const to = [
    { name: 'Ana, B.', email: 'a@example.org' },
    { name: null, email: 'c@example.org' },
  ];
  for (const email of [grouped, given, again]) {
    assert.deepEqual(email['header:To:asGroupedAddresses'], groups);
    assert.deepEqual(email.to, to);
  }
  assert.deepEqual(foreign.to, [{ name: '日本', email: 'a@example.org' }]);
  assert.deepEqual(foreign['header:Reply-To:asGroupedAddresses'], groups);
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
