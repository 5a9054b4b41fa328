/**
 * Takes string values out of a JSON object without ever making strings of them: the bytes of `"password": "…"` at the
 * top level become a Buffer of their own, and blanks in the JSON that is parsed afterwards.
 */
const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const blank = 0x20;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

const simple: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x5c: 0x5c,
  0x2f: 0x2f,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: 0x0a,
  0x72: 0x0d,
  0x74: 0x09,
};

/** Index of the closing quote of the string that begins at `start`; the end of the bytes when it has none. */
const endOfString = (bytes: Uint8Array, start: number): number => {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return Math.min(at, bytes.length);
};

const hex = (bytes: Uint8Array, at: number): number => {
  let value = 0;
  for (const digit of bytes.subarray(at, at + 4)) {
    const number =
      digit >= 0x30 && digit <= 0x39
        ? digit - 0x30
        : (digit | 0x20) >= 0x61 && (digit | 0x20) <= 0x66
          ? (digit | 0x20) - 0x57
          : Number.NaN;
    value = value * 16 + number;
  }
  return at + 4 <= bytes.length ? value : Number.NaN;
};

/** UTF-8 of one code point, at `to`; the number of bytes. */
const putCodePoint = (out: Buffer, to: number, code: number): number => {
  if (code < 0x80) out[to] = code;
  else if (code < 0x800) {
    out[to] = 0xc0 | (code >> 6);
    out[to + 1] = 0x80 | (code & 0x3f);
    return 2;
  } else if (code < 0x1_0000) {
    out[to] = 0xe0 | (code >> 12);
    out[to + 1] = 0x80 | ((code >> 6) & 0x3f);
    out[to + 2] = 0x80 | (code & 0x3f);
    return 3;
  } else {
    out[to] = 0xf0 | (code >> 18);
    out[to + 1] = 0x80 | ((code >> 12) & 0x3f);
    out[to + 2] = 0x80 | ((code >> 6) & 0x3f);
    out[to + 3] = 0x80 | (code & 0x3f);
    return 4;
  }
  return 1;
};

/** The value of the JSON string between `start` and `end` (its quotes); null when its escapes are wrong. */
const decode = (bytes: Uint8Array, start: number, end: number): Buffer | null => {
  const out = Buffer.alloc(end - start - 1);
  let to = 0;
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== backslash) {
      out[to++] = byte;
      continue;
    }
    at += 1;
    const letter = bytes[at] ?? 0;
    if (letter !== 0x75) {
      const plain = simple[letter];
      if (plain === undefined) return null;
      out[to++] = plain;
      continue;
    }
    let code = hex(bytes, at + 1);
    at += 4;
    if (code >= 0xd800 && code < 0xdc00 && bytes[at + 1] === backslash && bytes[at + 2] === 0x75) {
      const low = hex(bytes, at + 3);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    if (Number.isNaN(code) || (code >= 0xd800 && code < 0xe000)) return null;
    to += putCodePoint(out, to, code);
  }
  const value = Buffer.from(out.subarray(0, to));
  out.fill(0);
  return value;
};

/**
 * The values of the top-level keys `names` in the JSON object `bytes`; in `bytes` they are overwritten with blanks. A
 * value that is no string stays for the parser to complain about.
 */
export const takeStrings = (bytes: Buffer, names: readonly string[]): Map<string, Buffer> => {
  const found = new Map<string, Buffer>();
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    if (byte !== quote) continue;
    const end = endOfString(bytes, at);
    const name = depth === 1 ? names.find((n) => bytes.subarray(at + 1, end).equals(Buffer.from(n))) : undefined;
    let next = end + 1;
    while (isSpace(bytes[next])) next += 1;
    if (name === undefined || bytes[next] !== colon) {
      at = end;
      continue;
    }
    next += 1;
    while (isSpace(bytes[next])) next += 1;
    if (bytes[next] !== quote) {
      at = next - 1;
      continue;
    }
    const close = endOfString(bytes, next);
    const value = decode(bytes, next, close);
    bytes.fill(blank, next + 1, close);
    if (value) {
      found.get(name)?.fill(0);
      found.set(name, value);
    }
    at = close;
  }
  return found;
};
