import { decodeParameterPairs, safeName } from '#mime/params.ts';
import type { Part } from '#mime/types.ts';
import { decodeWords } from '#mime/words.ts';
import type { Nested } from './types.ts';

/** Deeper or wider than this no mailer builds; hostile servers do. */
const MAX_DEPTH = 50;
const MAX_PARTS = 2000;

type List = readonly Nested[];

class Impossible extends Error {}

/**
 * body = "(" body-type-1part / body-type-mpart ")" – RFC 3501 §7.4.2 – as mime's tree; null when it makes no sense, and
 * the message itself must be read instead. Section numbers are those a FETCH takes.
 */
export const toPart = (structure: Nested | undefined): Part | null => {
  if (!isList(structure)) return null;
  const count = { parts: 0 };
  try {
    return body(structure, 0, count, (isMultipart) => (isMultipart ? '' : '1'));
  } catch (error) {
    if (error instanceof Impossible) return null;
    throw error;
  }
};

const isList = (value: Nested | undefined): value is List => Array.isArray(value);

const body = (list: List, depth: number, count: { parts: number }, section: (isMultipart: boolean) => string): Part => {
  count.parts += 1;
  if (depth > MAX_DEPTH || count.parts > MAX_PARTS) throw new Impossible();
  return isList(list[0]) ? multipart(list, depth, count, section(true)) : single(list, depth, count, section(false));
};

/** 1*body SP media-subtype [SP params [SP disposition [SP language [SP location]]]] */
const multipart = (list: List, depth: number, count: { parts: number }, section: string): Part => {
  const end = list.findIndex((item) => !isList(item));
  const children = (end < 0 ? list : list.slice(0, end)).filter(isList);
  const prefix = section === '' ? '' : `${section.replace(/\.TEXT$/, '')}.`;
  const parts = children.map((child, index) => body(child, depth + 1, count, () => `${prefix}${index + 1}`));
  // Dovecot and Cyrus say so of a multipart whose boundary is missing or wrong, and have nothing of what is in it.
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text/plain' && only.encodedSize === 0) throw new Impossible();
  // Lenient: the subtype is missing (Gmail, MailKit issue 205): what holds parts is mixed.
  const subtype = text(end < 0 ? null : list[end])?.toLowerCase() ?? 'mixed';
  const rest = end < 0 ? [] : list.slice(end + 1);
  return {
    ...described(`multipart/${subtype}`, parameters(rest[0]), rest.slice(1)),
    section,
    encoding: '7bit',
    cid: null,
    encodedSize: 0,
    parts,
  };
};

/** type SP subtype SP params SP id SP description SP encoding SP octets, then what the type adds, then extensions. */
const single = (list: List, depth: number, count: { parts: number }, section: string): Part => {
  const [type, subtype] = [text(list[0])?.toLowerCase(), text(list[1])?.toLowerCase()];
  if (!type || !subtype || type === 'multipart') throw new Impossible();
  const full = `${type}/${subtype}`;
  const encoding = text(list[5])?.toLowerCase().replace(/\s/g, '') || '7bit';
  // Lenient: some servers leave out envelope and body of an attached message.
  const inner = (full === 'message/rfc822' || full === 'message/global') && isList(list[8]) ? list[8] : null;
  const cid = (text(list[3]) ?? '').replace(/[<>\s]/g, '');
  const parts =
    inner === null ? [] : [body(inner, depth + 1, count, (isMultipart) => `${section}.${isMultipart ? 'TEXT' : '1'}`)];
  return {
    ...described(full, parameters(list[2]), extensions(list, type, inner !== null)),
    section,
    encoding,
    cid: cid === '' ? null : cid,
    encodedSize: octets(list[6]),
    parts,
  };
};

/** The extension data from the disposition on: after MD5, which follows the line count of text and messages. */
const extensions = (list: List, type: string, hasInner: boolean): List => {
  if (hasInner) return list.slice(11);
  // Lenient: a text part without its line count.
  return list.slice(type === 'text' && /^\d+$/.test(text(list[7]) ?? '') ? 9 : 8);
};

type Described = Pick<Part, 'type' | 'charset' | 'disposition' | 'name' | 'language' | 'location' | 'flowed' | 'delsp'>;

const described = (type: string, params: Map<string, string>, [placed, language, location]: List): Described => {
  const disposition = dispositionOf(placed);
  const flowed = type === 'text/plain' && params.get('format')?.toLowerCase() === 'flowed';
  const where = text(location);
  return {
    type,
    charset: params.get('charset') || null,
    disposition: disposition.kind,
    name: safeName(disposition.params.get('filename') ?? params.get('name')),
    language: languageOf(language),
    location: where === null ? null : decodeWords(where).replace(/\s+/g, '') || null,
    flowed,
    delsp: flowed && params.get('delsp')?.toLowerCase() === 'yes',
  };
};

/** Lenient: a bare word; Exchange puts the description there (MailKit issue 115), which is no disposition. */
const dispositionOf = (value: Nested | undefined): { kind: Part['disposition']; params: Map<string, string> } => {
  const kind = text(isList(value) ? value[0] : value)?.toLowerCase();
  const params = parameters(isList(value) ? value[1] : null);
  if (kind === 'inline') return { kind, params };
  const known = isList(value) ? !!kind : kind === 'attachment';
  return { kind: known ? 'attachment' : null, params };
};

const languageOf = (value: Nested | undefined): string[] | null => {
  const tags = (isList(value) ? value : [value ?? null]).flatMap((tag) => text(tag)?.split(/[\s,]+/) ?? []);
  const found = tags.filter((tag) => tag !== '');
  return found.length === 0 ? null : found;
};

/** "(" string SP string *(SP string SP string) ")" / nil. Lenient: a string where the list belongs. */
const parameters = (value: Nested | undefined): Map<string, string> =>
  isList(value) ? decodeParameterPairs(value.map((item) => text(item))) : new Map<string, string>();

const text = (value: Nested | undefined): string | null => (typeof value === 'string' ? value : null);

/** Lenient: `-1`, `""` and `9.3736e+06` as a size (go-imap issue 534, MailKit issue 1838). */
const octets = (value: Nested | undefined): number => {
  const size = Number(text(value) ?? '');
  return Number.isFinite(size) && size > 0 ? Math.round(size) : 0;
};
