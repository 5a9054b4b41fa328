import { parseParameterised } from '#mime/params.ts';
import { bool, type Check, isObject, list, optional, orNull, shape, text, Unfit } from '../check.ts';
import { partFields } from './body.ts';
import { parseHeaderWish } from './header-form.ts';
import { fieldText } from './header-writing.ts';

/** A part of a message to be made – RFC 8621 §4.6 */
export interface NewPart {
  /** Lower-case, with the parameters that `header:Content-Type` gave; null: the blob's own. */
  type: string | null;
  content: { kind: 'text'; value: string } | { kind: 'blob'; blobId: string } | { kind: 'parts'; parts: NewPart[] };
  name: string | null;
  disposition: string | null;
  cid: string | null;
  language: string[] | null;
  location: string | null;
  charset: string | null;
  /** Other fields; of the part that is the whole message only `Content-*`, the rest is the message's (rootPart). */
  headers: { name: string; value: string }[];
}

export interface NewBody {
  text: NewPart | null;
  html: NewPart | null;
  attachments: NewPart[];
  /** Instead of the others. */
  structure: NewPart | null;
}

const bodyValue = shape({ value: text, isEncodingProblem: optional(bool, false), isTruncated: optional(bool, false) });

const wholeValue: Check<string> = (given, at) => {
  const { value, isEncodingProblem, isTruncated } = bodyValue(given, at);
  if (isEncodingProblem || isTruncated) throw new Unfit(at, 'a whole value');
  return value;
};

const typeGrammar = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/u;
const maxDepth = 50;

const partKeys: readonly string[] = [...partFields, 'subParts'];

const optionalText = orNull(text);
const maybe = <T>(check: Check<T>, value: unknown, at: string): T | null =>
  value === undefined || value === null ? null : check(value, at);

const word: Check<string> = (value, at) => {
  const given = text(value, at);
  if (!/^[\w-]{1,50}$/u.test(given)) throw new Unfit(at, 'one word');
  return given.toLowerCase();
};

/** The field each property of a part stands in. */
const fieldOf: Readonly<Record<string, string>> = {
  type: 'content-type',
  charset: 'content-type',
  name: 'content-disposition',
  disposition: 'content-disposition',
  cid: 'content-id',
  language: 'content-language',
  location: 'content-location',
};

interface PartHeaders {
  contentType: string | null;
  others: NewPart['headers'];
}

/** The header fields of a part, each named once – RFC 8621 §4.6. */
const headersOf = (record: Record<string, unknown>, at: string, isRoot: boolean): PartHeaders => {
  const headers: PartHeaders = { contentType: null, others: [] };
  const said = new Set(
    Object.keys(record).flatMap((name) => ((record[name] ?? null) === null ? [] : (fieldOf[name] ?? []))),
  );
  for (const [property, value] of Object.entries(record)) {
    if (!property.startsWith('header:') || value === null) continue;
    const wish = parseHeaderWish(property);
    const where = `${at}/${property}`;
    if (!wish || wish.field === 'content-transfer-encoding' || wish.field === 'mime-version')
      throw new Unfit(where, 'not allowed here');
    if (isRoot && !wish.field.startsWith('content-')) continue;
    const values: unknown[] = wish.all ? list((one) => one)(value, at) : [value];
    if (said.has(wish.field) || (values.length > 1 && wish.field.startsWith('content-')))
      throw new Unfit(where, 'said once');
    said.add(wish.field);
    const texts = values.map((one) => fieldText(wish.form, one, where));
    if (wish.field === 'content-type') [headers.contentType = null] = texts;
    else headers.others.push(...texts.map((text) => ({ name: property.split(':')[1] ?? '', value: text })));
  }
  return headers;
};

/** `type/subtype` and its parameters, without the charset of what will be UTF-8. */
const typeOf = (given: string, isText: boolean, at: string): string => {
  const { value: type, params } = parseParameterised(given);
  if (!typeGrammar.test(type) || type.startsWith('multipart/')) throw new Unfit(at, 'the media type of one part');
  if (isText && (params.get('charset') ?? 'utf-8').toLowerCase() !== 'utf-8') throw new Unfit(at, 'charset=utf-8');
  if (isText) params.delete('charset');
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
  return [type, ...[...params].map(([name, text]) => `${name}=${quoted(text)}`)].join('; ');
};

/** The text that a partId names; undefined where there is none. */
type Values = (partId: string) => string | undefined;

const contentOf = (record: Record<string, unknown>, values: Values, at: string, depth: number): NewPart['content'] => {
  const { partId, blobId, subParts } = record;
  const isMulti = typeof record['type'] === 'string' && record['type'].toLowerCase().startsWith('multipart/');
  if (isMulti) {
    if (partId || blobId) throw new Unfit(`${at}/type`, 'a multipart has no content of its own');
    if (!Array.isArray(subParts) || subParts.length === 0) throw new Unfit(`${at}/subParts`, 'a list of parts');
    return {
      kind: 'parts',
      parts: subParts.map((part, index) => newPart(part, values, `${at}/subParts/${index}`, depth + 1)),
    };
  }
  if (Array.isArray(subParts)) throw new Unfit(`${at}/subParts`, 'only in a multipart');
  if (typeof partId === 'string') {
    const value = values(partId);
    if (blobId || record['size'] || record['charset'])
      throw new Unfit(at, 'partId with neither blobId, size nor charset');
    if (value === undefined) throw new Unfit(`${at}/partId`, 'a key of bodyValues');
    return { kind: 'text', value };
  }
  if (typeof blobId !== 'string') throw new Unfit(at, 'partId or blobId');
  return { kind: 'blob', blobId };
};

