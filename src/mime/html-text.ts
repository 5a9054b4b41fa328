import { type Token, Tokenizer, TokenizerMode } from 'parse5';

export interface HtmlTextOptions {
  /** Where links lead, after their text: for the text/plain alternative of a composed mail. */
  links?: boolean;
  /** `alt` of images. */
  alt?: boolean;
  /** The text is cut to so many UTF-16 units, and no more of the document is read than they take. */
  limit?: number;
}

/** Elements whose content is no text of the message. */
const SILENT = new Set([
  'script',
  'style',
  'title',
  'template',
  'object',
  'iframe',
  'noembed',
  'noframes',
  'select',
  'datalist',
  'svg',
  'math',
  'audio',
  'video',
  'canvas',
]);
const RAWTEXT = new Set(['style', 'iframe', 'noembed', 'noframes', 'xmp']);
const RCDATA = new Set(['title', 'textarea']);
/** A blank line around. */
const PARAGRAPH = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'dl',
  'table',
  'pre',
  'blockquote',
  'figure',
]);
const BLOCK = new Set([
  'address',
  'article',
  'aside',
  'body',
  'caption',
  'center',
  'dd',
  'details',
  'dir',
  'div',
  'dt',
  'fieldset',
  'figcaption',
  'footer',
  'form',
  'header',
  'legend',
  'li',
  'main',
  'menu',
  'nav',
  'section',
  'summary',
  'tbody',
  'tfoot',
  'thead',
  'tr',
  ...PARAGRAPH,
]);
const VOID = new Set([
  'br',
  'hr',
  'img',
  'input',
  'link',
  'meta',
  'wbr',
  'col',
  'base',
  'area',
  'embed',
  'param',
  'source',
  'track',
]);

const attribute = (token: Token.TagToken, name: string): string =>
  token.attrs.find((one) => one.name === name)?.value ?? '';

/** Collects lines; white space is folded as a browser would, but in `pre`. */
class Writer {
  readonly lines: string[] = [];
  /** What was written, blanks at either end of a piece not counted. */
  written = 0;
  /** Grows word by word; its end is kept beside it, since to look at it would be to put it together. */
  private line = '';
  private endsBlank = false;
  private blankWanted = false;
  private spaceWanted = false;
  /** Of the line before. */
  private lastQuote = 0;
  quote = 0;

  text(chars: string, isPre: boolean): void {
    if (isPre) {
      const [first = '', ...rest] = chars.split('\n');
      this.append(first);
      for (const one of rest) {
        this.end(false);
        this.append(one);
      }
      return;
    }
    const folded = chars.replace(/[ \t\n\r\f]+/g, ' ');
    if (folded.startsWith(' ')) this.spaceWanted = true;
    const trimmed = folded.trim();
    if (trimmed === '') return;
    this.append(`${this.spaceWanted && this.line !== '' && !this.endsBlank ? ' ' : ''}${trimmed}`);
    this.spaceWanted = folded.endsWith(' ');
  }

  private append(text: string): void {
    if (text === '') return;
    if (this.line === '' && this.blankWanted) {
      if (this.lines.length > 0) this.lines.push('>'.repeat(Math.min(this.quote, this.lastQuote)));
      this.blankWanted = false;
    }
    this.line += text;
    this.endsBlank = text.endsWith(' ');
    this.written += text.trim().length;
  }

  /** Ends the line if something stands on it. */
  end(wantsBlank: boolean): void {
    if (this.line !== '') {
      this.lines.push(this.prefixed(this.line.trimEnd()));
      this.lastQuote = this.quote;
    }
    this.line = '';
    this.spaceWanted = false;
    if (wantsBlank) this.blankWanted = true;
  }

  /** A line break that counts even on an empty line. */
  break(): void {
    if (this.line === '') this.blankWanted = true;
    else this.end(false);
  }

  private prefixed(line: string): string {
    return this.quote === 0 ? line : `${'>'.repeat(this.quote)} ${line}`;
  }
}

class Reader {
  readonly writer = new Writer();
  private silent = '';
  private silentDepth = 0;
  private pre = 0;
  private lists: { ordered: boolean; next: number }[] = [];
  private link: string | null = null;
  private linkText = '';
  private readonly options: HtmlTextOptions;

  constructor(options: HtmlTextOptions) {
    this.options = options;
  }

  chars(text: string): void {
    if (this.silent !== '') return;
    if (this.link !== null && this.linkText.length < 2000) this.linkText += text;
    this.writer.text(text.replaceAll('\u00a0', ' '), this.pre > 0);
  }

