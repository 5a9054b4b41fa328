import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { htmlToText } from './html-text.ts';

const cases: [html: string, text: string][] = [
  ['<p>One\n two</p><p>three</p>', 'One two\n\nthree'],
  ['a<br>b<br><br>c', 'a\nb\n\nc'],
  ['<div>a</div><div>b</div>', 'a\nb'],
  ['<ul><li>a<li>b<ul><li>c</ul></ul>x', '- a\n- b\n  - c\n\nx'],
  ['<ol start=3><li>a</li><li>b</li></ol>', '3. a\n4. b'],
  ['<blockquote>a<blockquote>b</blockquote></blockquote>c', '> a\n>\n>> b\n\nc'],
  ['<pre>a\n  b</pre>', 'a\n  b'],
  ['<a href="https://example.org/x">here</a>', 'here <https://example.org/x>'],
  ['<a href="https://example.org/">https://example.org/</a>', 'https://example.org/'],
  ['<a href="mailto:a@b.c">a@b.c</a>', 'a@b.c'],
  ['<a href="javascript:x">y</a>', 'y'],
  ['<table><tr><td>a<td>b<tr><td>c</table>', 'a b\nc'],
  ['<script>x</script><style>y</style><title>z</title>&lt;b&gt; &eacute;&nbsp;&amp;', '<b> é &'],
  ['<p>cut off <a href="https://exam', 'cut off'],
  ['<b>bo</b>ld', 'bold'],
];

test('HTML to text', () => {
  for (const [html, text] of cases) assert.equal(htmlToText(html, { links: true }), text, html);
  assert.equal(htmlToText('<a href="https://example.org/x">here</a> <img alt=pic>'), 'here');
  assert.equal(htmlToText('see <img alt=pic>', { alt: true }), 'see pic');
});

test('any markup gives text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<p>',
      '</p>',
      '<ul>',
      '<li>',
      '</ul>',
      '<a href=x>',
      '</a>',
      '<pre>',
      '<svg>',
      '<!--',
      '-->',
      '<style>',
      '&amp;',
      '<td>',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece),
      (pieces) => typeof htmlToText(pieces.join(''), { links: true, alt: true }) === 'string',
    ),
  );
});

test('a limit cuts the text and changes nothing before it', () => {
  const piece = fc.constantFrom(
    '<p>',
    'word ',
    ' ',
    '<br>',
    '<pre>',
    '</pre>',
    '\n',
    '<img alt=pic>',
    '<li>',
    '&nbsp;',
    '<td>',
    'x',
  );
  fc.assert(
    fc.property(fc.array(piece), fc.nat(40), (pieces, limit) => {
      const html = pieces.join('');
      for (const options of [{}, { links: true, alt: true }])
        assert.equal(htmlToText(html, { ...options, limit }), htmlToText(html, options).slice(0, limit));
    }),
    { numRuns: 1000 },
  );
});

test('one paragraph of millions of words', () => {
  assert.equal(htmlToText('x '.repeat(1_000_000)).length, 1_999_999);
  assert.equal(htmlToText('x<b> </b>'.repeat(400_000)).length, 799_999);
  assert.equal(htmlToText(`<a href=http://x.test/>${'x '.repeat(1_000_000)}`, { links: true }).length, 1_999_999);
});
