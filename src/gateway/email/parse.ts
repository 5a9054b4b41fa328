import { capabilities } from '#jmap/core.ts';
import type { BlobId } from '#jmap/ids.ts';
import { utcDate } from '#jmap/ids.ts';
import { digest } from '#upstream/digest.ts';
import { readBlob } from '../blob.ts';
import { id, list, orNull, text } from '../check.ts';
import { wantedIds } from '../get.ts';
import { type AccountContext, method } from '../method.ts';
import { bodyFields } from './body.ts';
import { looksLikeMessage } from './import.ts';
import type { ListProperty } from './list-properties.ts';
import { wholeMessage } from './message.ts';
import { type Wish, wishOf, writeMessage } from './properties.ts';

/** RFC 8621 §4.9 */
const defaultProperties: readonly string[] = [
  'messageId',
  'inReplyTo',
  'references',
  'sender',
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'sentAt',
  'hasAttachment',
  'preview',
  'bodyValues',
  'textBody',
  'htmlBody',
  'attachments',
];

const noneIsNull = <T>(values: readonly T[]): readonly T[] | null => (values.length === 0 ? null : values);

/** What the index would say of the message; what only a stored Email has is null. */
const listValue = (
  name: ListProperty,
  blobId: string,
  { envelope, size, hasAttachment, preview }: ReturnType<typeof digest>,
): unknown => {
  switch (name) {
    case 'id':
    case 'threadId':
    case 'mailboxIds':
    case 'keywords':
    case 'receivedAt':
      return null;
    case 'blobId':
      return blobId;
    case 'size':
      return size;
    case 'hasAttachment':
      return hasAttachment;
    case 'preview':
      return preview;
    case 'messageId':
      return envelope.messageId === null ? null : [envelope.messageId];
    case 'subject':
      return envelope.subject === '' ? null : envelope.subject;
    case 'sentAt':
      return envelope.sentAt === null ? null : utcDate(envelope.sentAt);
    case 'inReplyTo':
    case 'references':
      return noneIsNull(envelope[name]);
    case 'sender':
    case 'from':
    case 'to':
    case 'cc':
    case 'bcc':
    case 'replyTo':
      return noneIsNull(envelope[name]);
  }
};

const parsed = async (
  { open }: AccountContext,
  blobId: BlobId,
  wish: Wish,
): Promise<{ json: string } | 'notFound' | 'notParsable'> => {
  const blob = await readBlob(open, blobId);
  if (!blob) return 'notFound';
  if (!looksLikeMessage(blob.bytes)) return 'notParsable';
  const digested = wish.list.length > 0 ? digest(blob.bytes) : null;
  const members = digested
    ? wish.list.map((name) => `"${name}":${JSON.stringify(listValue(name, blobId, digested))}`).join(',')
    : '';
  const rest = await writeMessage(wholeMessage(blob.bytes), blobId, wish);
  return { json: `{${members === '' ? rest.slice(1) : `${members}${rest}`}}` };
};

/** Email/parse – RFC 8621 §4.9; also of a message within a message. */
export const emailParse = method(
  'Email/parse',
  capabilities.mail,
  {},
  { ...bodyFields, blobIds: list(id), properties: orNull(list(text)) },
  async (context, args) => {
    const wish = wishOf(args.properties ?? defaultProperties, args);
    const found: string[] = [];
    const notParsable: string[] = [];
    const notFound: string[] = [];
    for (const blobId of wantedIds(args.blobIds)) {
      const outcome = await parsed(context, blobId as BlobId, wish);
      if (outcome === 'notFound') notFound.push(blobId);
      else if (outcome === 'notParsable') notParsable.push(blobId);
      else found.push(`"${blobId}":${outcome.json}`);
    }
    const orNone = (ids: readonly string[]): string => (ids.length === 0 ? 'null' : JSON.stringify(ids));
    const map = found.length === 0 ? 'null' : `{${found.join(',')}}`;
    return {
      json: `{"accountId":"${context.open.jmapId}","parsed":${map},"notParsable":${orNone(notParsable)},"notFound":${orNone(notFound)}}`,
    };
  },
);
