import { Decoder, decodeLoosely, WireError } from './wire/decoder.ts';
import type { FetchRow, FlagRow } from './types.ts';

/**
 * Reads FETCH responses (RFC 3501 §7.4.2). Runs once for every message of a mailbox, so it makes no string of a header
 * and shares the arrays of equal flag lists. One parser per connection; it is not re-entrant.
 */
export type Parsed =
  | { kind: 'row'; row: FetchRow }
  | { kind: 'broken'; seq: number; uid: number | null }
  | { kind: 'other' };

const none: Parsed = { kind: 'other' };
/** Distinct flag lists remembered; a mailbox has a few dozen. */
const MAX_FLAG_LISTS = 2000;

/** Position after `* n FETCH (`, and n; undefined when the response is something else. */
const fetchStart = (bytes: Buffer, start: number, end: number): { seq: number; at: number } | undefined => {
  if (bytes[start] !== 42) return undefined;
  let at = start + 2;
  let seq = 0;
  for (let byte = bytes[at] ?? 0; byte >= 48 && byte <= 57; byte = bytes[at] ?? 0) {
    seq = seq * 10 + byte - 48;
    at += 1;
  }
  if (at === start + 2 || at + 6 >= end || bytes[at] !== 32) return undefined;
  // "FETCH" in any case.
  if (((bytes[at + 1] ?? 0) | 32) !== 102 || ((bytes[at + 5] ?? 0) | 32) !== 104) return undefined;
  at += 6;
  while (bytes[at] === 32) at += 1;
  return bytes[at] === 40 ? { seq, at: at + 1 } : undefined;
};

/** Whether a response is FETCH. */
export const isFetch = (bytes: Buffer, start: number, end: number): boolean =>
  fetchStart(bytes, start, end) !== undefined;

export class FetchParser {
  readonly #decoder = new Decoder(Buffer.alloc(0));
  readonly #flagLists = new Map<string, readonly string[]>();

  /** A whole response, `bytes[start, end)`. Never throws. */
  parse(bytes: Buffer, start: number, end: number): Parsed {
    const begin = fetchStart(bytes, start, end);
    if (begin === undefined) return none;
    const row = emptyRow(begin.seq);
    const decoder = this.#decoder;
    decoder.reset(bytes, start, end);
    decoder.at = begin.at;
    try {
      for (;;) {
        decoder.sp();
        // Lenient: a closing parenthesis too many or too few (Gmail, Domino) ends nothing before the line does.
        if (decoder.done) return { kind: 'row', row };
        if (decoder.take(41)) continue;
        this.#item(decoder, row);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return { kind: 'broken', seq: begin.seq, uid: row.uid || uidIn(bytes, begin.at, end) };
    }
  }

  #item(decoder: Decoder, row: FetchRow): void {
    const name = decoder.atom();
    decoder.sp();
    this.#named(name, decoder, row);
  }

  #named(name: string, decoder: Decoder, row: FetchRow): void {
    switch (name) {
      case 'UID':
        row.uid = once(row.uid || null, decoder.number());
        return;
      case 'FLAGS':
        row.flags = this.#flags(decoder);
        return;
      case 'INTERNALDATE':
        row.internalDate = once(row.internalDate, parseInternalDate(decoder.scalar()));
        return;
      case 'RFC822.SIZE':
        row.size = once(row.size, decoder.looseNumber());
        return;
      case 'MODSEQ':
        row.modseq = modseq(decoder);
        return;
      case 'BODYSTRUCTURE':
        row.bodystructure = structure(decoder);
        return;
      default: {
        const upper = name.toUpperCase();
        if (upper === name) rareItem(decoder, name, row);
        else this.#named(upper, decoder, row);
      }
    }
  }

  #flags(decoder: Decoder): readonly string[] {
    const from = decoder.at;
    const close = decoder.bytes.indexOf(41, from);
    const key = decoder.bytes.toString('latin1', from, Math.max(close, from));
    const known = this.#flagLists.get(key);
    if (known !== undefined && decoder.bytes[from] === 40) {
      decoder.at = close + 1;
      return known;
    }
    const flags = Object.freeze(decoder.flags());
    if (decoder.at === close + 1 && this.#flagLists.size < MAX_FLAG_LISTS) this.#flagLists.set(key, flags);
    return flags;
  }
}

export const emptyRow = (seq: number, uid = 0): FetchRow => ({
  seq,
  uid,
  flags: null,
  internalDate: null,
  size: null,
  modseq: '0',
  header: null,
  bodystructure: undefined,
  gmMsgId: null,
  gmThrId: null,
  emailId: null,
  threadId: null,
  guid: null,
  preview: null,
  sections: noSections,
});

/** A literal whose size is wrong may swallow where the next row begins: what that says is not said of this message. */
const once = <T>(known: T | null, value: T): T => {
  if (known !== null && known !== value) throw new WireError();
  return value;
};

