import type { HeaderForm } from '#jmap/mail.ts';
import { parseDate } from '#mime/dates.ts';
import { parseMessageIds } from '#mime/message-id.ts';
import type { Address, AddressGroup, Draft } from '#mime/types.ts';
import { decodeWords } from '#mime/words.ts';
import { Unfit } from '../check.ts';
import { type HeaderWish, parseHeaderWish } from './header-form.ts';
import { addressGroupsOf, fieldText, messageIds } from './header-writing.ts';

/** The header of a new message: what {@link Draft} names, and the other fields in order. */
export type NewHeader = Pick<
  Draft,
  'from' | 'sender' | 'to' | 'cc' | 'bcc' | 'replyTo' | 'subject' | 'inReplyTo' | 'references' | 'headers'
> & {
  messageId: string | null;
  /** Unix ms. */
  date: number | null;
};

type Given = HeaderWish & { value: unknown };

/** Convenience properties – RFC 8621 §4.1.2.3, §4.1.3 */
const conveniences: Readonly<Record<string, [field: string, form: HeaderForm]>> = {
  messageId: ['message-id', 'MessageIds'],
  inReplyTo: ['in-reply-to', 'MessageIds'],
  references: ['references', 'MessageIds'],
  sender: ['sender', 'Addresses'],
  from: ['from', 'Addresses'],
  to: ['to', 'Addresses'],
  cc: ['cc', 'Addresses'],
  bcc: ['bcc', 'Addresses'],
  replyTo: ['reply-to', 'Addresses'],
  subject: ['subject', 'Text'],
  sentAt: ['date', 'Date'],
};

/** The header property that defines a convenience property; undefined when `property` is none. */
export const convenience = (property: string): HeaderWish | undefined => {
  const header = Object.hasOwn(conveniences, property) ? conveniences[property] : undefined;
  return header && { property, field: header[0], form: header[1], all: false };
};

export const isHeaderProperty = (name: string): boolean =>
  Object.hasOwn(conveniences, name) || name.startsWith('header:');

const readGiven = (property: string, value: unknown): Given => {
  const wish = convenience(property) ?? parseHeaderWish(property);
  if (!wish) throw new Unfit(property, 'not a header property');
  return { ...wish, value };
};

const values = ({ all, value, property }: Given): unknown[] => {
  if (!all) return [value];
  if (!Array.isArray(value)) throw new Unfit(property, 'a list');
  return value;
};

const idsOf = (given: Given): string[] =>
  values(given).flatMap((value) =>
    given.form === 'MessageIds'
      ? messageIds(value, given.property)
      : parseMessageIds(fieldText(given.form, value, given.property)),
  );

const dateOf = (given: Given): number => {
  const seconds = parseDate(fieldText(given.form, given.value, given.property));
  if (seconds === null) throw new Unfit(given.property, 'a date');
  return seconds * 1000;
};

const subjectOf = (given: Given): string => {
  const text = fieldText(given.form, given.value, given.property);
  return given.form === 'Raw' ? decodeWords(Buffer.from(text, 'utf8').toString('latin1')) : text;
};

const spelled = (property: string): string => property.split(':')[1] ?? property;

/** Fields that a client may not set on the whole message. */
const isForbidden = (field: string): boolean => field.startsWith('content-') || field === 'mime-version';

const place = (header: NewHeader, given: Given): void => {
  const groups = (): AddressGroup[] =>
    values(given).flatMap((value) => addressGroupsOf(given.form, value, given.property));
  const people = (): Address[] => groups().flatMap(({ addresses }) => addresses);
  switch (given.field) {
    case 'from':
    case 'sender':
      header[given.field] = people();
      return;
    case 'to':
    case 'cc':
    case 'bcc':
      header[given.field] = groups();
      return;
    case 'reply-to':
      header.replyTo = groups();
      return;
    case 'subject':
      header.subject = subjectOf(given);
      return;
    case 'message-id': {
      const [id, ...more] = idsOf(given);
      if (id === undefined || more.length > 0) throw new Unfit(given.property, 'one message id');
      header.messageId = id;
      return;
    }
    case 'in-reply-to':
      header.inReplyTo = idsOf(given);
      return;
    case 'references':
      header.references = idsOf(given);
      return;
    case 'date':
      header.date = dateOf(given);
      return;
    default:
      for (const value of values(given)) {
        header.headers.push({ name: spelled(given.property), value: fieldText(given.form, value, given.property) });
      }
  }
};

/**
 * Reads the header properties of a new Email; names of those that do not fit are put into `bad`. The part that is the
 * whole message has its header in common with it: what it says of fields other than `Content-*` is said of the message.
 */
export const newHeader = (
  record: Readonly<Record<string, unknown>>,
  root: { name: string; part: Readonly<Record<string, unknown>> } | null,
  bad: Set<string>,
): NewHeader => {
  const header: NewHeader = {
    from: [],
    sender: null,
    to: [],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: '',
    inReplyTo: [],
    references: [],
    headers: [],
    messageId: null,
    date: null,
  };
  const seen = new Map<string, string>();
  const read = (property: string, value: unknown, blamed: string): void => {
    try {
      const given = readGiven(property, value);
      const twin = seen.get(given.field);
      if (isForbidden(given.field)) throw new Unfit(property, 'not for the whole message');
      if (twin !== undefined) {
        bad.add(twin);
        throw new Unfit(property, 'said twice');
      }
      seen.set(given.field, blamed);
      place(header, given);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      bad.add(blamed);
    }
  };
  for (const [property, value] of Object.entries(record))
    if (isHeaderProperty(property) && value !== null) read(property, value, property);
  for (const [property, value] of Object.entries(root?.part ?? {}))
    if (property.startsWith('header:') && !/^header:content-/iu.test(property) && value !== null)
      read(property, value, root?.name ?? property);
  return header;
};
