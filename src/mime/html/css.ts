import { type CssNode, type Declaration, generate, List, parse, walk } from 'css-tree';
import { type Colour, parseColour } from './colour.ts';
import type { Role } from './night.ts';
import { allowedFunctions, allowedProperties, allowedPseudo, imageProperties } from './schema.ts';
import { isOurs, SCOPE } from './tree.ts';

/** What a style may ask for and what is noticed on the way. */
export interface CssPolicy {
  /** Our URL for an image, null to leave it out. */
  image: (url: string) => string | null;
  /** The new colour, or null to leave it. Sees every colour that can be told. */
  colour: (colour: Colour, role: Role) => string | null;
  /** Called for `color-scheme` and media queries that name the dark. */
  dark: () => void;
  /** What `prefers-color-scheme` is taken to be: the reader's theme, not the browser's. */
  theme: 'light' | 'dark';
}

const MAX_STYLE = 20_000;
const MAX_SHEET = 400_000;
const MAX_RULES = 4000;
/** For each the parser goes through all of the text, to show its place in it. */
const MAX_FAULTS = 300;

const parsed = (css: string, context: 'declarationList' | 'stylesheet'): CssNode | null => {
  let faults = 0;
  const onParseError = (error: Error): void => {
    if ((faults += 1) > MAX_FAULTS) throw error;
  };
  try {
    return parse(css, { context, onParseError });
  } catch {
    // Nesting deeper than the parser's stack, or too many faults: nothing of it is kept.
    return null;
  }
};

const childrenOf = (node: CssNode): CssNode[] =>
  'children' in node && node.children !== null && typeof node.children !== 'string' ? node.children.toArray() : [];

const roleOf = (property: string): Role => {
  if (property.startsWith('background')) return 'background';
  return property.startsWith('border') || property.startsWith('outline') ? 'border' : 'text';
};

const asColour = (node: CssNode): Colour | null => {
  if (node.type === 'Identifier' || node.type === 'Hash')
    return parseColour(node.type === 'Hash' ? `#${node.value}` : node.name);
  return node.type === 'Function' ? parseColour(generate(node)) : null;
};

/** Lengths of the frame's height would make a mail as tall as the frame that measures it. */
const isFrameHeight = (unit: string): boolean => /^[sld]?v(?:h|b|i|min|max)$/i.test(unit);

const plainNodes: ReadonlySet<string> = new Set([
  'Value',
  'Identifier',
  'Number',
  'Percentage',
  'Hash',
  'Operator',
  'String',
  'Url',
  'Parentheses',
]);

const isAllowedNode = (node: CssNode): boolean => {
  if (node.type === 'Dimension') return !isFrameHeight(node.unit);
  if (node.type === 'Function') return allowedFunctions.has(node.name.toLowerCase());
  return plainNodes.has(node.type);
};

/** Replaces URLs and colours in place; false when the value has something that is not allowed. */
const cleanValue = (list: List<CssNode>, property: string, policy: CssPolicy): boolean => {
  let ok = true;
  list.forEach((node, item) => {
    if (!isAllowedNode(node)) ok = false;
    if (!ok) return;
    if (node.type === 'Url') {
      if (!imageProperties.has(property)) ok = false;
      const url = ok ? policy.image(node.value) : null;
      item.data = url === null ? { type: 'Identifier', name: 'none' } : { type: 'Url', value: url };
      return;
    }
    const colour = asColour(node);
    const replaced = colour === null ? null : policy.colour(colour, roleOf(property));
    if (replaced !== null) item.data = { type: 'Raw', value: replaced };
    else if (node.type === 'Function' || node.type === 'Parentheses') ok = cleanValue(node.children, property, policy);
  });
  return ok;
};

/** One declaration rewritten, '' when it goes. The text is made from the tree and holds no escape, no bracket, no comment. */
const declaration = (node: Declaration, policy: CssPolicy): string => {
  const property = node.property.toLowerCase();
  if ((property === 'color-scheme' || property === 'supported-color-schemes') && /\bdark\b/i.test(generate(node.value)))
    policy.dark();
  if (!allowedProperties.has(property) || node.value.type !== 'Value') return '';
  if (!cleanValue(node.value.children, property, policy)) return '';
  const value = generate(node.value);
  if (value === '' || /[\\<>{}@]|\/\*/.test(value)) return '';
  return `${property}:${value}${node.important === false ? '' : '!important'}`;
};

const declarations = (nodes: readonly CssNode[], policy: CssPolicy): string =>
  nodes
    .map((node) => (node.type === 'Declaration' ? declaration(node, policy) : ''))
    .filter((text) => text !== '')
    .join(';');

/** A `style` attribute, property by property. '' when nothing is left. */
export const cleanStyle = (css: string, policy: CssPolicy): string => {
  const tree = css.length > MAX_STYLE ? null : parsed(css, 'declarationList');
  if (tree === null) return '';
  try {
    return declarations(childrenOf(tree), policy);
  } catch {
    return '';
  }
};

const isBody = (node: CssNode | undefined): boolean =>
  node?.type === 'TypeSelector' && /^(?:body|html)$/i.test(node.name);

