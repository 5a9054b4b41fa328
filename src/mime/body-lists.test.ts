import assert from 'node:assert/strict';
import test from 'node:test';
import { bodyLists, hasAttachment } from './body-lists.ts';
import type { Part } from './types.ts';

/** `type`, `type:name`, `type!` for attachment, `type?` for inline, `type#` with a Content-ID; a list makes a multipart. */
type Sketch = string | [string, ...Sketch[]];

let section = 0;
const build = (sketch: Sketch): Part => {
  const [head, ...children] = typeof sketch === 'string' ? [sketch] : sketch;
  const match = /^([\w/+.-]+)([!?])?(#)?(?::(.+))?$/.exec(head);
  assert.ok(match !== null, head);
  return {
    section: String((section += 1)),
    type: typeof sketch === 'string' ? (match[1] ?? '') : `multipart/${match[1]}`,
    charset: null,
    encoding: '7bit',
    disposition: match[2] === '!' ? 'attachment' : match[2] === '?' ? 'inline' : null,
    name: match[4] ?? null,
    cid: match[3] === '#' ? 'cid' : null,
    language: null,
    location: null,
    encodedSize: 10,
    flowed: false,
    delsp: false,
    parts: children.map(build),
  };
};

const lists = (sketch: Sketch): string => {
  const { text, html, attachments } = bodyLists(build(sketch));
  const show = (parts: Part[]): string =>
    parts.map((part) => part.type + (part.name === null ? '' : `:${part.name}`)).join(',');
  return `${show(text)} | ${show(html)} | ${show(attachments)}`;
};

const cases: [sketch: Sketch, expected: string, clip: boolean][] = [
  ['text/plain', 'text/plain | text/plain | ', false],
  ['text/html', 'text/html | text/html | ', false],
  ['application/pdf:a.pdf', ' |  | application/pdf:a.pdf', true],
  [['alternative', 'text/plain', 'text/html'], 'text/plain | text/html | ', false],
  [['alternative', 'text/plain', 'text/html', 'text/calendar'], 'text/plain | text/html | text/calendar', true],
  [['mixed', 'text/plain', 'application/pdf!:a.pdf'], 'text/plain | text/plain | application/pdf:a.pdf', true],
  [['mixed', 'text/plain', 'text/plain:b.txt'], 'text/plain | text/plain | text/plain:b.txt', true],
  [
    ['mixed', 'text/plain', 'image/jpeg?:photo.jpg', 'text/plain'],
    'text/plain,image/jpeg:photo.jpg,text/plain | text/plain,image/jpeg:photo.jpg,text/plain | ',
    true,
  ],
  [['related', 'text/html', 'image/png#:x.png'], 'text/html | text/html | image/png:x.png', false],
  [['related', ['alternative', 'text/plain', 'text/html'], 'image/png?#'], 'text/plain | text/html | image/png', false],
  [['alternative', 'text/plain', ['related', 'text/html', 'image/png?#']], 'text/plain | text/html | image/png', false],
  [
    ['signed', 'text/plain', 'application/pgp-signature:s.asc'],
    'text/plain | text/plain | application/pgp-signature:s.asc',
    false,
  ],
  [['mixed', 'text/plain', 'message/rfc822'], 'text/plain | text/plain | message/rfc822', true],
  [['alternative', 'text/plain'], 'text/plain | text/plain | ', false],
  [
    ['alternative', ['mixed', 'text/html', 'image/png?:a.png']],
    'text/html,image/png:a.png | text/html,image/png:a.png | image/png:a.png',
    true,
  ],
];

test('RFC 8621 §4.1.4', () => {
  for (const [sketch, expected, clip] of cases) {
    assert.equal(lists(sketch), expected, JSON.stringify(sketch));
    assert.equal(hasAttachment(build(sketch)), clip, JSON.stringify(sketch));
  }
});

/** The example of RFC 8621 §4.1.4, letters as file names. */
test('the example of the RFC', () => {
  const root = build([
    'mixed',
    'text/plain?',
    [
      'mixed',
      [
        'alternative',
        ['mixed', 'text/plain?', 'image/jpeg?:C', 'text/plain?'],
        ['related', 'text/html', 'image/jpeg:F'],
      ],
      'image/jpeg!:G',
      'application/x-excel:H',
      'message/rfc822:J',
    ],
    'text/plain?',
  ]);
  const { text, html, attachments } = bodyLists(root);
  const [a, rest, k] = root.parts;
  const alternative = rest?.parts[0];
  const [b, c, d] = alternative?.parts[0]?.parts ?? [];
  const e = alternative?.parts[1]?.parts[0];
  assert.deepEqual(text, [a, b, c, d, k]);
  assert.deepEqual(html, [a, e, k]);
  assert.deepEqual(
    attachments.map((part) => part.name),
    ['C', 'F', 'G', 'H', 'J'],
  );
});
