import {
  attributeOf,
  type Document,
  type Element,
  findElement,
  isElement,
  isHtml,
  isText,
  type Node,
  textOf,
} from './tree.ts';

/** Quoted text at the end of an HTML mail: siblings of one parent from `from` to the parent's last child. */
export interface FoldedTail {
  parent: Element;
  from: Node;
}

const attribution =
  /(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|kirjoitti|napsal|napisał|написал|пишет|写道|yazdı)[^:]{0,60}[::]?\s*$/iu;
const forwarded =
  /^\s*(?:-{5,}\s*)?(?:forwarded message|begin forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato)/i;
const originalMessage =
  /^\s*-{3,}\s*(?:original message|original appointment|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|oorspronkelijk bericht|исходное сообщение)\s*-{3,}/i;

/** How far a container reaches: it alone, or everything behind it as well. */
type Reach = 'itself' | 'rest';

const reachOf = (node: Element): Reach | null => {
  const names = (attributeOf(node, 'class') ?? '').split(/\s+/);
  const id = attributeOf(node, 'id') ?? '';
  if (
    names.some((one) =>
      /^(?:gmail_quote(?:_container)?|yahoo_quoted|protonmail_quote|zmail_extra|tutanota_quote|moz-email-headers-table)$/.test(
        one,
      ),
    )
  )
    return 'itself';
  if (node.tagName === 'blockquote' && (attributeOf(node, 'type') ?? '').toLowerCase() === 'cite') return 'itself';
  if (
    /^(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|x_divRplyFwdMsg|mail-editor-reference-message-container)$/.test(
      id,
    )
  )
    return 'rest';
  if (names.includes('moz-cite-prefix') || names.includes('OutlookMessageHeader')) return 'rest';
  return null;
};

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
    const reach = reachOf(child);
    if (reach !== null) yield { node: child, reach };
    yield* candidates(child);
  }
};

/** The quoted tail, by structure (the containers mailers use); null when something follows it or nothing precedes it. */
export const findTail = (document: Document): FoldedTail | null => {
  const body = findElement(document, 'body');
  if (body === null) return null;
  for (const { node, reach } of candidates(body)) {
    if (!isRoomy(node) || !isLast(node, reach) || forwarded.test(textOf(node))) continue;
    const from = reach === 'itself' ? withAttribution(node) : node;
    if (isAfterSomething(from) && node.parentNode !== null) return { parent: node.parentNode as Element, from };
  }
  return null;
};

/** Moves the tail into a `details` whose summary says `words`. */
export const foldTail = ({ parent, from }: FoldedTail, words: string): void => {
  const at = parent.childNodes.indexOf(from);
  const tail = parent.childNodes.splice(at);
  const make = (tagName: string, attrs: { name: string; value: string }[], childNodes: Node[]): Element => {
    const element = {
      nodeName: tagName,
      tagName,
      attrs,
      namespaceURI: parent.namespaceURI,
      childNodes,
      parentNode: null,
    } as unknown as Element;
    for (const child of childNodes) child.parentNode = element;
    return element;
  };
  const label = { nodeName: '#text', value: words, parentNode: null } as unknown as Node;
  const details = make('details', [{ name: 'class', value: 'postern-quote' }], [make('summary', [], [label]), ...tail]);
  details.parentNode = parent;
  parent.childNodes.push(details);
};
