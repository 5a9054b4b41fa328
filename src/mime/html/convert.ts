import type { ElementContent, Element as Hast, Properties } from 'hast';
import { type CssPolicy, cleanSheet, cleanStyle } from './css.ts';
import { type Colour, parseColour } from './colour.ts';
import type { Role } from './night.ts';
import { allowedElements, droppedElements, globalAttributes, ownAttributes, roles } from './schema.ts';
import {
  attributeOf,
  type Document,
  type Element,
  isElement,
  isHtml,
  isOurs,
  isScope,
  isText,
  type Node,
  SCOPE,
  textOf,
} from './tree.ts';

/** What the caller makes of the addresses in a mail; null leaves it out. */
export interface UrlMakers {
  image: (url: string) => string | null;
  cid: (cid: string) => string | null;
  link: (href: string) => string;
}

/** What a mail turned out to hold. */
export interface Facts {
  blocked: Set<string>;
  declaresDark: boolean;
  /** Something stands on a background that is not paper. */
  isDesigned: boolean;
}

/** Addresses that callbacks made, by what they are for: no address of a link may become that of an image. */
export interface Made {
  images: Set<string>;
  links: Set<string>;
}

/** What of a tree is ours. */
export interface Ours {
  /** The element that folds the quoted tail. */
  fold: Element | null;
  /** Of a text that was written here, and whose classes are ours as well; null for a mail as it came. */
  made: Made | null;
}

/** Decides each colour; sees them all. */
export type Painter = (colour: Colour, role: Role) => string | null;

const BLOCKED_SCHEME =
  /^(?:data|blob|filesystem|about|file|javascript|vbscript|livescript|mocha|view-source|ws|wss|chrome|resource):/i;
const MAX_URL = 8000;
/** Characters of CSS that are read in one mail: of its sheets, and of its different `style` attributes. */
const MAX_SHEETS = 400_000;
const MAX_STYLES = 1_000_000;
/** Raw-text elements whose text is there to be read. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['xmp', 'pre'],
  ['plaintext', 'pre'],
  ['listing', 'pre'],
]);
const LINKS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const PREFIX = 'm-';
/** Narrower images keep the height they ask for: they are spacers and icons. */
const WIDE = 300;

/** As browsers read addresses: no line ends and tabs, no blanks and control characters around. */
const squash = (url: string): string => {
  const clean = url.trim().replace(/[\t\n\r]/g, '');
  let [from, to] = [0, clean.length];
  while (from < to && clean.charCodeAt(from) <= 0x20) from += 1;
  while (to > from && clean.charCodeAt(to - 1) <= 0x20) to -= 1;
  return clean.slice(from, to);
};

const absolute = (url: string): URL | null => {
  if (url.length > MAX_URL) return null;
  try {
    return new URL(url.startsWith('//') ? `https:${url}` : url);
  } catch {
    return null;
  }
};

const safeId = (id: string): string | null => {
  const clean = id.replace(/[^\w.:-]/g, '').slice(0, 100);
  return clean === '' ? null : clean.startsWith(PREFIX) ? clean : PREFIX + clean;
};

const asNumber = (text: string | null): number => Number.parseInt(text ?? '', 10);

/** HTML attribute values the library wants typed otherwise. */
const plainValue = (property: string, value: string): Properties[string] => {
  if (property === 'className')
    return value
      .split(/\s+/)
      .filter((one) => one !== '')
      .slice(0, 50);
  if (property === 'open' || property === 'noWrap' || property === 'noShade' || property === 'reversed') return true;
  return value;
};

/** Turns the parsed mail into the tree that is written out: only allowed elements, only callback-made addresses. */
export class Converter {
  readonly facts: Facts = { blocked: new Set(), declaresDark: false, isDesigned: false };
  readonly made: Made = { images: new Set(), links: new Set() };
  private readonly ours: Ours;
  private readonly urls: UrlMakers;
  private readonly paint: Painter;
  private readonly css: CssPolicy;
  private readonly styles = new Map<string, string>();
  private unreadSheets = MAX_SHEETS;
  private unreadStyles = MAX_STYLES;

