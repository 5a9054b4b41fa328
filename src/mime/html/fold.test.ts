import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  attribution,
  findTail,
  type FoldedTail,
  forwarded,
  originalMessage,
  type Reach,
  reachOfElement,
} from './fold.ts';
import { sanitizeMail } from './sanitize.ts';
import {
  attributeOf,
  type Document,
  type Element,
  findElement,
  isElement,
  isHtml,
  isText,
  type Node,
  parseTree,
  textOf,
} from './tree.ts';

// The rules read one by one, each node asked anew: what `findTail` has to say on every tree, in quadratic time.

const isVisible = (node: Node): boolean => {
  if (isText(node)) return /[^\s\u00a0\u200b\ufeff]/.test(node.value);
  if (!isElement(node) || ['style', 'script', 'title', 'meta', 'link', 'head', 'template'].includes(node.tagName))
    return false;
  if (node.tagName === 'img') return Number.parseInt(attributeOf(node, 'width') ?? '9', 10) > 2;
  return node.childNodes.some(isVisible);
};

const siblings = (node: Node): { before: Node[]; after: Node[] } => {
  const all: Node[] = node.parentNode === null ? [] : node.parentNode.childNodes;
  const at = all.indexOf(node);
  return { before: all.slice(0, at), after: all.slice(at + 1) };
};

const ancestors = (node: Node): Element[] => {
  const chain: Element[] = [];
  for (let at = node.parentNode; at !== null && isElement(at as Node); at = (at as Element).parentNode)
    chain.push(at as Element);
  return chain;
};

/** Where `details` may stand: not in a table's or list's own rows, not in a paragraph, which it would end. */
const isRoomy = (node: Node): boolean => {
  const chain = ancestors(node);
  if (
    chain.some(
      (one) => ['p', 'button', 'a', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'].includes(one.tagName) || !isHtml(one),
    )
  )
    return false;
  const parent = chain[0]?.tagName ?? '';
  return !['table', 'tbody', 'thead', 'tfoot', 'tr', 'ul', 'ol', 'dl', 'html', 'colgroup'].includes(parent);
};

const isLast = (node: Node, reach: Reach): boolean => {
  if (reach === 'itself' && siblings(node).after.some(isVisible)) return false;
  return ancestors(node).every((one) => one.tagName === 'body' || !siblings(one).after.some(isVisible));
};

const isAfterSomething = (node: Node): boolean =>
  [node, ...ancestors(node)].some((one) => siblings(one).before.some(isVisible));

/** "On 3 May Ana wrote:" before a quote belongs to it, with the line breaks between. */
const withAttribution = (node: Node): Node => {
  const { before } = siblings(node);
  let from = node;
  let text = '';
  for (const one of before.toReversed()) {
    if (isElement(one) && (one.tagName === 'br' || one.tagName === 'hr')) {
      if (text !== '') break;
      continue;
    }
    text = textOf(one) + text;
    if (text.length > 300) break;
    if (isVisible(one) && attribution.test(text.trimEnd())) from = one;
    if (isVisible(one) && isElement(one) && one.tagName !== 'a' && one.tagName !== 'span') break;
  }
  return from;
};

const candidates = function* (node: Element): Generator<{ node: Node; reach: Reach }> {
  for (const child of node.childNodes) {
    if (isText(child)) {
      if (originalMessage.test(child.value)) yield { node: child, reach: 'rest' };
      continue;
    }
    if (!isElement(child) || !isHtml(child)) continue;
    const reach = reachOfElement(child);
    if (reach !== null) yield { node: child, reach };
    yield* candidates(child);
  }
};

const slowTail = (document: Document): FoldedTail | null => {
  const body = findElement(document, 'body');
  if (body === null) return null;
  for (const { node, reach } of candidates(body)) {
    if (!isRoomy(node) || !isLast(node, reach) || forwarded.test(textOf(node))) continue;
    const from = reach === 'itself' ? withAttribution(node) : node;
    if (isAfterSomething(from) && node.parentNode !== null) return { parent: node.parentNode as Element, from };
  }
  return null;
};

const piece = fc.oneof(
  fc.constantFrom(
    '<blockquote type=cite>',
    '</blockquote>',
    '<div class=gmail_quote>',
    '<div class=moz-cite-prefix>',
    '<div>',
    '</div>',
    '<i id=appendonsend></i>',
    '<br>',
    '<hr>',
    '<p>',
    '</p>',
    '<table>',
    '<td>',
    '</table>',
    '<ul>',
    '<li>',
    '</ul>',
    '<a>',
    '</a>',
    '<span>',
    '</span>',
    '<svg>',
    '</svg>',
    '<img width=1>',
    '<img>',
    '<style>x</style>',
    '<!-- x -->',
    '<template>',
    '</template>',
  ),
  fc.constantFrom(
    'x',
    ' ',
    '\u200b',
    'On Monday Ana wrote:',
    'wrote',
    'Begin forwarded message:',
    '-----Original Message-----',
    '-----',
    'long '.repeat(70),
  ),
);

const placeOf = (tail: FoldedTail | null): [string, number] | null =>
  tail === null ? null : [tail.parent.tagName, tail.parent.childNodes.indexOf(tail.from)];

test('Q1–Q4 one pass over any tree finds what the rules say of each node', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14, size: 'max' }), (pieces) => {
      const document = parseTree(pieces.join(''));
      assert.ok(document !== null);
      const expected = slowTail(document);
      const tail = findTail(document);
      assert.deepEqual(placeOf(tail), placeOf(expected));
      assert.equal(tail?.from, expected?.from);
      if (tail !== null) found += 1;
    }),
    { numRuns: 1500 },
  );
  assert.ok(found > 30);
});

test('S8 as many quotes as a mail can hold', () => {
  const makers = { image: () => null, cid: () => null, link: (href: string) => href, foldQuotes: 'More' };
  const quote = '<blockquote type=cite></blockquote>';
  for (const html of [
    `x${'<blockquote type=cite>x</blockquote>y'.repeat(50_000)}`,
    `<div>${'<div>'.repeat(200)}${quote.repeat(50_000)}`,
    '<i id=appendonsend></i>'.repeat(70_000),
    '<div class=gmail_quote>'.repeat(250) + '<br>x'.repeat(70_000),
    `On Monday Ana wrote:${'<a><img></a>'.repeat(30_000)}${quote.repeat(50_000)}`,
    '-----Original Message-----<br>'.repeat(70_000),
  ])
    assert.ok(sanitizeMail(html, makers).html.length > 0);
});
