import type { EmailId } from '#jmap/ids.ts';
import type { Email, EmailAddress } from '#jmap/mail.ts';
import type { Connection } from '../connection.ts';
import { ModelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Original } from './answer.ts';

const originalProperties = [
  'id',
  'messageId',
  'inReplyTo',
  'references',
  'from',
  'replyTo',
  'to',
  'cc',
  'bcc',
  'subject',
  'sentAt',
  'receivedAt',
  'textBody',
  'htmlBody',
  'attachments',
  'bodyValues',
  'keywords',
  'header:X-Forwarded-Message-Id:asMessageIds',
  'header:Mail-Followup-To:asAddresses',
] as const;

/** The letter that is answered, forwarded or written on. @throws ModelError when it cannot be fetched or is gone */
export const fetchOriginal = async (connection: Connection, mail: Mail, id: EmailId): Promise<Original> => {
  const { list } = await connection.call('Email/get', {
    accountId: mail.id,
    ids: [id],
    properties: [...originalProperties],
    fetchTextBodyValues: true,
    fetchHTMLBodyValues: true,
    joinFlowed: true,
  }).answer;
  const email = list[0] as Email | undefined;
  if (!email) throw new ModelError('jmap/method', 'The letter is not here any more.');
  const values = (parts: Email['textBody'], type: string): string[] =>
    parts.flatMap((part) => {
      const value = part.type === type && part.partId !== null ? email.bodyValues[part.partId]?.value : undefined;
      return value === undefined ? [] : [value.replaceAll('\r\n', '\n')];
    });
  // A frameset would take the body's place and leave nothing to quote or write in.
  const html = values(email.htmlBody, 'text/html')
    .join('<hr>')
    .replaceAll(/<frameset/giu, '<div');
  const [forwards = null] = (email['header:X-Forwarded-Message-Id:asMessageIds'] ?? []) as string[];
  const followUpTo = email['header:Mail-Followup-To:asAddresses'] as EmailAddress[] | null | undefined;
  return {
    ...email,
    forwards,
    followUpTo: followUpTo ?? null,
    text: values(email.textBody, 'text/plain').join('\n\n'),
    html: html === '' ? null : html,
  };
};
