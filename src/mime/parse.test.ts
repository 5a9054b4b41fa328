import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { bodyLists } from './body-lists.ts';
import { parseEnvelope } from './envelope.ts';
import { fieldValue } from './headers.ts';
import { findPart, MAX_DEPTH, MAX_PARTS, type ParsedPart, parseMessage, partBytes, partHeader } from './parse.ts';
import { partText } from './text.ts';

const corpus = join(import.meta.dirname, '../../test/corpus/mime');

/** Only what differs from the usual, so that the expected files can be read. */
const show = (raw: Buffer, part: ParsedPart): Record<string, unknown> => ({
  section: part.section,
  type: part.type,
  ...(part.charset === null ? {} : { charset: part.charset }),
  ...(part.encoding === '7bit' ? {} : { encoding: part.encoding }),
  ...(part.disposition === null ? {} : { disposition: part.disposition }),
  ...(part.name === null ? {} : { name: part.name }),
  ...(part.cid === null ? {} : { cid: part.cid }),
  ...(part.language === null ? {} : { language: part.language }),
  ...(part.location === null ? {} : { location: part.location }),
  ...(part.flowed ? { flowed: true, delsp: part.delsp } : {}),
  ...(part.parts.length > 0
    ? { parts: part.parts.map((one) => show(raw, one)) }
    : { text: partText(partBytes(raw, part), part) }),
});

const describe = (raw: Buffer): unknown => {
  const { root } = parseMessage(raw);
  const { subject, from, to } = parseEnvelope(raw.subarray(0, root.bodyStart));
  const { text, html, attachments } = bodyLists(root);
  const sections = (parts: ParsedPart[]): string => parts.map((part) => part.section).join(' ');
  return {
    subject,
    from,
    to,
    root: show(raw, root),
    lists: { text: sections(text), html: sections(html), attachments: sections(attachments) },
  };
};

for (const folder of ['malformed', 'structure']) {
  for (const name of readdirSync(join(corpus, folder)).filter((one) => one.endsWith('.eml'))) {
    test(`${folder}/${name}`, () => {
      const got = describe(readFileSync(join(corpus, folder, name)));
      const file = join(corpus, folder, name.replace('.eml', '.json'));
      // POSTERN_CORPUS=write makes the expected files of new messages; they are read before they are committed.
      if (process.env['POSTERN_CORPUS'] === 'write') writeFileSync(file, `${JSON.stringify(got, null, 2)}\n`);
      assert.deepEqual(got, JSON.parse(readFileSync(file, 'utf8')));
    });
  }
}

test('depth and number of parts have limits, what lies behind them is a leaf', () => {
  let raw = 'x\n';
  for (let i = 0; i < MAX_DEPTH + 50; i += 1)
    raw = `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n${raw}\n--b${i}--\n`;
  let depth = 0;
  for (let part: ParsedPart | undefined = parseMessage(Buffer.from(raw)).root; part !== undefined; part = part.parts[0])
    depth += 1;
  assert.equal(depth, MAX_DEPTH + 1);
  const many = parseMessage(
    Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(MAX_PARTS + 500)}--b--\n`),
  );
  assert.ok(many.root.parts.length <= MAX_PARTS);
  const forwarded = parseMessage(Buffer.from('Content-Type: message/rfc822\n\n'.repeat(500)));
  assert.equal(forwarded.root.section, '1');
});

test('parts are found by section and have their own header', () => {
  const raw = readFileSync(join(corpus, 'structure/message-in-message.eml'));
  const { root } = parseMessage(raw);
  const inner = findPart(root, '2.TEXT');
  assert.equal(inner?.type, 'multipart/alternative');
  assert.equal(inner === undefined ? null : fieldValue(partHeader(raw, inner), 'Subject'), 'inner');
  assert.equal(findPart(root, '2.2.1')?.type, 'text/plain');
  assert.equal(findPart(root, '9'), undefined);
});

test('any bytes give a tree whose parts lie in their parents', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\n',
      '\r\n',
      '\r',
      '--x',
      '--x--',
      '--y',
      'Content-Type: multipart/mixed; boundary=x\n\n',
      'Content-Type: multipart/mixed; boundary=y\n\n',
      'Content-Type: message/rfc822\n\n',
      'A: b\n',
      ' c\n',
      '\n\n',
    ),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const check = (part: ParsedPart): void => {
    assert.ok(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd);
    for (const child of part.parts) {
      assert.ok(child.headerStart >= part.bodyStart && child.bodyEnd <= part.bodyEnd);
      check(child);
    }
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40, size: 'max' }), (pieces) =>
      check(parseMessage(Buffer.from(pieces.join(''), 'latin1')).root),
    ),
    { numRuns: 500 },
  );
});
