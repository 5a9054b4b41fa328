import { isOffsetDate, type OffsetDate, secondsOf } from '#jmap/ids.ts';
import type { HeaderForm } from '#jmap/mail.ts';
import { parseAddressGroups } from '#mime/addresses.ts';
import type { Address, AddressGroup } from '#mime/types.ts';
import { type Check, list, nullable, orNull, shape, text, Unfit } from '../check.ts';

/** Header fields as a client gives them on create – RFC 8621 §4.1.3, §4.6 */

const oneRow: Check<string> = (value, at) => {
  const given = text(value, at);
  if (/[\r\n\0]/u.test(given)) throw new Unfit(at, 'one line');
  return given;
};

const address: Check<Address> = shape({
  name: orNull(oneRow),
  email: oneRow,
});
export const addresses: Check<Address[]> = list(address);
const group = shape({ name: nullable(oneRow), addresses });

const isAscii = /^[\x20-\x7e]*$/u;
const atoms = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ .-]*$/u;

/** Encoded words of at most 75 characters – RFC 2047 §2 */
const encodedWords = (value: string): string => {
  const words: string[] = [];
  let part = '';
  for (const character of value) {
    if (Buffer.byteLength(part + character) > 42) {
      words.push(part);
      part = '';
    }
    part += character;
  }
  return [...words, part].map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
};

const phrase = (name: string): string => {
  if (!isAscii.test(name)) return encodedWords(name);
  return atoms.test(name) ? name : `"${name.replaceAll(/["\\]/gu, String.raw`\$&`)}"`;
};

const mailbox = ({ name, email }: Address): string =>
  name === null || name === '' ? email : `${phrase(name)} <${email}>`;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** date-time of RFC 5322 §3.3 with the offset the client named */
const dateTime = (date: OffsetDate): string => {
  const offset = /([+-])(\d\d):(\d\d)$/u.exec(date);
  const minutes = offset ? Number(`${offset[1]}1`) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
  const local = new Date((secondsOf(date) + minutes * 60) * 1000);
  const zone = `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(minutes) / 60))}${twoDigits(Math.abs(minutes) % 60)}`;
  return `${local.toUTCString().slice(0, 25)} ${zone}`;
};

const url: Check<string> = (value, at) => {
  const given = text(value, at);
  if (/[<>\s]/u.test(given)) throw new Unfit(at, 'a URL');
  return given;
};

const messageIdGrammar = /^[^\s<>]+$/u;

export const messageIds: Check<string[]> = (value, at) =>
  list(text)(value, at).map((id) => {
    if (!messageIdGrammar.test(id)) throw new Unfit(at, 'message ids without brackets');
    return id;
  });

const oneLine: Check<string> = (value, at) => {
  const given = text(value, at);
  // Folding is a line end with white space behind it; any other line end would begin a new field.
  if (/[\r\n](?![ \t])/u.test(given.replaceAll('\r\n', '\n')) || given.includes('\0'))
    throw new Unfit(at, 'one header value');
  return given;
};

/** The value of a field in the form given, as it stands in a message (unfolded); not ASCII only for Raw and Text. */
export const fieldText = (form: HeaderForm, value: unknown, at: string): string => {
  switch (form) {
    case 'Raw':
      return oneLine(value, at).replaceAll(/\r?\n/gu, '').trim();
    case 'Text':
      return oneLine(value, at).replaceAll(/\r?\n/gu, '');
    case 'Addresses':
      return addresses(value, at).map(mailbox).join(', ');
    case 'GroupedAddresses':
      return list(group)(value, at)
        .map((one) => {
          const members = one.addresses.map(mailbox).join(', ');
          return one.name === null ? members : `${phrase(one.name)}: ${members};`;
        })
        .join(', ');
    case 'MessageIds':
      return messageIds(value, at)
        .map((id) => `<${id}>`)
        .join(' ');
    case 'Date': {
      const given = text(value, at);
      if (!isOffsetDate(given)) throw new Unfit(at, 'a Date');
      return dateTime(given);
    }
    case 'URLs':
      return list(url)(value, at)
        .map((one) => `<${one}>`)
        .join(', ');
  }
};

/** Addresses given in whatever form a field of addresses may have. */
export const addressGroupsOf = (form: HeaderForm, value: unknown, at: string): AddressGroup[] => {
  if (form === 'Addresses') return [{ name: null, addresses: addresses(value, at) }];
  if (form === 'GroupedAddresses') return list(group)(value, at);
  const raw = oneLine(value, at).replaceAll(/\r?\n/gu, '');
  return parseAddressGroups(Buffer.from(raw, 'utf8').toString('latin1'));
};
