import type { EmailAddress, EmailAddressGroup, HeaderForm, HeaderValue } from '#jmap/mail.ts';
import { utcDate } from '#jmap/ids.ts';
import { parseAddresses, parseAddressGroups } from '#mime/addresses.ts';
import { parseDate } from '#mime/dates.ts';
import { unfold } from '#mime/headers.ts';
import { parseMessageIds } from '#mime/message-id.ts';
import type { HeaderField } from '#mime/types.ts';
import { decodeWords } from '#mime/words.ts';

/** header:{field-name}[:as{form}][:all] – RFC 8621 §4.1.3 */
export interface HeaderWish {
  /** As the client spelled it; the answer repeats it. */
  property: string;
  /** Lower-case. */
  field: string;
  form: HeaderForm;
  all: boolean;
}

const forms: Readonly<Record<string, HeaderForm>> = {
  asRaw: 'Raw',
  asText: 'Text',
  asAddresses: 'Addresses',
  asGroupedAddresses: 'GroupedAddresses',
  asMessageIds: 'MessageIds',
  asDate: 'Date',
  asURLs: 'URLs',
};

const words = (text: string): string[] => text.split(' ');

const addresses = words(
  'from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc',
);
const urls = words('list-help list-unsubscribe list-subscribe list-post list-owner list-archive');

/** Which fields of RFC 5322 and RFC 2369 may be asked for in which form – RFC 8621 §4.1.2; other fields in any. */
const formsOf: Readonly<Record<HeaderForm, readonly string[]>> = {
  Raw: [],
  Text: words('subject comments keywords list-id'),
  Addresses: addresses,
  GroupedAddresses: addresses,
  MessageIds: words('message-id in-reply-to references resent-message-id'),
  Date: words('date resent-date'),
  URLs: urls,
};
const defined = new Set([...Object.values(formsOf).flat(), 'return-path', 'received']);

const fieldName = /^[\x21-\x39\x3b-\x7e]{1,255}$/u;

/** The wish a property name says; undefined when it is none or the form does not fit the field. */
export const parseHeaderWish = (property: string): HeaderWish | undefined => {
  const [start, name = '', ...suffixes] = property.split(':');
  if (start !== 'header' || !fieldName.test(name)) return undefined;
  const all = suffixes.at(-1) === 'all';
  if (all) suffixes.pop();
  const [suffix, ...rest] = suffixes;
  const form = suffix === undefined ? 'Raw' : Object.hasOwn(forms, suffix) ? forms[suffix] : undefined;
  const field = name.toLowerCase();
  if (form === undefined || rest.length > 0) return undefined;
  if (form !== 'Raw' && defined.has(field) && !formsOf[form].includes(field)) return undefined;
  return { property, field, form, all };
};

/** Octets as text: malformed UTF-8 becomes U+FFFD, NUL goes – RFC 8621 §4.1.2.1 */
export const rawText = (value: string): string => Buffer.from(value, 'latin1').toString('utf8').replaceAll('\0', '');

const url = /<([^<>]*)>/gu;

const valueOf = (value: string, form: HeaderForm): HeaderValue => {
  switch (form) {
    case 'Raw':
      return rawText(value);
    case 'Text':
      return decodeWords(unfold(value)).normalize('NFC');
    case 'Addresses':
      return parseAddresses(unfold(value)) satisfies EmailAddress[];
    case 'GroupedAddresses':
      return parseAddressGroups(unfold(value)) satisfies EmailAddressGroup[];
    case 'MessageIds': {
      const ids = parseMessageIds(unfold(value));
      return ids.length === 0 ? null : ids;
    }
    case 'Date': {
      const seconds = parseDate(unfold(value));
      return seconds === null ? null : utcDate(seconds);
    }
    case 'URLs': {
      const found = [...unfold(value).matchAll(url)].map((match) => (match[1] ?? '').replaceAll(/\s/gu, ''));
      return found.length === 0 ? null : found;
    }
  }
};

/** The value of a header property: of the last field of that name, or of all in order – RFC 8621 §4.1.3 */
export const headerValue = (fields: readonly HeaderField[], wish: HeaderWish): HeaderValue | HeaderValue[] => {
  const named = fields.filter((field) => field.name.toLowerCase() === wish.field);
  if (wish.all) return named.map((field) => valueOf(field.value, wish.form));
  const last = named.at(-1);
  return last === undefined ? null : valueOf(last.value, wish.form);
};

/** All fields in Raw form – RFC 8621 §4.1.3 `headers` */
export const headerList = (fields: readonly HeaderField[]): { name: string; value: string }[] =>
  fields.map((field) => ({ name: field.name, value: rawText(field.value) }));
