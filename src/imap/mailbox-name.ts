import { decodeLoosely } from './wire/decoder.ts';

/**
 * Mailbox names in modified UTF-7 (RFC 3501 §5.1.3): printable ASCII stands for itself, `&` is written `&-`, all else is
 * UTF-16 in base64 with `,` for `/`, between `&` and `-`.
 */
export const encodeMailboxName = (name: string): string =>
  name.toWellFormed().replace(/&|[^\x20-\x7e]+/g, (run) => (run === '&' ? '&-' : `&${encodeRun(run)}-`));

const encodeRun = (run: string): string => {
  const bytes = Buffer.from(run, 'utf16le').swap16();
  return bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',');
};

/**
 * A raw name (one character a byte) for display. Names that follow no rule come out as they are: raw UTF-8 as UTF-8,
 * an `&` that begins nothing as `&` (Yandex).
 */
export const decodeMailboxName = (raw: string): string => {
  // oxlint-disable-next-line no-control-regex
  if (/[^\x00-\x7f]/.test(raw)) return decodeLoosely(Buffer.from(raw, 'latin1'));
  return raw.replace(/&([A-Za-z0-9+,]*)-/g, (whole, run: string) => (run === '' ? '&' : (decodeRun(run) ?? whole)));
};

const decodeRun = (run: string): string | undefined => {
  const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64');
  const text = bytes
    .subarray(0, bytes.length & ~1)
    .swap16()
    .toString('utf16le');
  return text === '' || !text.isWellFormed() ? undefined : text;
};

/** INBOX in any case is one mailbox (RFC 3501 §5.1). */
export const isInbox = (pathRaw: string): boolean => pathRaw.length === 5 && pathRaw.toUpperCase() === 'INBOX';