  constructor(urls: UrlMakers, theme: 'light' | 'dark', paint: Painter, ours: Ours) {
    this.ours = ours;
    this.urls = urls;
    this.paint = paint;
    this.css = {
      theme,
      image: (url) => {
        this.facts.isDesigned = true;
        return this.imageUrl(url);
      },
      colour: paint,
      dark: () => {
        this.facts.declaresDark = true;
      },
    };
  }

  /** The whole mail in one element of class {@link SCOPE}: its own styles first, then what was in `body`. */
  document(document: Document): Hast {
    const sheets: string[] = [];
    let body: Element | null = null;
    const look = (node: Document | Element): void => {
      for (const child of node.childNodes) {
        if (!isElement(child)) continue;
        if (child.tagName === 'style' && isHtml(child))
          sheets.push(this.sheet(child.childNodes.map(textNode).join('')));
        else if (child.tagName === 'meta') this.meta(child);
        else if (child.tagName === 'body' && body === null) body = child;
        look(child);
      }
    };
    look(document);
    const root = body === null ? null : ownRoot(body);
    const children = root === null ? [] : this.children(root);
    const properties = root === null ? {} : this.properties(root);
    if (root !== null) this.bodyColours(root, properties);
    const sheet = sheets.join('');
    const style: Hast[] =
      sheet === ''
        ? []
        : [{ type: 'element', tagName: 'style', properties: {}, children: [{ type: 'text', value: sheet }] }];
    return {
      type: 'element',
      tagName: 'div',
      properties: ordered({ ...properties, className: classes(properties, SCOPE) }),
      children: [...style, ...children],
    };
  }

  private meta(node: Element): void {
    const name = (attributeOf(node, 'name') ?? '').toLowerCase();
    if (
      (name === 'color-scheme' || name === 'supported-color-schemes') &&
      /\bdark\b/i.test(attributeOf(node, 'content') ?? '')
    )
      this.facts.declaresDark = true;
  }