  start(token: Token.TagToken): void {
    const name = token.tagName;
    if (this.silent !== '') {
      if (name === this.silent) this.silentDepth += 1;
      return;
    }
    if (SILENT.has(name)) {
      if (token.selfClosing) return;
      this.silent = name;
      this.silentDepth = 1;
      return;
    }
    this.open(token, name);
  }

  private open(token: Token.TagToken, name: string): void {
    const { writer } = this;
    const isInnerList = this.lists.length > 0 && (name === 'ul' || name === 'ol');
    if (BLOCK.has(name)) writer.end(PARAGRAPH.has(name) && !isInnerList);
    switch (name) {
      case 'br':
        return writer.break();
      case 'hr':
        return this.rule();
      case 'td':
      case 'th':
        return writer.text(' ', false);
      case 'img':
        return this.options.alt === true ? writer.text(` ${attribute(token, 'alt')} `, false) : undefined;
      case 'li':
        return this.item();
      default:
        return this.enter(token, name);
    }
  }

  /** What lasts until the end tag. */
  private enter(token: Token.TagToken, name: string): void {
    if (name === 'blockquote') this.writer.quote = Math.min(this.writer.quote + 1, 20);
    else if (name === 'pre') this.pre += 1;
    else if (name === 'ul' || name === 'ol') {
      this.lists.push({ ordered: name === 'ol', next: Number.parseInt(attribute(token, 'start'), 10) || 1 });
    } else if (name === 'a' && this.options.links === true) {
      this.link = attribute(token, 'href').trim();
      this.linkText = '';
    }
  }

  private rule(): void {
    this.writer.end(true);
    if (this.options.links !== true) return;
    this.writer.text('-----', false);
    this.writer.end(true);
  }

  private item(): void {
    const list = this.lists.at(-1);
    const indent = '  '.repeat(Math.min(Math.max(this.lists.length - 1, 0), 10));
    this.writer.text(`${indent}${list?.ordered === true ? `${list.next}. ` : '- '}`, true);
    if (list !== undefined) list.next += 1;
  }

  end(token: Token.TagToken): void {
    const name = token.tagName;
    const { writer } = this;
    if (this.silent !== '') {
      if (name === this.silent && (this.silentDepth -= 1) === 0) this.silent = '';
      return;
    }
    if (name === 'a') this.endLink();
    if (name === 'ul' || name === 'ol') this.lists.pop();
    if (name === 'p' || name === 'br') writer.end(name === 'p');
    else if (BLOCK.has(name)) writer.end(PARAGRAPH.has(name) && this.lists.length === 0);
    if (name === 'blockquote') writer.quote = Math.max(0, writer.quote - 1);
    if (name === 'pre') this.pre = Math.max(0, this.pre - 1);
  }

  private endLink(): void {
    const { link } = this;
    this.link = null;
    if (link === null || !/^(?:https?|mailto|tel):/i.test(link)) return;
    const text = this.linkText.trim();
    const bare = link.replace(/^(?:mailto|tel):/i, '');
    // The text of the link says where it leads.
    const said = [link, bare, link.replace(/^https?:\/\//i, ''), link.replace(/\/$/, '')];
    if (text === '' || said.includes(text)) return;
    this.writer.text(` <${bare}>`, false);
  }
}

/**
 * Text of an HTML document or fragment: paragraphs, lists, quotes (`> `), optionally where links lead. Reads tokens, not a
 * tree, so that it is linear in any input, cut-off ones included. For reading and indexing; never the way to safe HTML.
 */
export const htmlToText = (html: string, options: HtmlTextOptions = {}): string => {
  const reader = new Reader(options);
  const { limit = Infinity } = options;
  const chars = (token: Token.CharacterToken): void => {
    reader.chars(token.chars);
    if (reader.writer.written >= limit) tokenizer.pause();
  };
  const tokenizer = new Tokenizer(
    {},
    {
      onStartTag: (token) => {
        reader.start(token);
        if (RAWTEXT.has(token.tagName)) tokenizer.state = TokenizerMode.RAWTEXT;
        else if (RCDATA.has(token.tagName)) tokenizer.state = TokenizerMode.RCDATA;
        else if (token.tagName === 'script') tokenizer.state = TokenizerMode.SCRIPT_DATA;
        if (VOID.has(token.tagName)) return;
        tokenizer.lastStartTagName = token.tagName;
      },
      onEndTag: (token) => reader.end(token),
      onCharacter: chars,
      onWhitespaceCharacter: chars,
      onNullCharacter: () => {},
      onComment: () => {},
      onDoctype: () => {},
      onEof: () => {},
    },
  );
  tokenizer.write(html, true);
  reader.writer.end(false);
  return reader.writer.lines.join('\n').trim().slice(0, limit);
};
