import type { Email } from '#index/types.ts';
import { utcDate } from '#jmap/ids.ts';
import type { Email as JmapEmail } from '#jmap/mail.ts';
import { emailId, mailboxId, messageBlobId, threadId } from '../ids.ts';

/**
 * Properties that the index answers alone, written as JSON text: a page of 50 rows is built without a single object.
 */
type Writer = (email: Email) => string;

const text = (value: string): string => JSON.stringify(value);

/** RFC 8621 §4.1.2 wants null for a header that is not there; an empty subject and none are not told apart. */
export const listWriters = {
  id: (email) => `"${emailId(email.number)}"`,
  blobId: (email) => `"${messageBlobId(email.number)}"`,
  threadId: (email) => `"${threadId(email.thread)}"`,
  mailboxIds: (email) => {
    let json = '';
    for (const box of email.mailboxes) json += `${json === '' ? '' : ','}"${mailboxId(box)}":true`;
    return `{${json}}`;
  },
  keywords: (email) => {
    let json = '';
    for (const keyword of email.keywords) json += `${json === '' ? '' : ','}${text(keyword)}:true`;
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
