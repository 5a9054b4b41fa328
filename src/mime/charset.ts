import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

/** Labels seen in mail that neither WHATWG nor iconv-lite knows, and what they mean. */
const aliases: Readonly<Record<string, string>> = {
  '8bit': 'utf-8',
  ansi: 'windows-1252',
  'ansi_x3.110-1983': 'windows-1252',
  chinesebig5: 'big5',
  default: 'utf-8',
  default_charset: 'utf-8',
  iso: 'windows-1252',
  'iso-10646-ucs-2': 'utf-16be',
  'iso-8859-8-e': 'iso-8859-8',
  'iso8859-1-windows-3.1-latin-1': 'windows-1252',
  'ks_c_5861-1992': 'euc-kr',
  'shift-jis-2004': 'shift_jis',
  'unicode-1-1-utf-7': 'utf-7',
  unicode: 'utf-16',
  unknown: 'utf-8',
  'unknown-8bit': 'utf-8',
  'utf-8mb4': 'utf-8',
  utf8mb4: 'utf-8',
  'utf-32be': 'utf-32be',
  'x-gbk': 'gbk',
  'x-unknown': 'utf-8',
  'x-user-defined': 'utf-8',
};

/** Charsets in which several bytes make a character, so that well-formed UTF-8 may be there by chance. */
const multibyte = /^(?:gb|big5|euc|iso-2022|shift|utf-16|utf-7|utf-32)/;

/** Octets that the library's decoders are given: hostile text costs some of them half a microsecond each. */
const MAX_SLOW = 2_000_000;

/** No charset has a longer name. */
const MAX_LABEL = 100;

type Decode = (bytes: Uint8Array) => string;
const decoders = new Map<string, { label: string; decode: Decode } | null>();

const findDecoder = (label: string): { label: string; decode: Decode } | null => {
  try {
    const decoder = new TextDecoder(label, { ignoreBOM: false });
    return { label: decoder.encoding, decode: (bytes) => decoder.decode(bytes) };
  } catch {
    // Not a WHATWG label.
  }
  // Names of mailboxes are written so, no mail is; and it costs the most of all.
  if (label.replace(/[^a-z0-9]/g, '').startsWith('utf7imap') || !iconv.encodingExists(label)) return null;
  return {
    label,
    decode: (bytes) =>
      iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, MAX_SLOW)), label),
  };
};

const decoderFor = (charset: string): { label: string; decode: Decode } | null => {
  const cached = decoders.get(charset);
  if (cached !== undefined) return cached;
  if (charset.length > MAX_LABEL) return null;
  const clean = charset
    .trim()
    .toLowerCase()
    .replace(/^["']+|["']+$/g, '')
    .replace(/^(?:charset=)/, '');
  const found = clean === '' ? null : findDecoder(aliases[clean] ?? clean);
  // The key comes from mail: a hostile mailbox must not fill the memory with labels.
  if (decoders.size < 500) decoders.set(charset, found);
  return found;
};

/** Undeclared text: UTF-8 when it is well-formed, else windows-1252. */
export const guessText = (bytes: Buffer): string => {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return decoderFor('windows-1252')?.decode(bytes) ?? bytes.toString('latin1');
};

/**
 * Text of `bytes` in `charset` (any label; null when none was declared). Never throws; bytes that mean nothing become
 * U+FFFD. Well-formed UTF-8 wins over a declared single-byte charset, since that declaration is then nearly always wrong.
 */
export const decodeText = (bytes: Buffer, charset: string | null): string => {
  const found = charset === null ? null : decoderFor(charset);
  if (found === null) return guessText(bytes);
  if (multibyte.test(found.label)) return found.decode(bytes);
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  // Declared UTF-8 and malformed: a stray byte in much UTF-8 is damage, but no valid sequence at all is another charset.
  if (found.label === 'utf-8') return decodeBrokenUtf8(bytes, found.decode);
  return found.decode(bytes);
};

const decodeBrokenUtf8 = (bytes: Buffer, utf8: Decode): string => {
  const text = utf8(bytes);
  for (const char of text) if (char > '\x7f' && char !== '\ufffd') return text;
  return guessText(bytes);
};

/**
 * Whether octets that were read as `text` are not what was declared: the charset (none: ASCII) is unknown, or they mean
 * nothing in it – RFC 8621 §4.1.4, `isEncodingProblem`. UTF-8 declared as something else is well read.
 */
export const isMisread = (bytes: Buffer, charset: string | null, text: string): boolean => {
  const declared = charset ?? 'us-ascii';
  const label = decoderFor(declared)?.label;
  if (label === undefined) return true;
  if (multibyte.test(label)) return text.includes('\ufffd');
  return !isUtf8(bytes) && (label === 'utf-8' || /ascii|ansi_x3\.4/i.test(declared) || text.includes('\ufffd'));
};
