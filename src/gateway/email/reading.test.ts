import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

const letter = `Return-Path: <ana@example.net>
Received: by mx.example.org; Mon, 5 Jan 2026 10:00:00 +0000
From: =?utf-8?Q?Ana_L=C3=B3pez?= <ana@example.net>
Sender: "Office" <office@example.net>
To: Team: bob@example.org, "Carla, C." <carla@example.org>;, dan@example.org
Cc: e@example.org
Reply-To: replies@example.net
Subject: =?utf-8?B?SMOpbGxv?=
Date: Mon, 5 Jan 2026 11:30:00 +0130
Message-ID: <one@example.net>
In-Reply-To: <zero@example.net>
References: <root@example.net> <zero@example.net>
List-Unsubscribe: <mailto:off@example.net>, <https://example.net/off>
X-Twice: first
X-Twice: second
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

H=C3=A9llo w=C3=B6rld, how are you?
--a
Content-Type: text/html; charset=utf-8
Content-Language: en

<p>Hello <b>world</b></p>
--a--
--m
Content-Type: application/pdf; name="plan.pdf"
Content-Disposition: attachment; filename="plan.pdf"
Content-Transfer-Encoding: base64
X-Part: yes

JVBERi0xLjQKJcOkw7zDtsOf
--m--
`;

test('RFC 8621 §4.1.1, §4.1.2 Email/get: metadata and convenience headers, from the index alone', async () => {
  using g = openTestGateway();
  const id = g.deliver(letter, { keywords: ['$seen', '$flagged'], receivedAt: 1_767_600_000 });
  const { list, notFound } = await g.one('Email/get', {
    ids: [id],
    properties: [
      'blobId',
      'threadId',
      'mailboxIds',
      'keywords',
      'size',
      'receivedAt',
      'messageId',
      'inReplyTo',
      'references',
      'sender',
      'from',
      'to',
      'cc',
      'bcc',
      'replyTo',
      'subject',
      'sentAt',
      'hasAttachment',
      'preview',
    ],
  });
  const [email] = list;
  assert.deepEqual(notFound, []);
  assert.deepEqual(email.mailboxIds, { [mailboxId(g.box.inbox)]: true });
  assert.deepEqual(email.keywords, { $seen: true, $flagged: true });
  assert.equal(email.size, Buffer.byteLength(letter.replaceAll('\n', '\r\n')));
  assert.equal(email.receivedAt, '2026-01-05T08:00:00Z');
  assert.deepEqual(email.messageId, ['one@example.net']);
  assert.deepEqual(email.inReplyTo, ['zero@example.net']);
  assert.deepEqual(email.references, ['root@example.net', 'zero@example.net']);
  assert.deepEqual(email.from, [{ name: 'Ana López', email: 'ana@example.net' }]);
  assert.deepEqual(email.sender, [{ name: 'Office', email: 'office@example.net' }]);
  assert.deepEqual(
    email.to.map((to: { email: string }) => to.email),
    ['bob@example.org', 'carla@example.org', 'dan@example.org'],
  );
  assert.equal(email.bcc, null);
  assert.equal(email.subject, 'Héllo');
  assert.equal(email.sentAt, '2026-01-05T10:00:00Z');
  assert.equal(email.hasAttachment, true);
  assert.equal(email.preview, 'Héllo wörld, how are you?');
  assert.match(email.blobId, /^G/);
  assert.equal(g.engine.fetched, 0);
});