  /** `text` of body; `link` and the like are left to the reader's theme. */
  private bodyColours(body: Element, properties: Properties): void {
    const text = attributeOf(body, 'text');
    const colour = text === null ? null : parseColour(text);
    if (text === null || colour === null || text.length > 30 || /[^\w#]/.test(text)) return;
    const made =
      this.paint(colour, 'text') ?? (text.startsWith('#') || !/^[0-9a-f]{6}$/i.test(text) ? text : `#${text}`);
    properties['style'] = `color:${made}${typeof properties['style'] === 'string' ? `;${properties['style']}` : ''}`;
  }

  private children(node: Element): ElementContent[] {
    return node.childNodes.flatMap((child) => this.node(child));
  }

  private node(node: Node): ElementContent[] {
    if (isText(node)) return [{ type: 'text', value: node.value }];
    if (!isElement(node)) return [];
    // SVG and MathML: only what there is to read.
    if (!isHtml(node)) return [{ type: 'text', value: textOf(node) }];
    const name = RENAMED.get(node.tagName) ?? node.tagName;
    if (droppedElements.has(name)) return [];
    if (name === 'style') return [];
    if (!allowedElements.has(name)) return this.children(node);
    const properties = this.properties(node);
    if (name === 'img') this.image(node, properties);
    if (name === 'a' || name === 'area') this.anchor(node, properties);
    const children = this.children(node);
    const [first] = children;
    // A parser drops the first line end in `pre`; one that is there was not the first.
    if (name === 'pre' && first?.type === 'text' && first.value.startsWith('\n'))
      children.unshift({ type: 'text', value: '\n' });
    return [{ type: 'element', tagName: name, properties: ordered(properties), children }];
  }

  private properties(node: Element): Properties {
    const properties: Properties = {};
    const own = ownAttributes.get(node.tagName);
    for (const { name, value } of node.attrs) {
      const property = globalAttributes.get(name) ?? own?.get(name);
      if (property !== undefined) properties[property] = plainValue(property, value.slice(0, 2000));
      else if (name === 'style') this.style(value, properties);
      else if (name === 'id' || (name === 'name' && (node.tagName === 'a' || node.tagName === 'map'))) {
        const id = safeId(value);
        if (id !== null) properties[name] = id;
      } else if (name === 'role' && roles.has(value.toLowerCase())) properties['role'] = value.toLowerCase();
      else if (name === 'background') this.background(value, properties);
    }
    if (this.ours.made === null && node !== this.ours.fold) withoutOurs(properties);
    this.colourAttribute(properties, 'bgColor', 'background');
    this.colourAttribute(properties, 'color', 'text');
    return properties;
  }

  private sheet(css: string): string {
    this.unreadSheets -= css.length;
    return this.unreadSheets < 0 ? '' : cleanSheet(css, this.css);
  }

  private style(css: string, properties: Properties): void {
    let clean = this.styles.get(css);
    if (clean === undefined) {
      this.unreadStyles -= css.length;
      clean = this.unreadStyles < 0 ? '' : cleanStyle(css, this.css);
      this.styles.set(css, clean);
    }
    if (clean !== '') properties['style'] = clean;
  }

  private background(url: string, properties: Properties): void {
    const made = this.imageUrl(url);
    this.facts.isDesigned = true;
    if (made !== null) properties['background'] = made;
  }

  private colourAttribute(properties: Properties, property: string, role: Role): void {
    const value = properties[property];
    if (typeof value !== 'string') return;
    const colour = parseColour(value);
    const made = colour === null ? null : this.paint(colour, role);
    if (made !== null) properties[property] = made;
    else if (/[^\w#(),.% ]/.test(value)) delete properties[property];
  }

  private image(node: Element, properties: Properties): void {
    const made = this.imageUrl(attributeOf(node, 'src') ?? '');
    if (made !== null) properties['src'] = made;
    const width = asNumber(attributeOf(node, 'width'));
    if (!(width < WIDE)) properties['className'] = classes(properties, 'postern-wide');
    const map = /^#(.+)$/.exec(attributeOf(node, 'usemap') ?? '')?.[1];
    const id = map === undefined ? null : safeId(map);
    if (id !== null) properties['useMap'] = `#${id}`;
  }

  /** Our address for an image, null when it is blocked or none. */
  private imageUrl(raw: string): string | null {
    const url = squash(raw);
    if (url === '') return null;
    if (this.ours.made?.images.has(url) === true) return this.keep(url);
    if (/^cid:/i.test(url)) return this.keep(this.urls.cid(decode(url.slice(4))));
    if (BLOCKED_SCHEME.test(url)) return null;
    const parsed = absolute(url);
    if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return null;
    const made = this.urls.image(parsed.href);
    if (made === null) this.facts.blocked.add(parsed.href);
    return this.keep(made);
  }

  private keep(url: string | null): string | null {
    if (url !== null) this.made.images.add(url);
    return url;
  }

  private linkUrl(href: string): string | null {
    if (this.ours.made?.links.has(href)) return href;
    const parsed = href === '' ? null : absolute(href);
    return parsed !== null && LINKS.has(parsed.protocol) ? this.urls.link(parsed.href) : null;
  }

  private anchor(node: Element, properties: Properties): void {
    const href = squash(attributeOf(node, 'href') ?? '');
    if (href.startsWith('#')) {
      const id = safeId(decode(href.slice(1)));
      if (id !== null) properties['href'] = `#${id}`;
      return;
    }
    const made = this.linkUrl(href);
    if (made === null) return;
    this.made.links.add(made);
    properties['href'] = made;
    properties['target'] = '_blank';
    properties['rel'] = ['noopener', 'noreferrer'];
  }
}

const textNode = (node: Node): string => (isText(node) ? node.value : '');

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The same mail always gives the same text. */
const ordered = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));

const classes = (properties: Properties, name: string): string[] => {
  const before = properties['className'];
  const list = Array.isArray(before) ? before.map(String) : [];
  return list.includes(name) ? list : [...list, name];
};

const withoutOurs = (properties: Properties): void => {
  const names = properties['className'];
  if (!Array.isArray(names) || !names.some((name) => isOurs(String(name)))) return;
  const others = names.filter((name) => !isOurs(String(name)));
  if (others.length > 0) properties['className'] = others;
  else delete properties['className'];
};

/** What this room wrote before is not wrapped again. */
const ownRoot = (body: Element): Element => {
  const inside = body.childNodes.filter((node) => !isText(node) || node.value.trim() !== '');
  const [only] = inside;
  const isOwn = inside.length === 1 && only !== undefined && isElement(only) && isScope(only);
  return isOwn ? only : body;
};
