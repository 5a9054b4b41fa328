/** The bytes do not follow the grammar. Stays inside the room: a response that cannot be read is skipped and counted. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const SP = 32;
const QUOTE = 34;
const OPEN = 40;
const CLOSE = 41;
const BACKSLASH = 92;
const TILDE = 126;
const BRACE = 123;
const CR = 13;
const LF = 10;

/** Nesting deeper than this is an attack, not a message (RFC 9051 names no limit). */
const MAX_DEPTH = 100;
/** Values in one response. */
const MAX_TOKENS = 200_000;

/** NIL, string or list, as FETCH items nest them. Strings are bytes, one character each. */
export type Value = string | null | Value[];

const digit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;

/** What may follow a quoted string. */
const closes = (byte: number | undefined): boolean =>
  byte === SP || byte === CLOSE || byte === OPEN || byte === QUOTE || byte === CR || byte === LF || byte === undefined;

/**
 * Reads one response in the words of RFC 3501 §9. Methods consume what they name and throw WireError when it is not there.
 * Strings come back as latin1, one character a byte: who knows the charset decodes.
 */
export class Decoder {
  bytes: Buffer;
  at: number;
  end: number;
  #tokens = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = trimLineEnd(bytes, start, end);
  }

  /** The same decoder for the next response; `end` may include the line end. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = trimLineEnd(bytes, start, end);
    this.#tokens = 0;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  peek(): number | undefined {
    return this.at < this.end ? this.bytes[this.at] : undefined;
  }

  /** Any number of spaces. Lenient: several where one is due, or none (Gmail, hMailServer). */
  sp(): void {
    while (this.bytes[this.at] === SP && this.at < this.end) this.at += 1;
  }

  /** Consumes `byte` when it comes next. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  /** number – digits only. */
  number(): number {
    const from = this.at;
    let value = 0;
    while (this.at < this.end && digit(this.bytes[this.at])) {
      value = value * 10 + (this.bytes[this.at] ?? 0) - 48;
      this.at += 1;
    }
    if (this.at === from || this.at - from > 20) throw new WireError('number');
    return value;
  }

  /**
   * A number that some servers cannot write; null when there is none to be had.
   * Lenient: quoted, `-1` for "unknown" (go-imap issue 534), and `9.3736e+06` (mail.ru, MailKit issue 1838).
   */
  looseNumber(): number | null {
    const text = this.scalar();
    const value = text === null || text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
  }

  /** Bytes up to the next delimiter; never empty. Brackets inside may hold spaces: `BODY[HEADER.FIELDS (TO CC)]`. */
  atom(): string {
    const { bytes, end } = this;
    const from = this.at;
    let at = from;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === SP || byte === OPEN || byte === CLOSE || byte === CR || byte === LF) break;
      if (byte === 91) {
        const close = bytes.indexOf(93, at);
        if (close < 0 || close >= end) break;
        at = close;
      }
    }
    // Lenient: a bracket that never closes is a character like others.
    while (at < end && bytes[at] === 91) at += 1;
    if (at === from) throw new WireError('atom');
    this.at = at;
    return bytes.toString('latin1', from, at);
  }

  /** quoted or literal: its bytes, escapes resolved. Lenient: 8-bit bytes and bare CR inside quotes. */
  string(): Buffer {
    return this.peek() === QUOTE ? this.#quoted() : this.#literal();
  }

  /** nstring */
  nstring(): Buffer | null {
    const first = this.peek();
    if (first === QUOTE || first === BRACE || first === TILDE) return this.string();
    if (!this.#nil()) throw new WireError('nstring');
    return null;
  }

  /** astring, and `]`, `(`-free bytes of any value as servers write them. */
  astring(): Buffer {
    const first = this.peek();
    if (first === QUOTE || first === BRACE || first === TILDE) return this.string();
    return Buffer.from(this.atom(), 'latin1');
  }

  /** One string, number or NIL as text. */
  scalar(): string | null {
    const first = this.peek();
    if (first === QUOTE || first === BRACE || first === TILDE) return this.string().toString('latin1');
    if (this.#isNil()) {
      this.at += 3;
      return null;
    }
    return this.atom();
  }

  /** "(" [item *(SP item)] ")" */
  list<T>(item: () => T): T[] {
    const found: T[] = [];
    if (!this.take(OPEN)) throw new WireError('list');
    for (;;) {
      this.sp();
      if (this.take(CLOSE)) return found;
      if (this.done) throw new WireError('list without end');
      this.#count();
      found.push(item());
    }
  }

  /**
   * flag-list, or NIL. Lenient: odd characters, quoted flags and 8-bit ones (as UTF-8) are kept as they are, since a
   * keyword of another client is none of our business.
   */
  flags(): string[] {
    if (this.peek() !== OPEN && this.#nil()) return [];
    return this.list(() => this.flag());
  }

  flag(): string {
    if (this.peek() === QUOTE) return this.#quoted().toString('utf8');
    const from = this.at;
    let ascii = true;
    for (; this.at < this.end; this.at += 1) {
      const byte = this.bytes[this.at] ?? 0;
      if (byte === SP || byte === CLOSE) break;
      if (byte > 127) ascii = false;
    }
    if (this.at === from) throw new WireError('flag');
    return ascii ? this.bytes.toString('latin1', from, this.at) : this.bytes.toString('utf8', from, this.at);
  }

  /** Whatever comes next, lists nested. */
  value(depth = 0): Value {
    const first = this.peek();
    if (first === OPEN) {
      if (depth >= MAX_DEPTH) throw new WireError('too deep');
      return this.list(() => this.value(depth + 1));
    }
    if (first === QUOTE) return this.#quotedText();
    return this.scalar();
  }

  /** Passes over one value however deep it nests. */
  skip(): void {
    if (this.peek() !== OPEN) {
      this.value();
      return;
    }
    let depth = 0;
    do {
      this.sp();
      this.#count();
      if (this.take(OPEN)) depth += 1;
      else if (this.take(CLOSE)) depth -= 1;
      else if (this.done) throw new WireError('list without end');
      else this.value();
    } while (depth > 0);
  }

  /** Everything up to the line end as text: UTF-8, else latin1. */
  text(): string {
    const rest = this.bytes.subarray(this.at, this.end);
    this.at = this.end;
    return decodeLoosely(rest);
  }

  #count(): void {
    this.#tokens += 1;
    if (this.#tokens > MAX_TOKENS) throw new WireError('too many values');
  }

  #nil(): boolean {
    const { bytes, at } = this;
    if (!isLetter(bytes[at], 110) || !isLetter(bytes[at + 1], 105) || !isLetter(bytes[at + 2], 108)) return false;
    this.at += 3;
    return true;
  }

  /** NIL as a whole atom comes next. */
  #isNil(): boolean {
    const { bytes, at } = this;
    if (!isLetter(bytes[at], 110) || !isLetter(bytes[at + 1], 105) || !isLetter(bytes[at + 2], 108)) return false;
    const next = at + 3 < this.end ? bytes[at + 3] : undefined;
    return next === undefined || next === SP || next === CLOSE || next === OPEN || next === CR || next === LF;
  }

  /** Where the quoted string that begins at `at` ends, and whether it has escapes. */
  #quotedEnd(): { close: number; escaped: boolean } {
    const { bytes, end } = this;
    let escaped = false;
    for (let at = this.at + 1; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === BACKSLASH) {
        escaped = true;
        if (bytes[at + 1] !== LF) at += 1;
      } else if (byte === QUOTE) {
        // An unescaped quote inside: where the string ends cannot be known, so the row counts as unreadable.
        if (!closes(at + 1 < end ? bytes[at + 1] : undefined)) throw new WireError('quote inside quoted');
        return { close: at, escaped };
      } else if (byte === LF) break;
    }
    throw new WireError('quoted without end');
  }

  #quoted(): Buffer {
    const from = this.at + 1;
    const { close, escaped } = this.#quotedEnd();
    this.at = close + 1;
    const inside = this.bytes.subarray(from, close);
    return escaped ? unescape(inside) : inside;
  }

  #quotedText(): string {
    const from = this.at + 1;
    const { close, escaped } = this.#quotedEnd();
    this.at = close + 1;
    const text = this.bytes.toString('latin1', from, close);
    return escaped ? text.replace(/\\([^])/g, '$1') : text;
  }

  /** literal and literal8 (RFC 3516). */
  #literal(): Buffer {
    this.take(TILDE);
    if (!this.take(BRACE)) throw new WireError('string');
    const size = this.number();
    this.take(43);
    if (!this.take(125)) throw new WireError('literal');
    this.take(CR);
    if (!this.take(LF)) throw new WireError('literal');
    const from = this.at;
    if (from + size > this.end) throw new WireError('literal beyond the end');
    this.at = from + size;
    return this.bytes.subarray(from, this.at);
  }
}

/** In either case; `letter` is the small one. */
const isLetter = (byte: number | undefined, letter: number): boolean => ((byte ?? 0) | 32) === letter;

const trimLineEnd = (bytes: Buffer, start: number, end: number): number => {
  let at = end;
  if (at > start && bytes[at - 1] === LF) at -= 1;
  if (at > start && bytes[at - 1] === CR) at -= 1;
  return at;
};

const unescape = (inside: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(inside.length);
  let length = 0;
  for (let at = 0; at < inside.length; at += 1) {
    if (inside[at] === BACKSLASH && at + 1 < inside.length) at += 1;
    out[length] = inside[at] ?? 0;
    length += 1;
  }
  return out.subarray(0, length);
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** UTF-8 where the bytes are that, else latin1. */
export const decodeLoosely = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};
