import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';

test('RFC 8621 §4.9 Email/parse: a message within a message, and what is none', async () => {
  using g = openTestGateway();
  const inner =
    'From: in@example.net\nSubject: inside\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\ntext\n--i\nContent-Type: text/csv; name=t.csv\nContent-Disposition: attachment\n\na;b\n--i--\n';
  const id = g.deliver(
    `Subject: outside\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\nsee below\n--o\nContent-Type: message/rfc822\n\n${inner}\n--o--\n`,
  );
  const { list } = await g.one('Email/get', { ids: [id], properties: ['attachments'] });
  const { blobId } = list[0].attachments[0];
  const { blobId: text } = (await g.one('Email/get', { ids: [id], properties: ['textBody'] })).list[0].textBody[0];
  const answer = await g.one('Email/parse', {
    blobIds: [blobId, 'Gzz', text],
    properties: ['subject', 'from', 'id', 'bodyValues', 'attachments', 'header:Subject:asText'],
    fetchTextBodyValues: true,
  });
  const parsed = answer.parsed[blobId];
  assert.equal(parsed.subject, 'inside');
  assert.equal(parsed.id, null);
  assert.equal(parsed['header:Subject:asText'], 'inside');
  assert.deepEqual(
    Object.values(parsed.bodyValues).map((one) => (one as { value: string }).value),
    ['text'],
  );
  assert.deepEqual(answer.notFound, ['Gzz']);
  assert.deepEqual(answer.notParsable, [text]);
  const csv = await g.gateway.download(g.caller, g.accountId, parsed.attachments[0].blobId);
  const chunks: Buffer[] = [];
  for await (const chunk of csv?.chunks ?? []) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'a;b');
  assert.equal(csv?.type, 'text/csv');
});

test('J19 Email/parse has of convenience properties what the header forms have, Email/get what the index knows', async () => {
  using g = openTestGateway();
  const raw = 'To: undisclosed-recipients:;\nFrom: \nMessage-ID: broken\nSubject: x\nDate: never\n\ntext';
  const forms = {
    to: 'header:To:asAddresses',
    from: 'header:From:asAddresses',
    cc: 'header:Cc:asAddresses',
    messageId: 'header:Message-ID:asMessageIds',
    references: 'header:References:asMessageIds',
    subject: 'header:Subject:asText',
    sentAt: 'header:Date:asDate',
  };
  const properties = [...Object.keys(forms), ...Object.values(forms)];
  const id = g.deliver(raw);
  const [email] = (await g.one('Email/get', { ids: [id], properties: [...properties, 'blobId'] })).list;
  const parsed = (await g.one('Email/parse', { blobIds: [email.blobId], properties })).parsed[email.blobId];
  for (const [name, form] of Object.entries(forms)) {
    assert.deepEqual(parsed[name], parsed[form], name);
    assert.deepEqual(parsed[form], email[form], name);
  }
  assert.deepEqual([parsed.to, parsed.from, parsed.cc, parsed.messageId], [[], [], null, null]);
  assert.deepEqual([email.to, email.from, email.cc, email.messageId], [null, null, null, ['broken']]);
});