test('RFC 8621 §4.1.2, §4.1.3 header:* in every form, :all, and which forms a field may not have', async () => {
  using g = openTestGateway();
  const id = g.deliver(letter);
  const wishes = [
    'header:X-Twice',
    'header:x-twice:asText:all',
    'header:Subject:asText',
    'header:Subject',
    'header:From:asAddresses',
    'header:To:asGroupedAddresses',
    'header:References:asMessageIds',
    'header:Date:asDate',
    'header:List-Unsubscribe:asURLs',
    'header:X-None',
    'header:X-None:all',
    'header:Received',
  ];
  const { list } = await g.one('Email/get', { ids: [id], properties: wishes });
  const [email] = list;
  assert.equal(email['header:X-Twice'], ' second');
  assert.deepEqual(email['header:x-twice:asText:all'], ['first', 'second']);
  assert.equal(email['header:Subject:asText'], 'Héllo');
  assert.equal(email['header:Subject'], ' =?utf-8?B?SMOpbGxv?=');
  assert.deepEqual(email['header:From:asAddresses'], [{ name: 'Ana López', email: 'ana@example.net' }]);
  assert.equal(email['header:To:asGroupedAddresses'][0].name, 'Team');
  assert.equal(email['header:To:asGroupedAddresses'][0].addresses.length, 2);
  assert.equal(email['header:To:asGroupedAddresses'][1].name, null);
  assert.deepEqual(email['header:References:asMessageIds'], ['root@example.net', 'zero@example.net']);
  assert.equal(email['header:Date:asDate'], '2026-01-05T10:00:00Z');
  assert.deepEqual(email['header:List-Unsubscribe:asURLs'], ['mailto:off@example.net', 'https://example.net/off']);
  assert.equal(email['header:X-None'], null);
  assert.deepEqual(email['header:X-None:all'], []);
  for (const bad of [
    'header:Subject:asAddresses',
    'header:From:asText',
    'header:Received:asText',
    'header:Date:asMessageIds',
    'header:X:asWhat',
    'header:',
    'header:X:all:asText',
    'nonsense',
  ]) {
    assert.equal((await g.one('Email/get', { ids: [id], properties: [bad] })).type, 'invalidArguments', bad);
  }
});

test('RFC 8621 §4.1.4 bodyStructure, textBody, htmlBody, attachments, headers of parts', async () => {
  using g = openTestGateway();
  const id = g.deliver(letter);
  const { list } = await g.one('Email/get', {
    ids: [id],
    properties: ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'headers', 'bodyValues'],
    bodyProperties: [
      'partId',
      'blobId',
      'size',
      'type',
      'name',
      'disposition',
      'charset',
      'language',
      'header:X-Part:asText',
      'subParts',
    ],
  });
  const [email] = list;
  assert.equal(email.bodyStructure.type, 'multipart/mixed');
  assert.equal(email.bodyStructure.partId, null);
  assert.equal(email.bodyStructure.subParts[0].subParts.length, 2);
  assert.deepEqual(
    email.textBody.map((part: { partId: string }) => part.partId),
    ['1.1'],
  );
  assert.deepEqual(
    email.htmlBody.map((part: { partId: string }) => part.partId),
    ['1.2'],
  );
  assert.deepEqual(email.htmlBody[0].language, ['en']);
  const [pdf] = email.attachments;
  assert.equal(pdf.name, 'plan.pdf');
  assert.equal(pdf.size, 18);
  assert.equal(pdf.charset, null);
  assert.equal(pdf['header:X-Part:asText'], 'yes');
  assert.deepEqual(email.bodyValues, {});
  assert.equal(email.headers[0].name, 'Return-Path');
  const outline = await g.one('Email/get', { ids: [id], properties: ['attachments'] });
  assert.deepEqual(outline.list[0].attachments[0].name, 'plan.pdf');
  assert.equal(
    (await g.one('Email/get', { ids: [id], properties: ['textBody'], bodyProperties: ['what'] })).type,
    'invalidArguments',
  );
});

test('RFC 8621 §4.2 bodyValues: which parts, cut at maxBodyValueBytes without breaking a character or a tag', async () => {
  using g = openTestGateway();
  const id = g.deliver(letter);
  const values = async (args: object) =>
    (await g.one('Email/get', { ids: [id], properties: ['bodyValues'], ...args })).list[0].bodyValues;
  assert.deepEqual(await values({}), {});
  assert.deepEqual(await values({ fetchTextBodyValues: true }), {
    '1.1': { value: 'Héllo wörld, how are you?', isEncodingProblem: false, isTruncated: false },
  });
  assert.deepEqual(Object.keys(await values({ fetchHTMLBodyValues: true })), ['1.2']);
  assert.deepEqual(Object.keys(await values({ fetchAllBodyValues: true })), ['1.1', '1.2']);
  assert.deepEqual((await values({ fetchTextBodyValues: true, maxBodyValueBytes: 2 }))['1.1'], {
    value: 'H',
    isEncodingProblem: false,
    isTruncated: true,
  });
  assert.equal((await values({ fetchHTMLBodyValues: true, maxBodyValueBytes: 11 }))['1.2'].value, '<p>Hello ');
});

