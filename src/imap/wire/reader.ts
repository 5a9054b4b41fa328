import { ImapError } from '../errors.ts';

/**
 * Splits a byte stream into whole responses: a line with the literals in it (RFC 3501 §4.3), and the lines after them.
 * Sizes are bounded, since the server may be hostile: over them `push` throws `imap/too-large`.
 */
export interface ReaderLimits {
  /** Bytes of one line, literals not counted. */
  line: number;
  /** Bytes of one literal that is not streamed. */
  literal: number;
  /** Bytes of one response with all its literals. */
  response: number;
}

export const defaultLimits: ReaderLimits = { line: 1 << 20, literal: 64 << 20, response: 128 << 20 };

/** Takes the bytes of one literal as they come. */
export type LiteralSink = (chunk: Buffer) => void;

export interface ReaderOutput {
  /** One response, `bytes[start, end)`, line end included. The bytes belong to the receive buffer. */
  response(bytes: Buffer, start: number, end: number): void;
  /**
   * A literal of `size` bytes follows `head` (the response so far, without the literal's braces). With a sink the bytes
   * go there, and the response appears later with `""` in place of the literal.
   */
  literal?(head: Buffer, size: number): LiteralSink | null;
}

const LF = 10;
const CR = 13;

export class ResponseReader {
  limits: ReaderLimits;
  readonly #output: ReaderOutput;
  /** Bytes of the response that is not yet whole. */
  #parts: Buffer[] = [];
  #have = 0;
  /** Length the unfinished response must reach before it is worth looking at: the end of its literal. */
  #need = 0;
  /** Where in it the search for a line end goes on. */
  #scan = 0;
  #sink: LiteralSink | null = null;
  #sinkLeft = 0;

  constructor(output: ReaderOutput, limits: ReaderLimits = defaultLimits) {
    this.#output = output;
    this.limits = limits;
  }

  push(chunk: Buffer): void {
    let rest = this.#sink === null ? chunk : this.#drain(chunk);
    while (rest.length > 0) rest = this.#take(rest);
  }

  /** Gives the sink its share; what is left belongs to the response. */
  #drain(chunk: Buffer): Buffer {
    const share = chunk.length <= this.#sinkLeft ? chunk : chunk.subarray(0, this.#sinkLeft);
    this.#sinkLeft -= share.length;
    const sink = this.#sink;
    if (this.#sinkLeft === 0) this.#sink = null;
    sink?.(share);
    return chunk.subarray(share.length);
  }

  /** Reads responses from what is held and `chunk`; returns what follows a literal that now goes to a sink. */
  #take(chunk: Buffer): Buffer {
    this.#parts.push(chunk);
    this.#have += chunk.length;
    if (this.#have < this.#need) return nothing;
    if (this.#need === 0 && !chunk.includes(LF)) {
      if (this.#have - this.#scan > this.limits.line) throw new ImapError('imap/too-large');
      return nothing;
    }
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#have);
    let start = 0;
    let from = this.#scan;
    this.#need = 0;
    for (;;) {
      const lf = bytes.indexOf(LF, from);
      if ((lf < 0 ? bytes.length : lf) - from > this.limits.line) throw new ImapError('imap/too-large');
      if (lf < 0) {
        this.#hold(bytes, start, from);
        return nothing;
      }
      const size = literalAt(bytes, start, lf);
      if (size < 0) {
        this.#output.response(bytes, start, lf + 1);
        start = from = lf + 1;
        if (start === bytes.length) {
          this.#hold(bytes, start, from);
          return nothing;
        }
        continue;
      }
      const sink = this.#output.literal?.(headOf(bytes, start, lf), size) ?? null;
      if (sink !== null) return this.#divert(bytes, start, lf, size, sink);
      from = lf + 1 + size;
      if (size > this.limits.literal || from - start > this.limits.response) throw new ImapError('imap/too-large');
      if (from > bytes.length) {
        this.#hold(bytes, start, from);
        this.#need = from - start;
        return nothing;
      }
    }
  }

  #hold(bytes: Buffer, start: number, from: number): void {
    this.#parts = start < bytes.length ? [start === 0 ? bytes : bytes.subarray(start)] : [];
    this.#have = bytes.length - start;
    this.#scan = from - start;
  }

  #divert(bytes: Buffer, start: number, lf: number, size: number, sink: LiteralSink): Buffer {
    const head = Buffer.concat([headOf(bytes, start, lf), Buffer.from('""')]);
    this.#parts = [head];
    this.#have = head.length;
    this.#scan = head.length;
    const rest = bytes.subarray(lf + 1);
    if (size === 0) return rest;
    this.#sink = sink;
    this.#sinkLeft = size;
    return this.#drain(rest);
  }
}

const nothing = Buffer.alloc(0);

/** Index of the brace that opens the literal announced before the line end at `lf`, or -1. */
const braceBefore = (bytes: Buffer, start: number, lf: number): number => {
  let at = lf - 1;
  if (bytes[at] === CR) at -= 1;
  if (bytes[at] !== 125) return -1;
  at -= 1;
  if (bytes[at] === 43) at -= 1;
  const last = at;
  while (at >= start && digit(bytes[at])) at -= 1;
  return at >= start && at < last && bytes[at] === 123 ? at : -1;
};

const digit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;

/** literal = "{" number ["+"] "}" CRLF – its size, or -1 when the line ends without one. */
const literalAt = (bytes: Buffer, start: number, lf: number): number => {
  const brace = braceBefore(bytes, start, lf);
  if (brace < 0 || endsInText(bytes, start)) return -1;
  let size = 0;
  for (let at = brace + 1; digit(bytes[at]); at += 1) size = size * 10 + (bytes[at] ?? 0) - 48;
  return size;
};

/** Status responses, continuations and tagged lines end in free text, where braces mean nothing (RFC 3501 §7.1). */
const endsInText = (bytes: Buffer, start: number): boolean =>
  bytes[start] !== 42 ||
  (!digit(bytes[start + 2]) && /^\* (?:OK|NO|BAD|BYE|PREAUTH) /i.test(bytes.toString('latin1', start, start + 11)));

/** The response before its literal's braces (and the tilde of a literal8). */
const headOf = (bytes: Buffer, start: number, lf: number): Buffer => {
  const brace = braceBefore(bytes, start, lf);
  return bytes.subarray(start, bytes[brace - 1] === 126 ? brace - 1 : brace);
};