const newPart = (value: unknown, values: Values, at: string, depth = 0, isRoot = false): NewPart => {
  if (!isObject(value) || depth > maxDepth) throw new Unfit(at, 'a body part');
  const stranger = Object.keys(value).find((name) => !partKeys.includes(name) && !name.startsWith('header:'));
  if (stranger !== undefined) throw new Unfit(`${at}/${stranger}`, 'not allowed here');
  const content = contentOf(value, values, at, depth);
  const { contentType, others } = headersOf(value, at, isRoot);
  const isText = content.kind === 'text';
  const given = optionalText(value['type'] ?? null, `${at}/type`)?.toLowerCase() ?? null;
  if (given !== null && !typeGrammar.test(given)) throw new Unfit(`${at}/type`, 'a media type');
  const type = contentType === null ? given : typeOf(contentType, isText, `${at}/header:Content-Type`);
  if (isText && type !== null && !type.startsWith('text/')) throw new Unfit(`${at}/type`, 'a text type');
  return {
    type,
    content,
    name: maybe(text, value['name'], `${at}/name`),
    disposition: maybe(word, value['disposition'], `${at}/disposition`),
    cid: maybe(text, value['cid'], `${at}/cid`),
    language: maybe(list(word), value['language'], `${at}/language`),
    location: maybe(text, value['location'], `${at}/location`),
    charset: maybe(text, value['charset'], `${at}/charset`),
    headers: others,
  };
};

const bodyKeys = ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'bodyValues'] as const;
export const isBodyProperty = (name: string): boolean => (bodyKeys as readonly string[]).includes(name);

/** The part that is the whole message, and the property it stands in; null where the server puts one around several. */
export const rootPart = (
  record: Readonly<Record<string, unknown>>,
): { name: string; part: Record<string, unknown> } | null => {
  const named = ['bodyStructure', 'textBody', 'htmlBody', 'attachments'].flatMap((name) => {
    const given = record[name] ?? null;
    return given === null || (Array.isArray(given) && given.length === 0) ? [] : [{ name, given }];
  });
  const [one, ...more] = named;
  if (!one || more.length > 0 || one.name === 'attachments') return null;
  const part: unknown = Array.isArray(one.given) ? one.given[0] : one.given;
  return isObject(part) ? { name: one.name, part } : null;
};

const single = (value: unknown, values: Values, at: string, type: string, isRoot: boolean): NewPart | null => {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length !== 1) throw new Unfit(at, 'exactly one part');
  const part = newPart(value[0], values, `${at}/0`, 0, isRoot);
  if ((part.type ?? type).split(';')[0] !== type) throw new Unfit(`${at}/0/type`, type);
  return { ...part, type: part.type ?? type };
};

/** Reads the body properties of a new Email; names of those that do not fit are put into `bad`. */
export const newBody = (record: Readonly<Record<string, unknown>>, bad: Set<string>): NewBody => {
  const attempt = <T>(name: (typeof bodyKeys)[number], read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      bad.add(name);
      return otherwise;
    }
  };
  const given = record['bodyValues'] ?? {};
  if (!isObject(given)) bad.add('bodyValues');
  const texts = isObject(given) ? given : null;
  // A value that does not fit is not the fault of the part that names it.
  const values: Values = (partId) => {
    if (texts !== null && !Object.hasOwn(texts, partId)) return undefined;
    return attempt('bodyValues', () => wholeValue(texts?.[partId], `bodyValues/${partId}`), '');
  };
  for (const partId of Object.keys(texts ?? {})) values(partId);
  const root = rootPart(record)?.name;
  const structure = record['bodyStructure'] ?? null;
  if (structure !== null) {
    for (const name of ['textBody', 'htmlBody', 'attachments'] as const)
      if ((record[name] ?? null) !== null) bad.add(name);
  }
  return {
    text: attempt(
      'textBody',
      () => single(record['textBody'], values, 'textBody', 'text/plain', root === 'textBody'),
      null,
    ),
    html: attempt(
      'htmlBody',
      () => single(record['htmlBody'], values, 'htmlBody', 'text/html', root === 'htmlBody'),
      null,
    ),
    attachments: attempt(
      'attachments',
      () =>
        maybe(
          list((part, at) => newPart(part, values, at)),
          record['attachments'],
          'attachments',
        ) ?? [],
      [],
    ),
    structure: attempt(
      'bodyStructure',
      () => (structure === null ? null : newPart(structure, values, 'bodyStructure', 0, root === 'bodyStructure')),
      null,
    ),
  };
};