test('J15 a subject is null where there is none or an empty one; sentAt is in UTC', async () => {
  using g = openTestGateway();
  const fields = ['X: y', 'Subject:', 'Subject:  ', 'Subject: =?utf-8?Q??=', 'Subject: 0'];
  const date = 'Date: Mon, 5 Jan 2026 00:30:00 +0130';
  const ids = fields.map((field) => g.deliver(`${field}\n${date}\n\nx`));
  const { list } = await g.one('Email/get', { ids, properties: ['subject', 'sentAt'] });
  assert.deepEqual(
    list.map(({ subject }: { subject: string | null }) => subject),
    [null, null, null, null, '0'],
  );
  assert.equal(list[0].sentAt, '2026-01-04T23:00:00Z');
});

test('J16 K8 joinFlowed: paragraphs of a flowed text are joined before it is cut; only with the keep capability', async () => {
  using g = openTestGateway();
  const flowed = 'Content-Type: text/plain; format=flowed; delsp=no\n\n> one \n> two\nmine \nsoft\nhard';
  const ids = [g.deliver(`Subject: x\n${flowed}`), g.deliver('Subject: y\n\nleft \nalone')];
  const args = { ids, properties: ['bodyValues'], fetchTextBodyValues: true };
  const texts = async (more: object): Promise<string[]> =>
    (await g.one('Email/get', { ...args, ...more })).list.map(
      (email: { bodyValues: Record<string, { value: string }> }) => email.bodyValues['1']?.value,
    );
  assert.deepEqual(await texts({}), ['> one \n> two\nmine \nsoft\nhard', 'left \nalone']);
  assert.deepEqual(await texts({ joinFlowed: true }), ['> one two\nmine soft\nhard', 'left \nalone']);
  assert.deepEqual(await texts({ joinFlowed: true, maxBodyValueBytes: 9 }), ['> one two', 'left \nalo']);
  const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
  const call = ['Email/get', { accountId: g.accountId, ...args, joinFlowed: true }, '0'];
  const { answer } = await g.post(JSON.stringify({ using, methodCalls: [call] }));
  assert.equal(answer.methodResponses[0][1].type, 'invalidArguments');
});

test('RFC 8621 §4.1.4 isEncodingProblem for an unknown charset and for broken octets', async () => {
  using g = openTestGateway();
  const isProblem = async (fields: string, body: string): Promise<boolean> => {
    const id = g.deliver(`Subject: x\n${fields}\n\n${body}`);
    const { list } = await g.one('Email/get', { ids: [id], properties: ['bodyValues'], fetchTextBodyValues: true });
    const [value] = Object.values<{ isEncodingProblem: boolean }>(list[0].bodyValues);
    return value!.isEncodingProblem;
  };
  const text = (charset: string, body: string) => isProblem(`Content-Type: text/plain; charset=${charset}`, body);
  const utf8 = Buffer.from('für').toString('latin1');
  const base64 = 'text/plain; charset=shift_jis\nContent-Transfer-Encoding: base64';
  const iso2022 = '\x1b$B%F%9%H\x1b(B';
  assert.equal(await text('martian-1', 'hello'), true);
  assert.equal(await isProblem(`Content-Type: ${base64}`, 'gf+B'), true);
  assert.equal(await isProblem('Content-Transfer-Encoding: martian', 'hello'), true);
  for (const charset of ['utf-8', 'utf8mb4', 'us-ascii']) {
    assert.equal(await text(charset, 'f\xfcr'), true, charset);
    assert.equal(await text(charset, utf8), false, charset);
  }
  assert.equal(await isProblem('X-No: type', 'f\xfcr'), true, 'ASCII is what is not declared');
  assert.equal(await text('iso-8859-1', 'f\xfcr'), false);
  assert.equal(await text('iso-2022-jp', iso2022), false);
  assert.equal(await text('iso-2022-jp', `${iso2022}\x1b$B%`), true);
  assert.equal(await text('utf-8', Buffer.from('\ufffd').toString('latin1')), false, 'it may stand there');
  assert.equal(await isProblem('Content-Type: text/html', '<meta charset=iso-8859-1><p>f\xfcr'), false);
});

