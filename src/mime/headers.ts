import type { HeaderField } from './types.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/** Characters of one field that are looked at; longer ones are attacks or damage. */
export const MAX_VALUE = 100_000;

const isBlank = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** Where the text of the line at `from` ends and the next line begins; CRLF, LF and a lone CR end a line. */
const lineAt = (bytes: Buffer, from: number, limit: number): { end: number; next: number } => {
  let end = from;
  while (end < limit && bytes[end] !== LF && bytes[end] !== CR) end += 1;
  if (end === limit) return { end, next: limit };
  return { end, next: bytes[end] === CR && end + 1 < limit && bytes[end + 1] === LF ? end + 2 : end + 1 };
};

const looksLikeField = (bytes: Buffer, from: number, end: number): boolean => {
  let i = from;
  while (i < end && (bytes[i] ?? 0) > SPACE && bytes[i] !== COLON && (bytes[i] ?? 0) < 0x7f) i += 1;
  if (i === from) return false;
  while (i < end && isBlank(bytes[i])) i += 1;
  return bytes[i] === COLON;
};

export interface HeaderSpan {
  /** Where the header ends, the blank line not counted. */
  headerEnd: number;
  bodyStart: number;
}

const startsWithFrom = (bytes: Buffer, at: number): boolean =>
  bytes[at] === 0x46 &&
  bytes[at + 1] === 0x72 &&
  bytes[at + 2] === 0x6f &&
  bytes[at + 3] === 0x6d &&
  bytes[at + 4] === SPACE;

/**
 * Finds the end of the header that begins at `start` (RFC 5322 §2.1). Without a blank line the header ends before the
 * first line that is neither a field nor a continuation; that line is the body's first. An mbox "From " line is skipped.
 * A line that `isBoundary` (of an enclosing multipart) always ends it.
 */
export const headerSpan = (
  bytes: Buffer,
  start: number,
  limit: number,
  isBoundary: (lineStart: number, lineEnd: number) => boolean = () => false,
): HeaderSpan => {
  let at = start;
  let first = true;
  while (at < limit) {
    const { end, next } = lineAt(bytes, at, limit);
    if (end === at) return { headerEnd: at, bodyStart: next };
    if (isBoundary(at, end)) return { headerEnd: at, bodyStart: at };
    const goesOn = isBlank(bytes[at]) && !first;
    const mbox = first && startsWithFrom(bytes, at);
    if (!goesOn && !mbox && !looksLikeField(bytes, at, end)) {
      // Lenient: one broken line inside a header is skipped by readers; a broken line is the body only if no field follows.
      const after = next < limit ? lineAt(bytes, next, limit) : null;
      if (after === null || isBoundary(next, after.end) || !looksLikeField(bytes, next, after.end))
        return { headerEnd: at, bodyStart: at };
    }
    if (!mbox || at !== start) first = false;
    at = next;
  }
  return { headerEnd: limit, bodyStart: limit };
};

/** Text of a folded value with the line ends taken out (RFC 5322 §2.2.3). */
export const unfold = (value: string): string => (/[\r\n]/.test(value) ? value.replace(/\r\n?|\n/g, '') : value);

/** The fields of a header block, in order; `value` is raw latin1 with its folding. */
export const readFields = (bytes: Buffer, start: number, limit: number): HeaderField[] => {
  const fields: HeaderField[] = [];
  let at = start;
  while (at < limit) {
    const line = lineAt(bytes, at, limit);
    if (line.end === at) break;
    let { end, next } = line;
    while (next < limit && isBlank(bytes[next])) ({ end, next } = lineAt(bytes, next, limit));
    if (looksLikeField(bytes, at, line.end)) {
      const colon = bytes.indexOf(COLON, at);
      fields.push({
        name: bytes.toString('latin1', at, colon).trimEnd(),
        value: bytes.toString('latin1', colon + 1, end),
      });
    }
    at = next;
  }
  return fields;
};

/** Value of the last field of that name (the one JMAP shows, RFC 8621 §4.1.3), unfolded and trimmed; null when absent. */
export const fieldValue = (fields: readonly HeaderField[], name: string): string | null => {
  const wanted = name.toLowerCase();
  const field = fields.findLast((one) => one.name.length === wanted.length && one.name.toLowerCase() === wanted);
  return field === undefined ? null : unfold(field.value.slice(0, MAX_VALUE)).trim();
};
