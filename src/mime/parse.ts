import { headerSpan, readFields, unfold } from './headers.ts';
import { parseParameterised, safeName, stripComments } from './params.ts';
import type { HeaderField, Part } from './types.ts';
import { decodeWords } from './words.ts';

/** Deeper multiparts are leaves. */
export const MAX_DEPTH = 100;
/** What follows belongs to the last part. */
export const MAX_PARTS = 10_000;

/** A part and where it lies in the raw message. `bodyEnd` excludes the line end before a boundary (RFC 2046 §5.1.1). */
export interface ParsedPart extends Part {
  headerStart: number;
  bodyStart: number;
  bodyEnd: number;
  parts: ParsedPart[];
}

export interface ParsedMessage {
  header: HeaderField[];
  root: ParsedPart;
}

/** A boundary line: whose it is (index into the open boundaries), what it ends and where the next thing begins. */
interface Hit {
  level: number;
  closing: boolean;
  contentEnd: number;
  next: number;
}

const LF = 10;
const CR = 13;
const DASH = 45;
const MAX_BOUNDARY = 1000;
/** Where a boundary that nobody named is looked for. */
const MAX_PREAMBLE = 10_000;
const boundaryLine =
  /^--([\w'()+,\-./:=?][\w'()+,\-./:=? ]{1,69})(?:\r?\n|$)|(?:^|\n)--([\w'()+,\-./:=?][\w'()+,\-./:=? ]{0,69})\r?\nContent-[\w-]+:/i;

type Described = Omit<Part, 'section' | 'encodedSize' | 'parts'> & { boundary: string | null };