test('RFC 8620 §3.6.2 J13 serverUnavailable when the mail server is away, notFound when it lost the message', async () => {
  using g = openTestGateway();
  const id = g.deliver(letter);
  const args = { ids: [id], properties: ['bodyValues'], fetchTextBodyValues: true };
  g.engine.setStatus({ at: 'away', since: 0, retryAt: 1000, code: 'net/away', words: null });
  assert.deepEqual(await g.one('Email/get', args), {
    type: 'serverUnavailable',
    description: 'The mail server cannot be reached now. Try again in a moment.',
  });
  g.engine.setStatus({ at: 'live' });
  g.engine.raws.clear();
  assert.deepEqual((await g.one('Email/get', args)).notFound, [id]);
});

test('J14 previews that are not known are asked for once they are on a page', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: x\n\n');
  await g.one('Email/get', { ids: [id], properties: ['preview'] });
  assert.equal(g.engine.previewed.length, 1);
});

test('J18 a body value is cut at five million octets where no limit is named, and says so', async () => {
  using g = openTestGateway();
  const id = g.deliver(`Subject: x\n\n${'a'.repeat(5_000_001)}`);
  const value = async (more: object) => {
    const args = { ids: [id], properties: ['bodyValues'], fetchAllBodyValues: true, ...more };
    const [one] = Object.values((await g.one('Email/get', args)).list[0].bodyValues) as [
      { value: string; isTruncated: boolean },
    ];
    return [one.value.length, one.isTruncated];
  };
  assert.deepEqual(await value({}), [5_000_000, true]);
  assert.deepEqual(await value({ maxBodyValueBytes: 6_000_000 }), [5_000_001, false]);
});

test('J10 the size of a quoted-printable part is that of its encoded octets unless the message is read', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A4=C3=B6=C3=BC');
  const size = async (more: object) =>
    (await g.one('Email/get', { ids: [id], properties: ['textBody', 'bodyValues'], ...more })).list[0].textBody[0].size;
  assert.deepEqual([await size({}), await size({ fetchAllBodyValues: true })], [18, 6]);
});

test('J10 the size of a base64 part is told within a few octets unless the message is read', async () => {
  using g = openTestGateway();
  const lines = Buffer.alloc(10_000, 7).toString('base64').replaceAll(/.{76}/gu, '$&\n');
  const id = g.deliver(
    `Subject: x\nMIME-Version: 1.0\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n${lines}`,
  );
  const size = async (more: object) =>
    (await g.one('Email/get', { ids: [id], properties: ['textBody', 'bodyValues'], ...more })).list[0].textBody[0].size;
  const [guessed, read] = [await size({}), await size({ fetchAllBodyValues: true })];
  assert.ok(Math.abs(guessed - 10_000) < 10, String(guessed));
  assert.equal(read, 10_000);
});

test('J35 an answer is of bounded length, and says so', async () => {
  using g = openTestGateway();
  const text = `Subject: long\n\n${'x'.repeat(4_900_000)}`;
  const whole = { ids: Array.from({ length: 26 }, () => g.deliver(text)), properties: ['bodyValues'] };
  const { ids } = whole;
  const all = await g.one('Email/get', { ...whole, fetchAllBodyValues: true });
  assert.deepEqual([all.type, all.description], ['requestTooLarge', 'Ask for fewer messages at once.']);
  const half = { ...whole, ids: ids.slice(0, 12), fetchAllBodyValues: true };
  const answers = await g.call(['Email/get', half], ['Email/get', half], ['Email/get', half], ['Mailbox/get', {}]);
  assert.deepEqual(
    answers.map(([name, { type = null }]) => [name, type]),
    [
      ['Email/get', null],
      ['Email/get', null],
      ['error', 'requestTooLarge'],
      ['error', 'requestTooLarge'],
    ],
  );
});
