import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseEnvelope } from './envelope.ts';
import { parseMessageIds } from './message-id.ts';

const parse = (...lines: string[]): ReturnType<typeof parseEnvelope> => parseEnvelope(Buffer.from(lines.join('\r\n')));

test('a whole envelope', () => {
  assert.deepEqual(
    parse(
      'Date: Thu, 22 Aug 2002 13:52:59 +0200',
      'FROM: Bob <bob@example.com>',
      'To: ana@example.org,',
      '\t"Carla" <carla@example.org>',
      'Subject: =?utf-8?Q?Gr=C3=BC?=',
      ' =?utf-8?Q?=C3=9Fe?= an alle',
      'Message-ID: <1@x>',
      'In-Reply-To: Your message of Monday <0@x>',
      'References: <a@x>',
      ' <b@x><c@x>',
      'List-Id: "The list" <list.example.org>',
      '',
      'From: body@example.org',
    ),
    {
      subject: 'Grüße an alle',
      from: [{ name: 'Bob', email: 'bob@example.com' }],
      sender: [],
      replyTo: [],
      to: [
        { name: null, email: 'ana@example.org' },
        { name: 'Carla', email: 'carla@example.org' },
      ],
      cc: [],
      bcc: [],
      messageId: '1@x',
      inReplyTo: ['0@x'],
      references: ['a@x', 'b@x', 'c@x'],
      sentAt: 1030017179,
      listId: 'list.example.org',
      bulk: 'list',
    },
  );
});

test('nothing gives an empty envelope', () => {
  const empty = parseEnvelope(Buffer.alloc(0));
  assert.equal(empty.subject, '');
  assert.equal(empty.messageId, null);
  assert.equal(empty.sentAt, null);
  assert.equal(empty.bulk, 'none');
});

test('the last field of a name counts, an empty one does not; LF and CR end lines; blanks before the colon', () => {
  assert.equal(parse('Subject: one', 'Subject: two', 'Subject: ').subject, 'two');
  assert.equal(parseEnvelope(Buffer.from('Subject : a\nX: y\n z\n\nSubject: b')).subject, 'a');
  assert.equal(parseEnvelope(Buffer.from('X: y\rSubject: a\r b\r\rSubject: c')).subject, 'a b');
  assert.equal(parseEnvelope(Buffer.from('no colon here\nSubject: a\n')).subject, 'a');
});

test('bulk: what the splits go by', () => {
  assert.equal(parse('Auto-Submitted: auto-replied').bulk, 'auto');
  assert.equal(parse('Auto-Submitted: no').bulk, 'none');
  assert.equal(parse('List-Unsubscribe: <mailto:x@y>').bulk, 'newsletter');
  assert.equal(parse('List-Unsubscribe: <mailto:x@y>', 'List-Id: <a>', 'Precedence: list').bulk, 'list');
  assert.equal(parse('List-Id: <a>').bulk, 'list');
  assert.equal(parse('Precedence: bulk').bulk, 'auto');
});

test('any bytes give an envelope without NUL', () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.constantFrom('Subject:', 'From:', 'Date:', 'References:', 'List-Id:'),
      (bytes, name) => {
        const envelope = parseEnvelope(Buffer.concat([Buffer.from(name), bytes, Buffer.from('\r\n\r\n')]));
        assert.ok(!JSON.stringify(envelope).includes('\\u0000'));
      },
    ),
  );
});

test('a header of any length is read in one pass', () => {
  const long = (text: string): string => text.repeat(1_000_000);
  assert.deepEqual(parseMessageIds(`${long('<')}a@b`), ['a@b']);
  assert.deepEqual(parseMessageIds(`${long('<')}a@b>`), ['a@b']);
  const header = Buffer.from(`${long('x\n')}Subject: found\n\n`);
  assert.equal(parseEnvelope(header).subject, 'found');
});
