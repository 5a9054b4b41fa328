import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openTestGateway, type TestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

test('RFC 8621 §4.6 J28 no header field is named twice, in a part or in the message and the part that is all of it', async () => {
  using g = openTestGateway();
  const whole = { mailboxIds: { [mailboxId(g.box.drafts)]: true }, from: [{ email: 'ana@example.org' }], subject: 's' };
  const part = (more: object): object => ({ partId: 'a', ...more });
  const root = (more: object): object => ({ ...whole, bodyStructure: part(more), bodyValues: { a: { value: 'x' } } });
  const cases: [object, string[]][] = [
    [root({ 'header:From:asAddresses': [{ email: 'bob@demo.test' }] }), ['bodyStructure', 'from']],
    [root({ 'header:subject:asText': 'second' }), ['bodyStructure', 'subject']],
    [root({ 'header:MIME-Version': '1.0' }), ['bodyStructure']],
    [root({ 'header:X-A': '1', 'header:x-a:asText': '2' }), ['bodyStructure']],
    [root({ type: 'text/plain', 'header:Content-Type:asText': 'text/html' }), ['bodyStructure']],
    [root({ 'header:Content-Type': 'multipart/mixed; boundary=q' }), ['bodyStructure']],
    [root({ 'header:Content-Type': 'text/plain; charset=koi8-r' }), ['bodyStructure']],
    [root({ 'header:Content-Type': 'image/png' }), ['bodyStructure']],
    [root({ disposition: 'inline', 'header:Content-Disposition': 'attachment' }), ['bodyStructure']],
    [root({ name: 'a.txt', 'header:content-disposition': 'attachment' }), ['bodyStructure']],
    [root({ cid: 'a@x', 'header:Content-ID:asMessageIds': ['b@x'] }), ['bodyStructure']],
    [root({ language: ['de'], 'header:Content-Language': 'en' }), ['bodyStructure']],
    [root({ location: 'a', 'header:Content-Location': 'b' }), ['bodyStructure']],
    [root({ 'header:Content-Description:all': ['a', 'b'] }), ['bodyStructure']],
    [{ ...root({}), 'header:X-A': '1', bodyStructure: part({ 'header:X-A': '2' }) }, ['bodyStructure', 'header:X-A']],
    [{ ...root({}), bodyStructure: null, textBody: [part({ 'header:From': 'bob@demo.test' })] }, ['from', 'textBody']],
    [
      root({ partId: null, type: 'multipart/mixed', subParts: [part({ 'header:X-A': '1', 'header:x-A': '2' })] }),
      ['bodyStructure'],
    ],
    [
      { ...root({}), attachments: [{ blobId: 'Gzz', charset: 'utf-8', 'header:Content-Type': 'text/csv' }] },
      ['attachments'],
    ],
  ];
  for (const [create, properties] of cases) {
    const { notCreated, created } = await g.one('Email/set', { create: { d: create } });
    assert.equal(created, null, JSON.stringify(create));
    assert.deepEqual(notCreated.d.properties.toSorted(), properties, JSON.stringify(create));
  }
  const { created } = await g.one('Email/set', {
    create: {
      d: root({
        'header:Bcc:asAddresses': [{ email: 'hidden@example.net' }],
        'header:X-A:all': ['1', '2'],
        'header:Content-Description': 'all of it',
      }),
      parts: {
        ...whole,
        bodyStructure: { type: 'multipart/mixed', subParts: [part({ 'header:X-A:all': ['1', '2'] })] },
        bodyValues: { a: { value: 'x' } },
      },
    },
  });
  const below = await g.one('Email/get', {
    ids: [created.parts.id],
    properties: ['textBody'],
    bodyProperties: ['header:X-A:all'],
  });
  assert.deepEqual(below.list[0].textBody, [{ 'header:X-A:all': [' 1', ' 2'] }]);
  const { list } = await g.one('Email/get', {
    ids: [created.d.id],
    properties: ['bcc', 'header:X-A:all', 'header:Content-Description', 'header:From:all', 'header:MIME-Version:all'],
  });
  assert.deepEqual(list[0], {
    id: created.d.id,
    bcc: [{ name: null, email: 'hidden@example.net' }],
    'header:X-A:all': [' 1', ' 2'],
    'header:Content-Description': ' all of it',
    'header:From:all': [' ana@example.org'],
    'header:MIME-Version:all': [' 1.0'],
  });
});

