import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseAddressGroups } from './addresses.ts';
import { buildMessage } from './build.ts';
import { parseEnvelope } from './envelope.ts';
import { fieldValue } from './headers.ts';
import { parseMessage, type ParsedPart, partBytes } from './parse.ts';
import { partText } from './text.ts';
import { decodePart } from './transfer.ts';
import type { Address, AddressGroup, Draft, DraftPart } from './types.ts';

const textPart = (content: string, type = 'text/plain'): DraftPart => ({ type, headers: [], content });
const group = (type: string, content: DraftPart[]): DraftPart => ({ type, headers: [], content });

const draft = (changes: Partial<Draft> = {}): Draft => ({
  from: [{ name: 'Inês Carvalho', email: 'ines@example.org' }],
  sender: null,
  to: [{ name: null, addresses: [{ name: 'Doe, John', email: 'john@example.com' }] }],
  cc: [],
  bcc: [{ name: null, addresses: [{ name: null, email: 'hidden@example.net' }] }],
  replyTo: [],
  subject: 'Grüße',
  messageId: '1@example.org',
  inReplyTo: [],
  references: [],
  date: Date.parse('2026-11-22T03:00:00Z'),
  headers: [],
  body: textPart('Hello'),
  ...changes,
});

const leaves = (part: ParsedPart): ParsedPart[] => (part.parts.length === 0 ? [part] : part.parts.flatMap(leaves));

const leavesOf = (part: DraftPart): DraftPart[] =>
  Array.isArray(part.content) ? part.content.flatMap(leavesOf) : [part];

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
/** Some outside any group, and then groups, which may be empty. */
const groups: fc.Arbitrary<AddressGroup[]> = fc
  .tuple(addresses, fc.array(fc.record({ name: phrase, addresses }, { noNullPrototype: true }), { maxLength: 2 }))
  .map(([single, named]) => (single.length === 0 ? named : [{ name: null, addresses: single }, ...named]));
