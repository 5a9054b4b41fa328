import { defaultTreeAdapter, type DefaultTreeAdapterTypes, html as names, parse } from 'parse5';

export type Node = DefaultTreeAdapterTypes.ChildNode;
export type Element = DefaultTreeAdapterTypes.Element;
export type Document = DefaultTreeAdapterTypes.Document;

/** Browsers flatten trees at 512; nested tables of real newsletters stay below 100. */
const MAX_DEPTH = 256;
/** Open elements, some of which lie flattened: the parser's work grows with their number. */
const MAX_OPEN = 2000;
/** Each is made, checked, written and read again: so many hold a thread up for a second. */
const MAX_NODES = 50_000;

class TooComplex extends Error {
  override readonly name = 'TooComplex';
}

export const isElement = (node: Node): node is Element => 'tagName' in node;
export const isHtml = (node: Element): boolean => node.namespaceURI === names.NS.HTML;
export const isText = (node: Node): node is DefaultTreeAdapterTypes.TextNode => node.nodeName === '#text';

/** Class of the element a mail lies in; every selector is put below it. */
export const SCOPE = 'postern-mail';

/** Classes with a meaning in our document: the measure, the fold, wide images, {@link SCOPE}. */
export const isOurs = (className: string): boolean => className.startsWith('postern-');

export const isScope = (node: Element): boolean =>
  node.tagName === 'div' && node.attrs.some(({ name, value }) => name === 'class' && value.split(' ').includes(SCOPE));

/** Parses as a browser without scripts does. null when the document is too large a tree to be handled safely. */
export const parseTree = (html: string): Document | null => {
  const depths = new WeakMap<object, number>();
  let nodes = 0;
  let open = 0;
  const spend = (): void => {
    if ((nodes += 1) > MAX_NODES) throw new TooComplex('too many nodes');
  };
  const host = (parent: DefaultTreeAdapterTypes.ParentNode): DefaultTreeAdapterTypes.ParentNode => {
    let at = parent;
    while ((depths.get(at) ?? 0) >= MAX_DEPTH && 'parentNode' in at && at.parentNode !== null) at = at.parentNode;
    return at;
  };
  const adapter: typeof defaultTreeAdapter = {
    ...defaultTreeAdapter,
    createElement: (name, namespace, attrs) => {
      spend();
      return defaultTreeAdapter.createElement(name, namespace, attrs);
    },
    appendChild: (parent, node: Node) => {
      const at = host(parent);
      // The element every mail is put in is no depth of the mail's own.
      depths.set(node, (depths.get(at) ?? 0) + (at.nodeName === 'body' && isElement(node) && isScope(node) ? 0 : 1));
      defaultTreeAdapter.appendChild(at, node);
    },
    insertBefore: (parent, node, reference) => {
      // Foster parenting names a child of `parent`; a flattened parent does not have it.
      if (reference.parentNode !== parent) return adapter.appendChild(parent, node);
      depths.set(node, (depths.get(parent) ?? 0) + 1);
      return defaultTreeAdapter.insertBefore(parent, node, reference);
    },
    insertText: (parent, text) => defaultTreeAdapter.insertText(host(parent), text),
    insertTextBefore: (parent, text, reference) => {
      if (reference.parentNode === parent) defaultTreeAdapter.insertTextBefore(parent, text, reference);
      else adapter.insertText(parent, text);
    },
    onItemPush: () => {
      if ((open += 1) > MAX_OPEN) throw new TooComplex('too deep');
    },
    onItemPop: () => {
      open -= 1;
    },
  };
  try {
    // Standards mode, as the document that shows it: without it a table would stay inside a paragraph here and end it there.
    return parse(`<!doctype html>${html}`, {
      treeAdapter: adapter,
      scriptingEnabled: false,
      sourceCodeLocationInfo: false,
    });
  } catch (error) {
    if (error instanceof TooComplex || error instanceof RangeError) return null;
    throw error;
  }
};

/** Text of a subtree, that of silent elements left out. */
export const textOf = (node: Node): string => {
  const pieces: string[] = [];
  const collect = (one: Node): void => {
    if (isText(one)) pieces.push(one.value);
    else if (isElement(one) && !['script', 'style', 'title', 'template'].includes(one.tagName))
      one.childNodes.forEach(collect);
  };
  collect(node);
  return pieces.join('');
};

export const attributeOf = (node: Element, name: string): string | null =>
  node.attrs.find((one) => one.name === name)?.value ?? null;

/** The first element of that name in document order. */
export const findElement = (node: Document | Element, name: string): Element | null => {
  for (const child of node.childNodes) {
    if (!isElement(child)) continue;
    const found = child.tagName === name ? child : findElement(child, name);
    if (found !== null) return found;
  }
  return null;
};
