import { Transform } from 'node:stream';

/** Content-Transfer-Encoding, RFC 2045 §6; uuencode as it was before. Decoders are tolerant and never throw. */
interface Decoder {
  push: (bytes: Buffer) => Buffer;
  end: () => Buffer;
}

const EMPTY = Buffer.alloc(0);
const LF = 10;
const CR = 13;
const EQUALS = 61;

const foreign = /[^A-Za-z0-9+/=]+/g;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const sextets = Array.from({ length: 128 }, (_, code) => alphabet.indexOf(String.fromCharCode(code)));

/** Base64 with padding in the middle, which ends a piece: {@link Buffer.from} stops there, and is slow for a piece each. */
const inPieces = (text: string): Buffer => {
  const out = Buffer.allocUnsafe(text.length);
  let to = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i <= text.length; i += 1) {
    const sextet = sextets[text.charCodeAt(i)] ?? -1;
    if (sextet >= 0) {
      bits = (bits << 6) | sextet;
      count += 1;
      if (count < 4) continue;
    }
    for (let left = count * 6 - 8; left >= 0; left -= 8) out[to++] = bits >> left;
    bits = 0;
    count = 0;
  }
  return out.subarray(0, to);
};

/** Base64: what is not of the alphabet is skipped, padding in the middle ends a piece and another begins. */
const base64 = (): Decoder => {
  let rest = '';
  return {
    push: (bytes) => {
      const text = rest + bytes.toString('latin1').replace(foreign, '');
      const end = text.length - ((text.length - text.lastIndexOf('=') - 1) % 4);
      rest = text.slice(end);
      const whole = text.slice(0, end);
      return /=[^=]/.test(whole) ? inPieces(whole) : Buffer.from(whole, 'base64');
    },
    end: () => {
      const last = Buffer.from(rest, 'base64');
      rest = '';
      return last;
    },
  };
};

const hexValue = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

/** Decodes whole lines; `=` that is no escape stays, blanks before a line end go (they were added on the way). */
const decodeQuoted = (bytes: Buffer): Buffer => {
  const out = Buffer.allocUnsafe(bytes.length);
  let to = 0;
  /** Where the blanks at the end of the line so far began. */
  let solid = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === EQUALS) {
      const high = hexValue(bytes[i + 1]);
      const low = hexValue(bytes[i + 2]);
      if (high >= 0 && low >= 0) {
        out[to++] = high * 16 + low;
        i += 2;
        solid = to;
        continue;
      }
      let end = i + 1;
      while (bytes[end] === 32 || bytes[end] === 9) end += 1;
      if (end >= bytes.length) break;
      if (bytes[end] === LF || bytes[end] === CR) {
        i = bytes[end] === CR && bytes[end + 1] === LF ? end + 1 : end;
        solid = to;
        continue;
      }
    } else if (byte === LF || byte === CR) to = solid;
    out[to++] = byte;
    if (byte !== 32 && byte !== 9) solid = to;
  }
  return out.subarray(0, to);
};

/** A line longer than this is decoded before its end is seen. */
const LONG_LINE = 65_536;

const quotedPrintable = (): Decoder => {
  let rest = EMPTY;
  return {
    push: (bytes) => {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let cut = all.lastIndexOf(LF) + 1;
      if (cut === 0 && all.length > LONG_LINE) cut = Math.max(0, all.indexOf(EQUALS, all.length - 3));
      if (cut === 0 && all.length > LONG_LINE) cut = all.length;
      rest = Buffer.from(all.subarray(cut));
      return decodeQuoted(all.subarray(0, cut));
    },
    end: () => {
      const last = decodeQuoted(rest);
      rest = EMPTY;
      return last;
    },
  };
};

const uuLine = (line: Buffer): Buffer => {
  const length = ((line[0] ?? 32) - 32) & 63;
  const out = Buffer.alloc(Math.ceil(length / 3) * 3);
  const sextet = (at: number): number => ((line[at] ?? 32) - 32) & 63;
  for (let i = 1, to = 0; to < length; i += 4, to += 3) {
    const [a, b, c, d] = [sextet(i), sextet(i + 1), sextet(i + 2), sextet(i + 3)];
    out[to] = (a << 2) | (b >> 4);
    out[to + 1] = ((b << 4) | (c >> 2)) & 255;
    out[to + 2] = ((c << 6) | d) & 255;
  }
  return out.subarray(0, length);
};

/** No line says more than its first 85 octets: of one that has not ended, the rest is not kept. */
const UU_LINE = 128;

/** uuencode: from the `begin` line to `end`; text before and after is not part of the file. */
const uuencode = (): Decoder => {
  let rest = EMPTY;
  let inside = false;
  const take = (line: Buffer): Buffer => {
    const text = line.toString('latin1', 0, 12);
    if (/^begin \d/i.test(text)) inside = true;
    else if (inside && text.trimEnd() === 'end') inside = false;
    else if (inside && line.length > 0) return uuLine(line);
    return EMPTY;
  };
  const lines = (bytes: Buffer, isLast: boolean): Buffer => {
    const out: Buffer[] = [];
    let at = 0;
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, at)) {
      out.push(take(bytes.subarray(at, bytes[lf - 1] === CR ? lf - 1 : lf)));
      at = lf + 1;
    }
    if (isLast) out.push(take(bytes.subarray(at)));
    rest = isLast ? EMPTY : Buffer.from(bytes.subarray(at, at + UU_LINE));
    return Buffer.concat(out);
  };
  return {
    push: (bytes) => lines(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), false),
    end: () => lines(rest, true),
  };
};

const identity = (): Decoder => ({ push: (bytes) => bytes, end: () => EMPTY });

const decoderOf = (encoding: string): Decoder => {
  switch (encoding.toLowerCase()) {
    case 'base64':
    case 'x-base64':
      return base64();
    case 'quoted-printable':
    case 'x-quoted-printable':
      return quotedPrintable();
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
    case 'uue':
      return uuencode();
    default:
      return identity();
  }
};

/** Octets of an encoded part; an unknown encoding is left as it is. */
export const decodePart = (bytes: Buffer, part: { encoding: string }): Buffer => {
  const decoder = decoderOf(part.encoding);
  const main = decoder.push(bytes);
  const last = decoder.end();
  return last.length === 0 ? main : Buffer.concat([main, last]);
};

/** The same for bytes that come in pieces, for downloads: pipe the encoded part through it. */
export const decodeStream = (encoding: string): Transform => {
  const decoder = decoderOf(encoding);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, decoder.push(chunk)),
    flush: (done) => done(null, decoder.end()),
  });
};
