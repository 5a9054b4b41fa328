import { attributeOf, type Document, type Element, findElement, isElement, isHtml, isText, type Node } from './tree.ts';

/** Quoted text at the end of an HTML mail: siblings of one parent from `from` to the parent's last child. */
export interface FoldedTail {
  parent: Element;
  from: Node;
}

export const attribution =
  /(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|kirjoitti|napsal|napisał|написал|пишет|写道|yazdı)[^:]{0,60}[::]?\s*$/iu;
export const forwarded =
  /^\s*(?:-{5,}\s*)?(?:forwarded message|begin forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato)/i;
export const originalMessage =
  /^\s*-{3,}\s*(?:original message|original appointment|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|oorspronkelijk bericht|исходное сообщение)\s*-{3,}/i;

/** How far a container reaches: it alone, or everything behind it as well. */
export type Reach = 'itself' | 'rest';

export const reachOfElement = (node: Element): Reach | null => {
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

/** Only so much of a text is looked at: nobody's attribution is longer. */
const MAX_TEXT = 300;
/** Who wrote it stands close above; farther up is not looked. */
const MAX_STEPS = 200;

const silent: ReadonlySet<string> = new Set(['style', 'script', 'title', 'meta', 'link', 'head', 'template']);
/** What `details` may not stand in: it would end a paragraph. */
const narrow: ReadonlySet<string> = new Set(['p', 'button', 'a', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
/** What it may not be a child of: tables and lists have rows of their own. */
const rows: ReadonlySet<string> = new Set([
  'table',
  'tbody',
  'thead',
  'tfoot',
  'tr',
  'ul',
  'ol',
  'dl',
  'html',
  'colgroup',
]);

/** What the rules ask of a node, told for the whole tree in one pass: candidates may be as many as nodes. */
interface Seen {
  isVisible: boolean;
  /** The first characters of its text, one more than {@link MAX_TEXT}; `lead` begins with the first that is not blank. */
  text: string;
  lead: string;
  /** Among its siblings. */
  at: number;
  isBefore: boolean;
  isAfter: boolean;
}

const nothing = { isVisible: false, text: '', lead: '' };

const begin = (text: string): string => text.slice(0, MAX_TEXT + 1);

class Survey {
  private readonly seen = new Map<Node, Seen>();

  constructor(document: Document) {
    this.children(document);
  }

  of(node: Node): Seen {
    return this.seen.get(node) ?? { ...nothing, at: -1, isBefore: false, isAfter: false };
  }

  private node(node: Node): Pick<Seen, 'isVisible' | 'text' | 'lead'> {
    if (isText(node))
      return {
        isVisible: /[^\s\u00a0\u200b\ufeff]/.test(node.value),
        text: begin(node.value),
        lead: begin(node.value.trimStart()),
      };
    if (!isElement(node)) return nothing;
    const inside = this.children(node);
    if (silent.has(node.tagName)) {
      const isRead = !['script', 'style', 'title', 'template'].includes(node.tagName);
      return isRead ? { ...inside, isVisible: false } : nothing;
    }
    if (node.tagName !== 'img') return inside;
    return { ...inside, isVisible: Number.parseInt(attributeOf(node, 'width') ?? '9', 10) > 2 };
  }

  private children(parent: Document | Element): Pick<Seen, 'isVisible' | 'text' | 'lead'> {
    const all: Seen[] = [];
    let text = '';
    let lead = '';
    let isVisible = false;
    for (const [at, child] of parent.childNodes.entries()) {
      const found: Seen = { ...this.node(child), at, isBefore: isVisible, isAfter: false };
      this.seen.set(child, found);
      all.push(found);
      if (text.length <= MAX_TEXT) text = begin(text + found.text);
      if (lead === '') lead = found.lead;
      else if (lead.length <= MAX_TEXT) lead = begin(lead + found.text);
      isVisible ||= found.isVisible;
    }
    let isAfter = false;
    for (const found of all.toReversed()) {
      found.isAfter = isAfter;
      isAfter ||= found.isVisible;
    }
    return { isVisible, text, lead };
  }
}

/** What the ancestors of a candidate say about it: whether `details` may stand here, and whether there is more to see. */
interface Place {
  isRoomy: boolean;
  isBefore: boolean;
  isAfter: boolean;
}

/** "On 3 May Ana wrote:" before a quote belongs to it, with the line breaks between. */
const withAttribution = (node: Node, survey: Survey): Node => {
  const all = node.parentNode?.childNodes ?? [];
  const { at } = survey.of(node);
  let from = node;
  let text = '';
  for (let i = at - 1; i >= 0 && at - i <= MAX_STEPS; i -= 1) {
    const one = all[i];
    if (one === undefined) break;
    if (isElement(one) && (one.tagName === 'br' || one.tagName === 'hr')) {
      if (text !== '') break;
      continue;
    }
    const seen = survey.of(one);
    text = seen.text + text;
    if (text.length > MAX_TEXT) break;
    if (!seen.isVisible) continue;
    if (attribution.test(text.trimEnd())) from = one;
    if (isElement(one) && one.tagName !== 'a' && one.tagName !== 'span') break;
  }
  return from;
};

/** The node the tail begins with, when it stands as Q1 to Q4 ask. */
const tailAt = (node: Node, reach: Reach, place: Place, survey: Survey): Node | null => {
  const { isBefore, isAfter, lead } = survey.of(node);
  const isLast = !place.isAfter && (reach === 'rest' || !isAfter);
  if (!place.isRoomy || !isLast || !(place.isBefore || isBefore) || forwarded.test(lead)) return null;
  const from = reach === 'itself' ? withAttribution(node, survey) : node;
  return place.isBefore || survey.of(from).isBefore ? from : null;
};

const reachOf = (node: Node): Reach | null => {
  if (isText(node)) return originalMessage.test(node.value) ? 'rest' : null;
  return isElement(node) && isHtml(node) ? reachOfElement(node) : null;
};

/** The first tail below `parent`, in document order. */
const search = (parent: Element, place: Place, survey: Survey): FoldedTail | null => {
  const isRoomy = place.isRoomy && !narrow.has(parent.tagName);
  const here = { ...place, isRoomy: isRoomy && !rows.has(parent.tagName) };
  for (const node of parent.childNodes) {
    const reach = reachOf(node);
    const from = reach === null ? null : tailAt(node, reach, here, survey);
    if (from !== null) return { parent, from };
    if (!isElement(node) || !isHtml(node)) continue;
    const { isBefore, isAfter } = survey.of(node);
    const below = { isRoomy, isBefore: place.isBefore || isBefore, isAfter: place.isAfter || isAfter };
    const found = search(node, below, survey);
    if (found !== null) return found;
  }
  return null;
};

const holdsQuote = (node: Element): boolean =>
  node.childNodes.some((child) => reachOf(child) !== null || (isElement(child) && isHtml(child) && holdsQuote(child)));

/** The quoted tail, by structure (the containers mailers use); null when something follows it or nothing precedes it. */
export const findTail = (document: Document): FoldedTail | null => {
  const body = findElement(document, 'body');
  if (body === null || !holdsQuote(body)) return null;
  const survey = new Survey(document);
  const html = body.parentNode !== null && isElement(body.parentNode as Node) ? (body.parentNode as Element) : null;
  const isBefore = survey.of(body).isBefore || (html !== null && survey.of(html).isBefore);
  const isAfter = html !== null && survey.of(html).isAfter;
  return search(body, { isRoomy: true, isBefore, isAfter }, survey);
};

/** Moves the tail into a `details` whose summary says `words`, and gives it. */
export const foldTail = ({ parent, from }: FoldedTail, words: string): Element => {
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
  return details;
};