/** Any text, and what transfer encodings are about: blanks at the end, long lines, dots, what looks like a field or a boundary. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40, size: 'max' }),
      fc.string({ unit: fc.constantFrom(...Array.from('ab =.\t-')), maxLength: 120, size: 'max' }),
      fc.array(word, { maxLength: 40, size: 'max' }).map((words) => words.join(' ')),
      fc.constantFrom('', ' ', '-- ', '.', '> quoted ', 'From here', '    indented', 'table  | x  ', 'x'.repeat(1200)),
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\n'))
  // What a reader takes away: other line ends, NUL, a byte order mark, halves of characters.
  .map((one) => one.toWellFormed().replaceAll(/[\r\0\ufeff]/gu, ''));
const attachment = fc
  .record({
    name: fc
      .string({ unit: fc.constantFrom(...Array.from("abc äß日👩;='%()")), minLength: 1, maxLength: 80, size: 'max' })
      .map((one) => `n${one.trimEnd()}.bin`),
    type: fc.constantFrom('application/pdf', 'image/png', 'text/csv', 'text/plain; charset="iso-8859-1"'),
    cid: email,
    disposition: fc.constantFrom('inline', 'attachment'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 200, size: 'max' }).map((bytes) => Buffer.from(bytes)),
  })
  .map(({ name, type, cid, disposition, bytes }): DraftPart => ({
    type,
    headers: [
      { name: 'Content-Disposition', value: `${disposition}; filename="${name}"` },
      { name: 'Content-ID', value: `<${cid}>` },
    ],
    content: bytes,
  }));
const tree: fc.Arbitrary<DraftPart> = fc.letrec<{ part: DraftPart; leaf: DraftPart }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => group('multipart/mixed', parts)),
  ),
  leaf: fc.oneof(
    text.map((one) => textPart(one)),
    text.map((one) => textPart(one, 'text/html')),
    attachment,
  ),
})).part;

const drafts: fc.Arbitrary<Draft> = fc.record({
  from: addresses.filter((list) => list.length > 0),
  sender: fc.option(address.map((one) => [one])),
  to: groups,
  cc: groups,
  bcc: groups,
  replyTo: groups,
  subject: phrase,
  messageId: email,
  inReplyTo: fc.array(email, { maxLength: 2 }),
  references: fc.array(email, { maxLength: 5 }),
  date: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  headers: fc.constant([{ name: 'X-Mailer', value: 'Postern' }]),
  body: tree,
});

const lists = [
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['replyTo', 'reply-to'],
] as const;

test('what is built is read back as the draft it was', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, async (given) => {
      const raw = await buildMessage(given, { keepBcc: true });
      const { root, header } = parseMessage(raw);
      const envelope = parseEnvelope(raw.subarray(0, root.bodyStart));
      assert.deepEqual(envelope.from, given.from);
      assert.deepEqual(envelope.sender, given.sender ?? []);
      for (const [field, name] of lists) {
        assert.deepEqual(
          envelope[field],
          given[field].flatMap(({ addresses: members }) => members),
        );
        assert.deepEqual(parseAddressGroups(fieldValue(header, name) ?? ''), given[field]);
      }
      assert.equal(envelope.subject, given.subject);
      assert.equal(envelope.messageId, given.messageId);
      assert.deepEqual(envelope.inReplyTo, given.inReplyTo);
      assert.deepEqual(envelope.references, given.references);
      assert.equal(envelope.sentAt, given.date / 1000);
      assert.equal(fieldValue(header, 'x-mailer'), 'Postern');
      const parts = leaves(root);
      const wanted = leavesOf(given.body);
      assert.equal(parts.length, wanted.length);
      for (const [at, part] of parts.entries()) {
        const { content, headers } = wanted[at]!;
        if (typeof content === 'string') assert.equal(partText(partBytes(raw, part), part), content);
        else assert.deepEqual(decodePart(partBytes(raw, part), part), content);
        const name = /filename="(.*)"/.exec(headers[0]?.value ?? '')?.[1];
        assert.deepEqual([part.name, part.cid], [name ?? null, headers[1]?.value.slice(1, -1) ?? null]);
      }
    }),
    { numRuns: 150 },
  );
});

test('every line ends with CRLF, none is over 998 octets or ends in a blank, Bcc is left out', async () => {
  for (const body of [
    group('multipart/alternative', [
      textPart(`${'long '.repeat(400)}\nnext  \n`),
      textPart(`<p>${'x'.repeat(3000)}</p>`, 'text/html'),
    ]),
    textPart('one\ntable  | x  \r\nthree\rfour'),
  ]) {
    const raw = (await buildMessage(draft({ body }))).toString('latin1');
    assert.ok(!/[^\r]\n|\r[^\n]|[\t ]\r\n/.test(raw));
    assert.ok(raw.split('\r\n').every((one) => one.length <= 998));
    assert.ok(!raw.includes('hidden@example.net'));
  }
});

test('a message ends as its text does', async () => {
  for (const end of ['hello', 'hello\n', 'hello \n\n', 'hällo wörld', '日本'])
    for (const type of ['text/plain', 'text/html']) {
      const raw = await buildMessage(draft({ body: textPart(end, type) }));
      const { root } = parseMessage(raw);
      assert.equal(partText(partBytes(raw, root), root), end);
    }
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
      body: group('multipart/mixed', [
        textPart('a'),
        {
          type: 'text/plain\r\nX-Evil: 1',
          headers: [
            { name: 'Content-Disposition', value: `attachment; filename="${evil}"` },
            { name: 'Content-ID\r\nX-Evil', value: evil },
          ],
          content: Buffer.from('a'),
        },
      ]),
    }),
  );
  const { header, root } = parseMessage(raw);
  assert.equal(fieldValue(header, 'bcc'), null);
  assert.ok(!header.some((field) => field.name.toLowerCase() === 'x-evil'));
  assert.ok(!/^X-Evil/im.test(raw.toString('latin1')));
  assert.equal(root.parts.length, 2);
});
