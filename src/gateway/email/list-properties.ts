import type { Email, MailboxId } from '#index/types.ts';
import { utcDate } from '#jmap/ids.ts';
import type { Email as JmapEmail } from '#jmap/mail.ts';
import { emailId, mailboxId, messageBlobId, threadId } from '../ids.ts';

/**
 * Properties that the index answers alone, written as JSON text: a page of 50 rows is built without a single object.
 */
type Writer = (email: Email) => string;

const text = (value: string): string => JSON.stringify(value);

/** The few sets of mailboxes there are, by the index's spelling of them. */
const boxesWritten = new Map<string, string>();
const mostBoxesKept = 1000;

const boxes = (json: string): string => {
  const known = boxesWritten.get(json);
  if (known !== undefined) return known;
  const written = `{${(JSON.parse(json) as MailboxId[]).map((box) => `"${mailboxId(box)}":true`).join(',')}}`;
  if (boxesWritten.size >= mostBoxesKept) boxesWritten.clear();
  boxesWritten.set(json, written);
  return written;
};

/** RFC 8621 §4.1.2 wants null for a header that is not there; an empty subject and none are not told apart. */
const listWriters = {
  id: (email) => `"${emailId(email.number)}"`,
  blobId: (email) => `"${messageBlobId(email.number)}"`,
  threadId: (email) => `"${threadId(email.thread)}"`,
  mailboxIds: ({ json }) => boxes(json.mailboxes),
  keywords: (email) => {
    let json = '';
    // No character of a keyword needs an escape (RFC 8621 §4.1.1).
    for (const keyword of email.keywords) json += json === '' ? `"${keyword}":true` : `,"${keyword}":true`;
    return `{${json}}`;
  },
  size: (email) => String(email.size),
  receivedAt: (email) => `"${utcDate(email.receivedAt)}"`,
  messageId: ({ messageId }) => (messageId === null ? 'null' : `[${text(messageId)}]`),
  inReplyTo: ({ json }) => json.inReplyTo ?? 'null',
  references: ({ json }) => json.references ?? 'null',
  sender: ({ json }) => json.sender ?? 'null',
  from: ({ json }) => json.from ?? 'null',
  to: ({ json }) => json.to ?? 'null',
  cc: ({ json }) => json.cc ?? 'null',
  bcc: ({ json }) => json.bcc ?? 'null',
  replyTo: ({ json }) => json.replyTo ?? 'null',
  subject: ({ subject }) => (subject === '' ? 'null' : text(subject)),
  sentAt: ({ sentAt }) => (sentAt === null ? 'null' : `"${utcDate(sentAt)}"`),
  hasAttachment: (email) => String(email.hasAttachment),
  preview: (email) => text(email.preview),
} as const satisfies Partial<Record<keyof JmapEmail, Writer>>;

export type ListProperty = keyof typeof listWriters;

export const isListProperty = (name: string): name is ListProperty => Object.hasOwn(listWriters, name);

/** The members of these properties, without braces: `"id":"M1","subject":"…"`. */
export const writerOf = (properties: readonly ListProperty[]): Writer => {
  const steps = properties.map((name): [string, Writer] => [`"${name}":`, listWriters[name]]);
  return (email) => {
    let json = '';
    for (const [label, write] of steps) json += `${json === '' ? '' : ','}${label}${write(email)}`;
    return json;
  };
};
