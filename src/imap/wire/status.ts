import { decodeLoosely } from './decoder.ts';

/**
 * resp-text of OK, NO, BAD, BYE and PREAUTH: "[" resp-text-code "]" SP text – RFC 3501 §7.1.
 */
export interface StatusLine {
  /** `*`, or the tag. */
  tag: string;
  status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';
  /** Upper-case; null when there is none. */
  code: string | null;
  /** What follows the code inside the brackets, bytes as characters. */
  argument: string;
  text: string;
}

const pattern = /^([^\s{}()"\\%]+) (OK|NO|BAD|BYE|PREAUTH)(?: +|$)/i;
/** The bracket that closes the code is followed by a space or nothing; flags inside may hold brackets of their own. */
const codePattern = /^\[([^\s\]]+)(?: +(.*?))?\](?= |$)/s;
/** Lenient: `[UIDNEXT 5]text`. */
const tightCodePattern = /^\[([^\s\]]+)(?: +([^\]]*))?\]/;

/** undefined when the response is no status response. */
export const parseStatusLine = (bytes: Buffer, start: number, end: number): StatusLine | undefined => {
  const line = bytes.toString('latin1', start, Math.min(end, start + 100_000)).replace(/\r?\n$/, '');
  const match = pattern.exec(line);
  if (match === null) return undefined;
  const rest = line.slice(match[0].length);
  const code = codePattern.exec(rest) ?? tightCodePattern.exec(rest);
  const text = code === null ? rest : rest.slice(code[0].length).trimStart();
  return {
    tag: match[1] ?? '',
    status: (match[2] ?? '').toUpperCase() as StatusLine['status'],
    code: code?.[1]?.toUpperCase() ?? null,
    argument: code?.[2] ?? '',
    text: decodeLoosely(Buffer.from(text, 'latin1')),
  };
};
