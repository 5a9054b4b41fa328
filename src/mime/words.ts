import { decodeText, guessText } from './charset.ts';

/**
 * encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?=" – RFC 2047 §2, RFC 2231 §5.
 * Header text comes in as latin1 (one char per byte) and leaves as Unicode.
 */
interface Word {
  charset: string;
  bytes: Buffer;
  end: number;
}

const head = /=\?([^?\s*]{1,60})(?:\*[^?\s]*)?\?([bq])\?/giy;
const escape = /=([0-9a-f]{2})/gi;

const qBytes = (text: string): Buffer => {
  const spaced = text.includes('_') ? text.replaceAll('_', ' ') : text;
  const plain = spaced.includes('=')
    ? spaced.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : spaced;
  return Buffer.from(plain, 'latin1');
};

/** Base64 with `=` in the middle, as when an encoder joined finished pieces. */
const bBytes = (text: string): Buffer => {
  const pad = text.indexOf('=');
  if (pad < 0 || /^=*\s*$/.test(text.slice(pad))) return Buffer.from(text, 'base64');
  return Buffer.concat(text.split(/=+/).map((piece) => Buffer.from(piece, 'base64')));
};

const endOfWord = (raw: string, from: number, isQ: boolean): number => {
  const end = raw.indexOf('?=', from);
  // Lenient: a raw "?" before an escape ("what?=20now?=") is not the end when a better one follows in the same word.
  if (isQ && end >= 0 && /^[0-9a-f]{2}[^\s?]*\?=/i.test(raw.slice(end + 2, end + 80)))
    return raw.indexOf('?=', end + 2);
  return end;
};

/** The longest line of RFC 5322 §2.1.1: more than that is not a word that lost its end. */
const MAX_CUT_OFF = 998;

/** `lastEnd`: where the last "?=" of `raw` stands, so that text full of beginnings is not searched once for each. */
const wordAt = (raw: string, at: number, lastEnd: number): Word | null => {
  head.lastIndex = at;
  const match = head.exec(raw);
  if (match === null) return null;
  const from = head.lastIndex;
  const isQ = match[2] === 'q' || match[2] === 'Q';
  const close = from > lastEnd ? -1 : endOfWord(raw, from, isQ);
  // Lenient: a word cut off by a limit on the line keeps what it has.
  if (close < 0 && raw.length - from > MAX_CUT_OFF) return null;
  const to = close < 0 ? raw.length : close;
  const text = raw.slice(from, to);
  if (close < 0 && /\s/.test(text.trimEnd())) return null;
  return { charset: match[1] ?? '', bytes: isQ ? qBytes(text) : bBytes(text), end: close < 0 ? to : close + 2 };
};

const plainText = (raw: string): string => {
  for (let i = 0; i < raw.length; i += 1) if (raw.charCodeAt(i) > 0x7e) return guessText(Buffer.from(raw, 'latin1'));
  return raw;
};

// eslint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f-\x9f]+/g;

/** At most as many combining characters in a row as UAX #15 §13 has in real text: thousands hold a browser up for minutes. */
const mostPiled = 30;
/** Marks, modifiers, joiners, and the vowels of Thai and Lao that behave as marks. */
const piled = /([\p{M}\p{Cf}\p{EMod}\u0e33\u0eb3]{30})[\p{M}\p{Cf}\p{EMod}\u0e33\u0eb3]+/gu;
/** A UTF-16 unit that is one of these, or half of a character. */
const mayPile = /[\p{M}\p{Cf}\p{EMod}\p{Cs}\u0e33\u0eb3]/u;

/** A pile that is too high covers a place of this measure: only there is looked, since most text has none. */
const isPiled = (text: string): boolean => {
  const isUnit = (at: number): boolean => text.charCodeAt(at) > 0xac && mayPile.test(text.charAt(at));
  for (let at = mostPiled; at < text.length; at += mostPiled) {
    let [from, to] = [at, at];
    while (isUnit(from - 1)) from -= 1;
    while (isUnit(to)) to += 1;
    if (to - from > mostPiled) return true;
  }
  return false;
};

export const unpiled = (text: string): string => (isPiled(text) ? text.replace(piled, '$1') : text);

/** One line of text: control characters and NUL gone, no white space at the ends. */
export const tidy = (text: string): string => unpiled(text.replace(controls, ' ').trim());

const decodeAll = (raw: string, first: number): string => {
  let out = '';
  const lastEnd = raw.lastIndexOf('?=');
  let done = 0;
  let at = first;
  let run: Buffer[] = [];
  let charset = '';
  const flush = (): void => {
    if (run.length > 0) out += decodeText(run.length === 1 ? (run[0] ?? Buffer.alloc(0)) : Buffer.concat(run), charset);
    run = [];
  };
  while (at >= 0) {
    const word = wordAt(raw, at, lastEnd);
    if (word === null) {
      at = raw.indexOf('=?', at + 2);
      continue;
    }
    const between = raw.slice(done, at);
    const joins = done > 0 && between.trim() === '';
    if (!joins || word.charset.toLowerCase() !== charset.toLowerCase()) flush();
    if (!joins) out += plainText(between);
    charset = word.charset;
    run.push(word.bytes);
    done = word.end;
    at = raw.indexOf('=?', done);
  }
  flush();
  return out + plainText(raw.slice(done));
};

/**
 * Unicode of unstructured header text or a phrase. A character split over adjacent words of the same charset is put
 * together again; undeclared 8-bit text is UTF-8 or windows-1252; what is not a word stays as it stands.
 */
export const decodeWords = (raw: string): string => {
  const first = raw.indexOf('=?');
  return tidy(first < 0 ? plainText(raw) : decodeAll(raw, first));
};
