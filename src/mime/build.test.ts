import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bodyLists } from './body-lists.ts';
import { buildMessage } from './build.ts';
import { parseEnvelope } from './envelope.ts';
import { headerText, parseMessage, type ParsedPart, partBytes } from './parse.ts';
import { partText, unflow } from './text.ts';
import { decodePart } from './transfer.ts';
import type { Address, Draft } from './types.ts';

const draft = (changes: Partial<Draft> = {}): Draft => ({
  from: [{ name: 'Inês Carvalho', email: 'ines@example.org' }],
  sender: null,
  to: [{ name: 'Doe, John', email: 'john@example.com' }],
  cc: [],
  bcc: [{ name: null, email: 'hidden@example.net' }],
  replyTo: [],
  subject: 'Grüße',
  messageId: '1@example.org',
  inReplyTo: [],
  references: [],
  date: Date.parse('2026-11-22T03:00:00Z'),
  text: 'Hello',
  html: null,
  attachments: [],
  headers: [],
  ...changes,
});

const leaves = (part: ParsedPart): ParsedPart[] => (part.parts.length === 0 ? [part] : part.parts.flatMap(leaves));

const word = fc.string({
  unit: fc.constantFrom(...Array.from('abcXYZ019äéß日本👩,;:"()<>@\\.-_=?&')),
  minLength: 1,
  maxLength: 12,
});
const phrase = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
const atom = fc
  .string({ unit: fc.constantFrom(...Array.from('abcxyz019-')), minLength: 1, maxLength: 10 })
  .map((text) => `a${text.replaceAll('-', '')}`);
const email = fc.tuple(atom, atom).map(([local, domain]) => `${local}@${domain}.example.org`);
const address: fc.Arbitrary<Address> = fc.record({ name: fc.option(phrase), email }, { noNullPrototype: true });
const addresses = fc.uniqueArray(address, { maxLength: 4, selector: (one) => one.email });
const line = fc
  .array(word, { maxLength: 20 })
  .map((words) => words.join(' '))
  .filter((text) => !text.startsWith('>') && !/^-- ?$/.test(text));
const body = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join('\n'));
const attachment = fc.record({
  name: fc.option(
    fc
      .string({ unit: fc.constantFrom(...Array.from('abc äß日👩;"=\'%()')), minLength: 1, maxLength: 80 })
      .map((text) => `n${text.trimEnd()}.bin`),
  ),
  type: fc.constantFrom('application/pdf', 'image/png', 'text/csv'),
  cid: fc.option(email),
  inline: fc.boolean(),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

const drafts: fc.Arbitrary<Draft> = fc.record({
  from: addresses.filter((list) => list.length > 0),
  sender: fc.option(address.map((one) => [one])),
  to: addresses,
  cc: addresses,
  bcc: addresses,
  replyTo: addresses,
  subject: phrase,
  messageId: email,
  inReplyTo: fc.array(email, { maxLength: 2 }),
  references: fc.array(email, { maxLength: 5 }),
  date: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  text: fc.option(body),
  html: fc.option(body.map((text) => `<p>${text}</p>`)),
  attachments: fc.array(attachment, { maxLength: 3 }),
  headers: fc.constant([{ name: 'X-Mailer', value: 'Postern' }]),
});

test('what is built is read back as the draft it was', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, async (given) => {
      const raw = await buildMessage(given, { keepBcc: true });
      const { root, header } = parseMessage(raw);
      const envelope = parseEnvelope(raw.subarray(0, root.bodyStart));
      assert.deepEqual(envelope.from, given.from);
      assert.deepEqual(envelope.sender, given.sender ?? []);
      for (const field of ['to', 'cc', 'bcc', 'replyTo'] as const) assert.deepEqual(envelope[field], given[field]);
      assert.equal(envelope.subject, given.subject);
      assert.equal(envelope.messageId, given.messageId);
      assert.deepEqual(envelope.inReplyTo, given.inReplyTo);
      assert.deepEqual(envelope.references, given.references);
      assert.equal(envelope.sentAt, given.date / 1000);
      assert.equal(headerText(header, 'x-mailer'), 'Postern');
      const parts = leaves(root);
      const texts = (type: string): string[] =>
        parts
          .filter((part) => part.type === type && part.name === null && part.disposition === null)
          .map((part) => partText(partBytes(raw, part), part));
      // A message ends with a line end, whether its text did or not.
      const end = (text: string): string => text.replace(/ *$/gm, '').replace(/\n+$/, '');
      if (given.text !== null) assert.equal(end(unflow(texts('text/plain')[0] ?? '', false)), end(given.text));
      if (given.html !== null) assert.equal(end(texts('text/html')[0] ?? ''), end(given.html));
      const got = parts.filter((part) => part.disposition !== null);
      const key = (one: { name: string | null; bytes: Buffer; cid: string | null }): string =>
        `${one.name} ${one.cid} ${one.bytes.toString('hex')}`;
      assert.deepEqual(
        got
          .map((part) => key({ name: part.name, cid: part.cid, bytes: decodePart(partBytes(raw, part), part) }))
          .sort(),
        given.attachments.map(key).sort(),
      );
    }),
    { numRuns: 150 },
  );
});

test('every line ends with CRLF, none is over 998 octets, Bcc is left out', async () => {
  const raw = await buildMessage(draft({ text: `${'long '.repeat(400)}\nnext`, html: `<p>${'x'.repeat(3000)}</p>` }));
  const text = raw.toString('latin1');
  assert.ok(!/[^\r]\n|\r[^\n]/.test(text));
  assert.ok(text.split('\r\n').every((one) => one.length <= 998));
  assert.ok(!text.includes('hidden@example.net'));
});

test('line breaks in values start no field', async () => {
  const evil = 'x\r\nBcc: evil@example.org\r\n\r\nbody';
  const raw = await buildMessage(
    draft({
      subject: evil,
      messageId: evil,
      from: [{ name: evil, email: `a@b\r\nX-Evil: 1` }],
      references: [evil],
      headers: [{ name: 'X-A\r\nX-Evil', value: evil }],
      attachments: [{ name: evil, type: 'text/plain\r\nX-Evil: 1', cid: evil, inline: false, bytes: Buffer.from('a') }],
    }),
  );
  const { header, root } = parseMessage(raw);
  assert.equal(headerText(header, 'bcc'), null);
  assert.ok(!header.some((field) => field.name.toLowerCase() === 'x-evil'));
  assert.ok(!/^X-Evil/im.test(raw.toString('latin1')));
  assert.equal(root.parts.length, 2);
});

test('an inline image lies beside the HTML, a file after it', async () => {
  const bytes = Buffer.from('png');
  const raw = await buildMessage(
    draft({
      html: '<img src="cid:a@b">',
      attachments: [
        { name: 'a.png', type: 'image/png', cid: 'a@b', inline: true, bytes },
        { name: 'b.pdf', type: 'application/pdf', cid: null, inline: false, bytes },
      ],
    }),
  );
  const { root } = parseMessage(raw);
  assert.deepEqual(
    leaves(root).map((part) => `${part.section} ${part.type}`),
    ['1.1 text/plain', '1.2.1 text/html', '1.2.2 image/png', '2 application/pdf'],
  );
  const { text, html, attachments } = bodyLists(root);
  assert.deepEqual([text.length, html.length, attachments.length], [1, 1, 2]);
  assert.equal(leaves(root)[0]?.flowed, true);
});
