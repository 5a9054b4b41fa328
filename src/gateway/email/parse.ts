import type { Email } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import type { BlobId } from '#jmap/ids.ts';
import { digest } from '#upstream/digest.ts';
import { readBlob } from '../blob.ts';
import { id, list, orNull, text } from '../check.ts';
import { wantedIds } from '../get.ts';
import { type AccountContext, method } from '../method.ts';
import { bodyFields } from './body.ts';
import { looksLikeMessage } from './import.ts';
import { type ListProperty, listWriters } from './list-properties.ts';
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

const json = (values: readonly unknown[]): string | null => (values.length === 0 ? null : JSON.stringify(values));

/** What only a stored Email has. */
const stored: ReadonlySet<ListProperty> = new Set(['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt']);

/** One member, from what the index would say of the message. */
const member = (name: ListProperty, blobId: string, facts: Parameters<(typeof listWriters)['subject']>[0]): string => {
  if (name === 'blobId') return `"blobId":"${blobId}"`;
  return `"${name}":${stored.has(name) ? 'null' : listWriters[name](facts)}`;
};

const factsOf = ({ envelope, size, hasAttachment, preview }: ReturnType<typeof digest>) => {
  const { from, sender, replyTo, to, cc, bcc, inReplyTo, references } = envelope;
  const lists = { from, sender, replyTo, to, cc, bcc, inReplyTo, references };
  return {
    ...envelope,
    size,
    hasAttachment,
    preview,
    json: Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, json(values)])),
  } as unknown as Email;
};

const parsed = async (
  { open }: AccountContext,
  blobId: BlobId,
  wish: Wish,
): Promise<{ json: string } | 'notFound' | 'notParsable'> => {
  const blob = await readBlob(open, blobId);
  if (!blob) return 'notFound';
  if (!looksLikeMessage(blob.bytes)) return 'notParsable';
  const facts = wish.list.length > 0 ? factsOf(digest(blob.bytes)) : null;
  const members = facts ? wish.list.map((name) => member(name, blobId, facts)).join(',') : '';
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
