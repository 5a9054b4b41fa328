import { decodeText, guessText } from './charset.ts';
import { decodeWords, tidy } from './words.ts';

/**
 * value *(";" attribute "=" value) – RFC 2045 §5.1; continuations and charsets of RFC 2231; encoded words inside
 * values, which RFC 2047 §5 forbids and most mailers write.
 */
export interface Parameterised {
  /** Lower-case, comments removed. */
  value: string;
  /** By lower-case name, decoded. */
  params: Map<string, string>;
}

interface Raw {
  name: string;
  value: string;
}

const MAX_PARAMS = 100;
const MAX_LENGTH = 20_000;

/** The innermost comments are replaced by a space; one that does not close stays. */
export const stripComments = (text: string): string =>
  text.includes('(')
    ? text.replace(/\((?:[^()\\]|\\.)*(\)?)/g, (comment, close: string) => (close === '' ? comment : ' '))
    : text;

/** Splits at ";" outside quotes. */
const rawParams = (text: string): Raw[] => {
  const found: Raw[] = [];
  const item = /\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?[^;]*|([^;]*))(?:;|$)|[^;]*(?:;|$)/gsy;
  while (item.lastIndex < text.length && found.length < MAX_PARAMS) {
    const match = item.exec(text);
    if (match === null || match[0] === '') break;
    if (match[1] === undefined) continue;
    // Lenient: backslashes of a Windows path ("C:\temp\a.txt") are not escapes.
    const quoted = match[2]?.replace(/\\(["\\])/g, '$1');
    found.push({ name: match[1].toLowerCase(), value: quoted ?? stripComments(match[3] ?? '').trim() });
  }
  return found;
};

const percent = (text: string): Buffer =>
  Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );

interface Piece {
  order: number;
  extended: boolean;
  value: string;
}

/** charset "'" [language] "'" text, the first extended piece of a parameter. */
const joinPieces = (pieces: Piece[]): string => {
  pieces.sort((a, b) => a.order - b.order);
  let charset: string | null = null;
  const bytes: Buffer[] = [];
  for (const [i, piece] of pieces.entries()) {
    if (!piece.extended) {
      bytes.push(Buffer.from(piece.value, 'latin1'));
      continue;
    }
    const mark = i === 0 ? /^([^']*)'[^']*'/.exec(piece.value) : null;
    if (mark !== null) charset = mark[1] === '' ? null : (mark[1] ?? null);
    bytes.push(percent(mark === null ? piece.value : piece.value.slice(mark[0].length)));
  }
  const whole = Buffer.concat(bytes);
  if (charset !== null || pieces.some((piece) => piece.extended)) return tidy(decodeText(whole, charset));
  return decodeWords(whole.toString('latin1'));
};

/** Nothing in it has to be decoded. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

const decodeParams = (raw: readonly Raw[]): Map<string, string> => {
  const params = new Map<string, string>();
  const pieces = new Map<string, Piece[]>();
  for (const { name, value } of raw) {
    if (!name.includes('*') && plain.test(value) && !value.includes('=?')) {
      if (!params.has(name)) params.set(name, value);
      continue;
    }
    const match = /^([^*]+)\*(?:(\d{1,4})(\*)?)?$/.exec(name);
    if (match === null) {
      // Lenient: encoded words inside; a plain value does not replace an extended one of the same name.
      if (!params.has(name))
        params.set(name, value.includes('=?') ? decodeWords(value) : tidy(guessText(Buffer.from(value, 'latin1'))));
      continue;
    }
    const base = match[1] ?? '';
    const piece = { order: Number(match[2] ?? 0), extended: match[2] === undefined || match[3] !== undefined, value };
    const others = pieces.get(base);
    if (others === undefined) pieces.set(base, [piece]);
    else others.push(piece);
  }
  for (const [name, list] of pieces) params.set(name, joinPieces(list));
  return params;
};

/** Parses a raw (latin1, unfolded) Content-Type, Content-Disposition or the like. Never throws. */
export const parseParameterised = (raw: string): Parameterised => {
  const semicolon = raw.indexOf(';');
  const head = semicolon < 0 ? raw : raw.slice(0, semicolon);
  const value = stripComments(head).trim().toLowerCase();
  return { value, params: semicolon < 0 ? new Map() : decodeParams(rawParams(raw.slice(semicolon + 1, MAX_LENGTH))) };
};

/** The same decoding for parameters an IMAP server has already split (BODYSTRUCTURE): name, value, name, value ... */
export const decodeParameterPairs = (pairs: readonly (string | null)[]): Map<string, string> => {
  const raw: Raw[] = [];
  for (let i = 0; i + 1 < pairs.length && raw.length < MAX_PARAMS; i += 2) {
    raw.push({ name: (pairs[i] ?? '').toLowerCase(), value: pairs[i + 1] ?? '' });
  }
  return decodeParams(raw);
};

/** A file name that is only a name: no path, no control characters, no surrounding dots and spaces; null when nothing is left. */
export const safeName = (name: string | null | undefined): string | null => {
  if (name === null || name === undefined) return null;
  // Bidirectional overrides can show "exe.txt" for "txt.exe".
  const last =
    tidy(name)
      .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  const clean = last.trim().slice(0, 255);
  return clean === '' || /^\.+$/.test(clean) ? null : clean;
};
