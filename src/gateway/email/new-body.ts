import { bool, type Check, isObject, list, optional, orNull, shape, text, Unfit } from '../check.ts';
import { parseHeaderWish } from './header-form.ts';
import { fieldText } from './header-writing.ts';

/** A part of a message to be made – RFC 8621 §4.6 */
export interface NewPart {
  /** Lower-case; null: the blob's own. */
  type: string | null;
  content: { kind: 'text'; value: string } | { kind: 'blob'; blobId: string } | { kind: 'parts'; parts: NewPart[] };
  name: string | null;
  disposition: string | null;
  cid: string | null;
  language: string[] | null;
  location: string | null;
  charset: string | null;
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

const typeGrammar = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/u;
const maxDepth = 50;

const partKeys: readonly string[] = [
  'partId',
  'blobId',
  'size',
  'name',
  'type',
  'charset',
  'disposition',
  'cid',
  'language',
  'location',
  'subParts',
];

const optionalText = orNull(text);
const maybe = <T>(check: Check<T>, value: unknown, at: string): T | null =>
  value === undefined || value === null ? null : check(value, at);

const word: Check<string> = (value, at) => {
  const given = text(value, at);
  if (!/^[\w-]{1,50}$/u.test(given)) throw new Unfit(at, 'one word');
  return given.toLowerCase();
};

const headersOf = (record: Record<string, unknown>, at: string): { name: string; value: string }[] => {
  const headers: { name: string; value: string }[] = [];
  for (const [property, value] of Object.entries(record)) {
    if (!property.startsWith('header:') || value === null) continue;
    const wish = parseHeaderWish(property);
    if (!wish || wish.field === 'content-transfer-encoding') throw new Unfit(`${at}/${property}`, 'not allowed here');
    const values: unknown[] = wish.all ? list((one) => one)(value, at) : [value];
    for (const one of values)
      headers.push({ name: property.split(':')[1] ?? '', value: fieldText(wish.form, one, `${at}/${property}`) });
  }
  return headers;
};

type Values = Readonly<Record<string, { value: string }>>;

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
    const value = Object.hasOwn(values, partId) ? values[partId] : undefined;
    if (blobId || record['size'] || record['charset'])
      throw new Unfit(at, 'partId with neither blobId, size nor charset');
    if (!value) throw new Unfit(`${at}/partId`, 'a key of bodyValues');
    return { kind: 'text', value: value.value };
  }
  if (typeof blobId !== 'string') throw new Unfit(at, 'partId or blobId');
  return { kind: 'blob', blobId };
};

const newPart = (value: unknown, values: Values, at: string, depth = 0): NewPart => {
  if (!isObject(value) || depth > maxDepth) throw new Unfit(at, 'a body part');
  const stranger = Object.keys(value).find((name) => !partKeys.includes(name) && !name.startsWith('header:'));
  if (stranger !== undefined) throw new Unfit(`${at}/${stranger}`, 'not allowed here');
  const content = contentOf(value, values, at, depth);
  const type = optionalText(value['type'] ?? null, `${at}/type`)?.toLowerCase() ?? null;
  if (type !== null && !typeGrammar.test(type)) throw new Unfit(`${at}/type`, 'a media type');
  if (content.kind === 'text' && type !== null && !type.startsWith('text/'))
    throw new Unfit(`${at}/type`, 'a text type');
  return {
    type: content.kind === 'text' ? (type ?? 'text/plain') : type,
    content,
    name: maybe(text, value['name'], `${at}/name`),
    disposition: maybe(word, value['disposition'], `${at}/disposition`),
    cid: maybe(text, value['cid'], `${at}/cid`),
    language: maybe(list(word), value['language'], `${at}/language`),
    location: maybe(text, value['location'], `${at}/location`),
    charset: maybe(text, value['charset'], `${at}/charset`),
    headers: headersOf(value, at),
  };
};

const bodyKeys = ['bodyStructure', 'textBody', 'htmlBody', 'attachments', 'bodyValues'] as const;
export const isBodyProperty = (name: string): boolean => (bodyKeys as readonly string[]).includes(name);

const single = (value: unknown, values: Values, at: string, type: string): NewPart | null => {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length !== 1) throw new Unfit(at, 'exactly one part');
  const part = newPart(value[0], values, `${at}/0`);
  if ((part.type ?? type) !== type) throw new Unfit(`${at}/0/type`, type);
  return { ...part, type };
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
  const values = attempt<Values>(
    'bodyValues',
    () => {
      if (!isObject(given)) throw new Unfit('bodyValues', 'an object');
      return Object.fromEntries(
        Object.entries(given).map(([key, value]) => {
          const read = bodyValue(value, `bodyValues/${key}`);
          if (read.isEncodingProblem || read.isTruncated) throw new Unfit('bodyValues', 'whole values');
          return [key, read];
        }),
      );
    },
    {},
  );
  const structure = record['bodyStructure'] ?? null;
  if (structure !== null) {
    for (const name of ['textBody', 'htmlBody', 'attachments'] as const)
      if ((record[name] ?? null) !== null) bad.add(name);
  }
  return {
    text: attempt('textBody', () => single(record['textBody'], values, 'textBody', 'text/plain'), null),
    html: attempt('htmlBody', () => single(record['htmlBody'], values, 'htmlBody', 'text/html'), null),
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
      () => (structure === null ? null : newPart(structure, values, 'bodyStructure')),
      null,
    ),
  };
};