const typeOf = (value: string, fallback: string, isNamed: boolean): string => {
  if (value === '') return fallback;
  if (/^[!#-'*+.0-9a-z^-~-]+\/[!#-'*+.0-9a-z^-~-]+$/.test(value)) return value;
  if (value === 'text' || value === 'html') return value === 'html' ? 'text/html' : 'text/plain';
  return isNamed ? 'application/octet-stream' : 'text/plain';
};

const first = (fields: readonly HeaderField[], name: string): string => {
  const field = fields.find((one) => one.name.length === name.length && one.name.toLowerCase() === name);
  return field === undefined ? '' : unfold(field.value.slice(0, 20_000)).trim();
};

/** What the header fields of a part say about it (RFC 2045, 2183, 2231, 2557, 3282, 3676). */
const describe = (fields: readonly HeaderField[], fallback: string): Described => {
  const content = parseParameterised(first(fields, 'content-type'));
  const placed = parseParameterised(first(fields, 'content-disposition'));
  const name = safeName(placed.params.get('filename') ?? content.params.get('name'));
  const encoding = stripComments(first(fields, 'content-transfer-encoding'))
    .toLowerCase()
    .replace(/;.*$|["'\s]/g, '');
  const cid = first(fields, 'content-id').replace(/[<>\s]/g, '');
  const language = first(fields, 'content-language')
    .split(/[\s,]+/)
    .filter((tag) => tag !== '');
  const location = decodeWords(first(fields, 'content-location')).replace(/\s+/g, '');
  const type = typeOf(content.value, fallback, name !== null);
  const flowed = type === 'text/plain' && content.params.get('format')?.toLowerCase() === 'flowed';
  return {
    type,
    charset: content.params.get('charset') || null,
    encoding: encoding === '' ? '7bit' : encoding,
    disposition: placed.value === '' ? null : placed.value === 'inline' ? 'inline' : 'attachment',
    name,
    cid: cid === '' ? null : cid,
    language: language.length === 0 ? null : language,
    location: location === '' ? null : location,
    flowed,
    delsp: flowed && content.params.get('delsp')?.toLowerCase() === 'yes',
    boundary: content.params.get('boundary') ?? null,
  };
};

const isMessage = (type: string): boolean => type === 'message/rfc822' || type === 'message/global';
const isIdentity = (encoding: string): boolean => !/^(?:base64|quoted-printable|x-)/.test(encoding);

class Parser {
  private readonly raw: Buffer;
  private readonly boundaries: string[] = [];
  private count = 0;

  constructor(raw: Buffer) {
    this.raw = raw;
  }

  /** Parses the entity at `start`; `hit` is the boundary line that ended it, null at the end of the message. */
  entity(
    start: number,
    depth: number,
    fallback: string,
    section: (isMultipart: boolean) => string,
  ): { part: ParsedPart; hit: Hit | null } {
    this.count += 1;
    const { raw } = this;
    const span = headerSpan(raw, start, raw.length, (from, to) => this.match(from, to) !== null);
    const { boundary, ...described } = describe(readFields(raw, start, span.headerEnd), fallback);
    const part: ParsedPart = {
      ...described,
      section: '',
      encodedSize: 0,
      parts: [],
      headerStart: start,
      bodyStart: span.bodyStart,
      bodyEnd: span.bodyStart,
    };
    const open =
      depth < MAX_DEPTH && part.type.startsWith('multipart/') ? boundary || this.guessBoundary(span.bodyStart) : null;
    const isMultipart = open !== null && open.trim() !== '';
    // A multipart without a boundary has no parts; its text is all there is to show.
    if (!isMultipart && part.type.startsWith('multipart/')) part.type = 'text/plain';
    part.section = section(isMultipart);
    let hit = isMultipart ? this.multipart(part, open.trimEnd(), depth) : this.leaf(part, depth);
    const other = isMultipart && part.parts.length === 0 ? this.guessBoundary(span.bodyStart) : null;
    if (other !== null) hit = this.multipart(part, other, depth);
    part.bodyEnd = Math.max(part.bodyStart, hit === null ? raw.length : hit.contentEnd);
    part.encodedSize = part.bodyEnd - part.bodyStart;
    if (isMultipart && part.parts.length === 0) part.parts.push(this.onlyText(part));
    return { part, hit };
  }

  private leaf(part: ParsedPart, depth: number): Hit | null {
    if (!isMessage(part.type) || !isIdentity(part.encoding) || depth >= MAX_DEPTH || this.count >= MAX_PARTS) {
      return this.find(part.bodyStart);
    }
    const { section } = part;
    const inner = this.entity(
      part.bodyStart,
      depth + 1,
      'text/plain',
      (isMultipart) => `${section}.${isMultipart ? 'TEXT' : '1'}`,
    );
    part.parts.push(inner.part);
    return inner.hit;
  }

  private multipart(part: ParsedPart, boundary: string, depth: number): Hit | null {
    const level = this.boundaries.length;
    this.boundaries.push(boundary);
    const prefix = part.section === '' ? '' : `${part.section.replace(/\.TEXT$/, '')}.`;
    const fallback = part.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
    let hit = this.find(part.bodyStart);
    while (hit !== null && hit.level === level && !hit.closing) {
      const section = `${prefix}${part.parts.length + 1}`;
      if (this.count >= MAX_PARTS) this.boundaries.splice(level);
      const inner = this.entity(hit.next, depth + 1, fallback, () => section);
      part.parts.push(inner.part);
      hit = inner.hit;
    }
    this.boundaries.splice(level);
    // The epilogue runs to a boundary of an enclosing multipart.
    return hit !== null && hit.level === level ? this.find(hit.next) : hit;
  }

  /** A multipart in which no boundary line stands: everything in it as one text. */
  private onlyText(part: ParsedPart): ParsedPart {
    const prefix = part.section === '' ? '' : `${part.section.replace(/\.TEXT$/, '')}.`;
    return {
      ...part,
      section: `${prefix}1`,
      type: 'text/plain',
      parts: [],
      headerStart: part.bodyStart,
      disposition: null,
      name: null,
      cid: null,
    };
  }

  /** The first boundary line at or behind the line start `from`. */
  private find(from: number): Hit | null {
    const { raw } = this;
    if (this.boundaries.length === 0) return null;
    let line = from;
    while (line < raw.length) {
      if (raw[line] === DASH && raw[line + 1] === DASH) {
        const hit = this.match(line, this.lineEnd(line));
        if (hit !== null) return hit;
      }
      const next = raw.indexOf('\n--', line, 'latin1');
      if (next < 0) return null;
      line = next + 1;
    }
    return null;
  }

  private lineEnd(from: number): number {
    const lf = this.raw.indexOf(LF, from);
    return lf < 0 ? this.raw.length : lf;
  }

  /** The line [from, to) as a boundary of an open multipart, the innermost first. */
  private match(from: number, to: number): Hit | null {
    const { raw, boundaries } = this;
    if (raw[from] !== DASH || raw[from + 1] !== DASH || to - from > MAX_BOUNDARY) return null;
    const line = raw.toString('latin1', from + 2, to).trimEnd();
    for (let level = boundaries.length - 1; level >= 0; level -= 1) {
      const boundary = boundaries[level] ?? '';
      if (!line.startsWith(boundary)) continue;
      const rest = line.slice(boundary.length);
      if (rest !== '' && !rest.startsWith('--')) continue;
      const lf = this.lineEnd(from);
      return { level, closing: rest !== '', contentEnd: this.beforeLineEnd(from), next: Math.min(lf + 1, raw.length) };
    }
    return null;
  }

  private beforeLineEnd(lineStart: number): number {
    if (this.raw[lineStart - 1] !== LF) return lineStart;
    return this.raw[lineStart - 2] === CR ? lineStart - 2 : lineStart - 1;
  }

  /** Lenient: the parameter is missing or wrong, and the body begins with a boundary line, or one begins a part in it. */
  private guessBoundary(bodyStart: number): string | null {
    const end = Math.min(this.find(bodyStart)?.contentEnd ?? this.raw.length, bodyStart + MAX_PREAMBLE);
    const match = boundaryLine.exec(this.raw.toString('latin1', bodyStart, end));
    return (match?.[1] ?? match?.[2])?.trimEnd() ?? null;
  }
}

/**
 * The structure of a message, with section numbers as IMAP's (RFC 9051 §6.4.5): children of a multipart count from 1; what
 * lies in a message/rfc822 part `S` is `S.1` ..., its root when multipart is `S.TEXT`. Any bytes give a result.
 */
export const parseMessage = (raw: Buffer): ParsedMessage => {
  // Lenient: lone CR as line end throughout; the offsets stay the same.
  const bytes = !raw.includes(LF) && raw.includes(CR) ? Buffer.from(raw.map((byte) => (byte === CR ? LF : byte))) : raw;
  const { part } = new Parser(bytes).entity(0, 0, 'text/plain', (isMultipart) => (isMultipart ? '' : '1'));
  return { header: readFields(bytes, 0, part.bodyStart), root: part };
};

/** The part's body as it lies in the message, still encoded. */
export const partBytes = (raw: Buffer, part: ParsedPart): Buffer => raw.subarray(part.bodyStart, part.bodyEnd);

/** The part's own header fields (of a message/rfc822 part: not those of the message in it). */
export const partHeader = (raw: Buffer, part: ParsedPart): HeaderField[] =>
  readFields(raw, part.headerStart, part.bodyStart);

/** The part with that section number. */
export const findPart = <P extends Part & { parts: P[] }>(root: P, section: string): P | undefined => {
  if (root.section === section) return root;
  for (const part of root.parts) {
    const found = findPart(part, section);
    if (found !== undefined) return found;
  }
  return undefined;
};