const isRoot = (node: CssNode | undefined): boolean =>
  isBody(node) ||
  (node?.type === 'ClassSelector' && node.name === SCOPE) ||
  (node?.type === 'PseudoClassSelector' && node.children === null && /^root$/i.test(node.name));

/** How many nodes of a selector, from the first on, mean the mail's own root: `body`, and the whole of `html body`. */
const rootLength = (nodes: readonly CssNode[]): number => {
  if (!isRoot(nodes[0])) return 0;
  const gap = nodes.findIndex((node) => node.type === 'Combinator');
  const between = nodes[gap];
  const isBelow = between?.type === 'Combinator' && (between.name === ' ' || between.name === '>');
  return isBelow && isBody(nodes[0]) && isBody(nodes[gap + 1]) ? gap + 2 : 1;
};

/** Whether what stands behind the root leads to nothing but the root and what lies in it: not beside it. */
const staysInside = (nodes: readonly CssNode[]): boolean => {
  const [first] = nodes;
  // A comment between two names parts them; without it they would be one.
  if (first?.type === 'TypeSelector' || first?.type === 'Percentage') return false;
  const step = nodes.find((node) => node.type === 'Combinator');
  return step === undefined || step.name === ' ' || step.name === '>';
};

/**
 * A selector below {@link SCOPE}; `body` and `html` mean the mail's own root. null when it cannot be kept: it reaches for
 * what stands beside the root, which is ours, or names a class of ours.
 */
const scoped = (selector: CssNode): string | null => {
  const nodes = childrenOf(selector);
  let ok = true;
  walk(selector, (node: CssNode) => {
    if (node.type === 'PseudoElementSelector' || node.type === 'NestingSelector' || node.type === 'Raw') ok = false;
    if (node.type === 'PseudoClassSelector' && !allowedPseudo.has(node.name.toLowerCase())) ok = false;
    if (node.type === 'ClassSelector' && isOurs(node.name) && !(node === nodes[0] && node.name === SCOPE)) ok = false;
  });
  if (!ok) return null;
  const text = generate(selector);
  if (/[<{}@]|\\[^:./%@[\]#!,&+()]/.test(text)) return null;
  const length = rootLength(nodes);
  if (length === 0) return nodes[0]?.type === 'Combinator' ? null : `.${SCOPE} ${text}`;
  const rest = nodes.slice(length);
  if (!staysInside(rest)) return null;
  return `.${SCOPE}${generate({ type: 'Selector', children: new List<CssNode>().fromArray(rest) })}`;
};

const ALWAYS = '(min-width:0px)';
const NEVER = '(max-width:0px)';

/** A media query list with `prefers-color-scheme` decided; null when it has something unknown. */
const mediaQuery = (prelude: CssNode, policy: CssPolicy): string | null => {
  let ok = true;
  walk(prelude, (node: CssNode) => {
    if (node.type === 'Raw' || node.type === 'Function' || node.type === 'FeatureFunction') ok = false;
  });
  if (!ok) return null;
  const text = generate(prelude).replace(
    /\(\s*prefers-color-scheme\s*(?::\s*(light|dark)\s*)?\)/gi,
    (_, wanted: string | undefined) => {
      if (wanted?.toLowerCase() === 'dark') policy.dark();
      return wanted === undefined || wanted.toLowerCase() === policy.theme ? ALWAYS : NEVER;
    },
  );
  return /[<>{}@\\]|\/\*|color-scheme/i.test(text) ? null : text;
};

interface Budget {
  rules: number;
}

const rules = (nodes: readonly CssNode[], policy: CssPolicy, budget: Budget, depth: number): string => {
  let out = '';
  for (const node of nodes) {
    if ((budget.rules -= 1) < 0) break;
    if (node.type === 'Rule' && node.prelude.type === 'SelectorList') {
      const selectors = childrenOf(node.prelude)
        .map(scoped)
        .filter((one) => one !== null);
      const body = selectors.length === 0 ? '' : declarations(childrenOf(node.block), policy);
      if (body !== '') out += `${selectors.join(',')}{${body}}\n`;
    } else if (
      node.type === 'Atrule' &&
      node.name.toLowerCase() === 'media' &&
      node.prelude !== null &&
      node.block !== null &&
      depth < 3
    ) {
      const query = mediaQuery(node.prelude, policy);
      // What only shows in the dark is not looked at by day: its colours say nothing about the mail.
      const isMoot = query?.includes(NEVER) === true && !query.includes(',');
      const body = query === null || isMoot ? '' : rules(childrenOf(node.block), policy, budget, depth + 1);
      if (body !== '') out += `@media ${query}{${body}}\n`;
    }
  }
  return out;
};

/** A `<style>` written anew: known rules with known properties below {@link SCOPE}, media queries, nothing else. */
export const cleanSheet = (css: string, policy: CssPolicy): string => {
  const tree = css.length > MAX_SHEET ? null : parsed(css.replace(/<!--|-->/g, ' '), 'stylesheet');
  if (tree === null) return '';
  try {
    const text = rules(childrenOf(tree), policy, { rules: MAX_RULES }, 0);
    // The text of a style element is not escaped: it must not be able to end it.
    return text.includes('<') ? '' : text;
  } catch {
    return '';
  }
};