/** Shared by all rows that carry no section. */
const noSections: ReadonlyMap<string, Buffer> = new Map();

const rareItem = (decoder: Decoder, name: string, row: FetchRow): void => {
  if (name.startsWith('BODY[') || name.startsWith('BINARY[')) {
    section(decoder, name, row);
    return;
  }
  switch (name) {
    case 'X-GM-MSGID':
      row.gmMsgId = once(row.gmMsgId, decoder.scalar());
      return;
    case 'X-GM-THRID':
      row.gmThrId = decoder.scalar();
      return;
    case 'EMAILID':
      row.emailId = once(row.emailId, inParentheses(decoder));
      return;
    case 'THREADID':
      row.threadId = inParentheses(decoder);
      return;
    case 'X-GUID':
      row.guid = once(row.guid, decoder.scalar());
      return;
    case 'PREVIEW': {
      const text = decoder.nstring();
      row.preview = text === null ? null : decodeLoosely(text);
      return;
    }
    default:
      // Items nobody asked for (RFC 3501 §7 allows them) are passed over.
      if (!decoder.done && decoder.peek() !== 41) decoder.skip();
  }
};

/** "BODY[" [section] "]" ["<" number ">"] SP nstring */
const section = (decoder: Decoder, name: string, row: FetchRow): void => {
  const inside = name.slice(name.indexOf('[') + 1, name.lastIndexOf(']'));
  const bytes = sectionValue(decoder);
  if (bytes === null) return;
  if (inside === 'HEADER' || inside.startsWith('HEADER.FIELDS')) row.header = bytes;
  if (inside !== 'HEADER' && row.header === bytes) return;
  row.sections = new Map([...row.sections, [inside, bytes]]);
};

const empty = Buffer.alloc(0);

/** Lenient: `BODY[2] ` with no value at all for an empty part (Yandex, MailKit issue 1708). */
const sectionValue = (decoder: Decoder): Buffer | null => {
  const next = decoder.peek();
  if (next === 34 || next === 123 || next === 126) return decoder.string();
  const before = decoder.at;
  try {
    return decoder.nstring();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    decoder.at = before;
    return empty;
  }
};

/** Lenient: Zoho sends negative values (MailKit zoho/fetch-negative-modseq-values.txt); they mean nothing. */
const modseq = (decoder: Decoder): string => {
  const value = decoder.value();
  const text = Array.isArray(value) ? value[0] : value;
  return typeof text === 'string' && /^\d{1,20}$/.test(text) ? text : '0';
};

const inParentheses = (decoder: Decoder): string | null => {
  const value = decoder.value();
  const inner = Array.isArray(value) ? value[0] : value;
  return typeof inner === 'string' ? inner : null;
};

/** undefined when it nests too deep to be a message: the caller then reads the message itself. */
const structure = (decoder: Decoder): FetchRow['bodystructure'] => {
  const from = decoder.at;
  try {
    return decoder.value();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    decoder.at = from;
    decoder.skip();
    return undefined;
  }
};

/** The UID of a row that cannot be read otherwise. */
const uidIn = (bytes: Buffer, start: number, end: number): number | null => {
  const match = /[( ]UID (\d{1,10})[ )\r]/i.exec(bytes.toString('latin1', start - 1, Math.min(end, start + 2000)));
  return match === null ? null : Number(match[1]);
};

/** FLAGS row of what was read, or undefined when FLAGS is not in it. */
export const toFlagRow = ({ seq, uid, flags, modseq }: FetchRow): FlagRow | undefined =>
  flags === null ? undefined : { seq, uid, flags, modseq };

const months: Readonly<Record<string, number>> = {
  jan: 0, feb: 1, mar: 2, apr: 3, may: 4, jun: 5, jul: 6, aug: 7, sep: 8, oct: 9, nov: 10, dec: 11,
}; // prettier-ignore

/** date-time – "dd-Mon-yyyy hh:mm:ss +zzzz" (RFC 3501 §9) as Unix seconds; null when it is not one. */
export const parseInternalDate = (text: string | null): number | null => {
  // Lenient: a day of one digit without its space.
  if (text?.length === 25) return parseInternalDate(` ${text}`);
  if (text?.length !== 26) return null;
  const day = Number(text.slice(0, 2));
  const month = months[text.slice(3, 6).toLowerCase()];
  const year = Number(text.slice(7, 11));
  const [hour, minute, second] = [Number(text.slice(12, 14)), Number(text.slice(15, 17)), Number(text.slice(18, 20))];
  const zone = Number(text.slice(22, 24)) * 60 + Number(text.slice(24, 26));
  if (month === undefined || day < 1 || day > 31 || hour > 24 || minute > 60 || second > 60) return null;
  const utc = Date.UTC(year, month, day, hour, minute, second) / 1000;
  const seconds = utc - (text[21] === '-' ? -zone : zone) * 60;
  return Number.isFinite(seconds) ? seconds : null;
};
