import type { Element, Root } from 'hast';
import { sanitize } from 'hast-util-sanitize';
import { toHtml } from 'hast-util-to-html';
import { htmlToText } from '../html-text.ts';
import { Converter, type Facts, type Painter, type UrlMakers } from './convert.ts';
import { findTail, foldTail } from './fold.ts';
import { isDesigned, recolour } from './night.ts';
import { schema } from './schema.ts';
import { parseTree, SCOPE } from './tree.ts';

export interface SanitizeOptions extends UrlMakers {
  /** The reader's theme; `paper` shows the mail as it was made also at night. Default `light`. */
  theme?: 'light' | 'dark' | 'paper';
  /** Words on the fold over a quoted tail ("Show quoted text"); null or absent: nothing is folded. */
  foldQuotes?: string | null;
}

/** How a mail stands on the page: by day; at night with its own dark styles, recoloured, or on white paper. */
export type Look = 'day' | 'own-dark' | 'recoloured' | 'paper';

export interface SafeMail {
  /** One `div`, to be placed in a body as it is: never edited afterwards. */
  html: string;
  /** Distinct remote images that were left out. */
  blockedImages: number;
  hasDarkSupport: boolean;
  /** Dark text on no or white background: may be recoloured. */
  isSimple: boolean;
  look: Look;
}

/** Longer mail is cut: nobody wrote it by hand, and readers need the source. UTF-16 units. */
const MAX_HTML = 4_000_000;

/** Characters `<` and `&`, which are dear where they are no markup: each is written anew as a reference, and read again. */
const MAX_MARKS = 300_000;

/** So much of the text of a mail whose tree cannot be handled is shown. */
const MAX_TEXT = 200_000;

const escapeText = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const write = (tree: Element): string => {
  const root: Root = { type: 'root', children: [tree] };
  return toHtml(sanitize(root, schema), {
    allowDangerousCharacters: false,
    characterReferences: { useNamedReferences: false },
  });
};

/**
 * Written text is read again until it stays the same: some trees (headings in headings, what had stood in a button) are read
 * back as others, and a browser has to read the one that was sanitised.
 */
const settled = (written: string, converter: Converter, urls: UrlMakers): string => {
  let text = written;
  let { made } = converter;
  for (let round = 0; round < 4; round += 1) {
    const document = parseTree(text);
    if (document === null) break;
    const again: Converter = new Converter(urls, 'light', () => null, { fold: null, made });
    const next = write(again.document(document));
    if (next === text) break;
    text = next;
    made = again.made;
  }
  return text;
};

/** Only looks: notes what the colours say about the mail. */
const observer =
  (facts: () => Facts): Painter =>
  (colour, role) => {
    if (role === 'background' && isDesigned(colour)) facts().isDesigned = true;
    return null;
  };

const lookOf = (facts: Facts, theme: 'light' | 'dark' | 'paper'): Look => {
  if (theme === 'light') return 'day';
  if (theme === 'paper') return 'paper';
  if (facts.declaresDark) return 'own-dark';
  return facts.isDesigned ? 'paper' : 'recoloured';
};

const hasTooManyMarks = (html: string): boolean => {
  let marks = 0;
  for (const _ of html.matchAll(/[<&]/g)) if ((marks += 1) > MAX_MARKS) return true;
  return false;
};

/** A mail whose tree cannot be handled is shown as its text. */
const asText = (html: string, theme: 'light' | 'dark' | 'paper'): SafeMail => ({
  html: `<div class="${SCOPE}"><pre>${escapeText(htmlToText(html, { limit: MAX_TEXT }))}</pre></div>`,
  blockedImages: 0,
  hasDarkSupport: false,
  isSimple: true,
  look: theme === 'light' ? 'day' : theme === 'paper' ? 'paper' : 'recoloured',
});

/**
 * Hostile HTML to HTML that may be shown in a frame of its own: an HTML5 parser, an allowlist, CSS rewritten property by
 * property, every address made by a callback, the library's sanitizer last, its serialiser's output left alone. Never throws.
 */
export const sanitizeMail = (html: string, options: SanitizeOptions): SafeMail => {
  const theme = options.theme ?? 'light';
  const read = html.slice(0, MAX_HTML);
  const document = hasTooManyMarks(read) ? null : parseTree(read);
  if (document === null) return asText(read, theme);
  const words = options.foldQuotes ?? null;
  const tail = words === null ? null : findTail(document);
  const ours = { fold: words === null || tail === null ? null : foldTail(tail, words), made: null };
  // A mail on paper is shown as by day even when it has dark styles.
  let converter: Converter = new Converter(
    options,
    theme === 'dark' ? 'dark' : 'light',
    observer(() => converter.facts),
    ours,
  );
  const tree = converter.document(document);
  const { facts } = converter;
  const look = lookOf(facts, theme);
  const painted = look === 'recoloured' ? new Converter(options, 'dark', recolour, ours) : null;
  const text = write(painted === null ? tree : painted.document(document));
  return {
    html: settled(text, painted ?? converter, options),
    blockedImages: facts.blocked.size,
    hasDarkSupport: facts.declaresDark,
    isSimple: !facts.isDesigned,
    look,
  };
};
