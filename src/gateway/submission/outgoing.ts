import { randomUUID } from 'node:crypto';
import { headerSpan, readFields } from '#mime/headers.ts';
import { parseMessageId } from '#mime/message-id.ts';
import { fieldValue } from '#mime/headers.ts';

/** What goes to the submission server. */
export interface Outgoing {
  bytes: Buffer;
  /** Without brackets. */
  messageId: string;
}

const fold = /(?:\r\n|\r(?!\n)|\n)(?![ \t])/u;
const nameOf = (field: string): string => field.slice(0, field.indexOf(':')).trim().toLowerCase();

/** The message without Bcc – RFC 8621 §7.5 – and with a Message-ID. */
export const outgoing = (raw: Buffer, domain: string): Outgoing => {
  const { headerEnd, bodyStart } = headerSpan(raw, 0, raw.length);
  const fields = raw.toString('latin1', 0, headerEnd).split(fold);
  const kept = fields.filter((field) => field !== '' && nameOf(field) !== 'bcc');
  const known = parseMessageId(fieldValue(readFields(raw, 0, headerEnd), 'message-id') ?? '');
  const messageId = known ?? `${randomUUID()}@${domain}`;
  if (known === null) kept.push(`Message-ID: <${messageId}>`);
  const header = Buffer.from(`${kept.join('\r\n')}\r\n\r\n`, 'latin1');
  return { bytes: Buffer.concat([header, raw.subarray(bodyStart)]), messageId };
};