/** What Email/get reads of the texts of one Email, by type. */
const textsOf = async (g: TestGateway, id: string): Promise<Record<string, string>> => {
  const { list } = await g.one('Email/get', {
    ids: [id],
    properties: ['bodyStructure', 'textBody', 'htmlBody', 'bodyValues'],
    fetchAllBodyValues: true,
  });
  const [{ textBody, htmlBody, bodyValues }] = list;
  return Object.fromEntries([...textBody, ...htmlBody].map(({ type, partId }) => [type, bodyValues[partId].value]));
};

test('J27 RFC 8621 §4.6 any text is read back as it was given, three saves long, alone and beside an HTML', async () => {
  using g = openTestGateway();
  const mailboxIds = { [mailboxId(g.box.drafts)]: true };
  const line = fc.oneof(
    fc.constantFrom(
      `${'a paragraph of words '.repeat(11)}`,
      '    indented',
      'From here',
      '> quoted ',
      'table  | x  ',
      '-- ',
      '',
      '.',
      'x'.repeat(1000),
    ),
    fc.string({ unit: 'binary', maxLength: 100, size: 'max' }),
  );
  const text = fc
    .array(line, { maxLength: 5 })
    .map((lines) => lines.join('\n'))
    .map((one) => one.toWellFormed().replaceAll(/[\r\0\ufeff]/gu, ''));
  const forms: object[] = [
    { textBody: [{ partId: 't', type: 'text/plain' }] },
    { htmlBody: [{ partId: 'h' }] },
    { textBody: [{ partId: 't' }], htmlBody: [{ partId: 'h' }] },
    { bodyStructure: { partId: 't', type: 'text/plain' } },
    { bodyStructure: { partId: 't', 'header:Content-Type': 'text/plain; charset=UTF-8; format=flowed' } },
    { bodyStructure: { type: 'multipart/mixed', subParts: [{ partId: 't' }, { partId: 'h', type: 'text/html' }] } },
  ];
  await fc.assert(
    fc.asyncProperty(text, text, fc.constantFrom(...forms), async (plain, html, form) => {
      let values: Record<string, string> = { 'text/plain': plain, 'text/html': html };
      for (let round = 0; round < 3; round += 1) {
        const bodyValues = { t: { value: values['text/plain'] ?? '' }, h: { value: values['text/html'] ?? '' } };
        const { created } = await g.one('Email/set', {
          create: { d: { mailboxIds, bodyValues, ...form } },
        });
        values = await textsOf(g, created.d.id);
        assert.ok(Object.keys(values).length > 0);
        for (const [type, value] of Object.entries(values)) assert.equal(value, type === 'text/html' ? html : plain);
      }
    }),
    { numRuns: 100 },
  );
});

test('J27 format=flowed is the word of who writes; the charset of an attached text stays', async () => {
  using g = openTestGateway();
  const upload = await g.gateway.upload(g.caller, g.accountId, 'text/plain', Buffer.from('Gr\xfc\xdfe\n', 'latin1'));
  const { blobId } = JSON.parse(upload.body.toString());
  const create = {
    mailboxIds: { [mailboxId(g.box.drafts)]: true },
    bodyValues: { t: { value: 'soft \nbreak' } },
    textBody: [{ partId: 't', 'header:Content-Type': 'text/plain; format=flowed' }],
    attachments: [{ blobId, type: 'text/plain', charset: 'iso-8859-1', name: 'a.txt', disposition: 'attachment' }],
  };
  const { created } = await g.one('Email/set', { create: { d: create } });
  const { list } = await g.one('Email/get', {
    ids: [created.d.id],
    properties: ['textBody', 'attachments', 'bodyValues'],
    bodyProperties: ['partId', 'type', 'charset', 'name', 'blobId', 'header:Content-Type'],
    fetchAllBodyValues: true,
  });
  const [{ textBody, attachments, bodyValues }] = list;
  assert.equal(textBody[0]['header:Content-Type'], ' text/plain; format=flowed; charset=utf-8');
  assert.equal(bodyValues[textBody[0].partId].value, 'soft \nbreak');
  assert.deepEqual([attachments[0].charset, attachments[0].name], ['iso-8859-1', 'a.txt']);
  assert.equal(bodyValues[attachments[0].partId].value, 'Grüße\n');
  const again = await g.one('Email/set', {
    create: { d: { ...create, attachments: [{ blobId: attachments[0].blobId }] } },
  });
  const after = await g.one('Email/get', { ids: [again.created.d.id], properties: ['attachments'] });
  const { charset, name, type } = after.list[0].attachments[0];
  assert.deepEqual([charset, name, type], ['iso-8859-1', 'a.txt', 'text/plain']);
});
