import { capabilities } from '#jmap/core.ts';
import type { BlobId } from '#jmap/ids.ts';
import { digest } from '#upstream/digest.ts';
import { readBlob } from '../blob.ts';
import { id, list, orNull, text } from '../check.ts';
import { MethodFailure } from '../errors.ts';
import { wantedIds } from '../get.ts';
import { limits } from '../limits.ts';
import { type AccountContext, method } from '../method.ts';
import { admitBody, bodyFields } from './body.ts';
import { looksLikeMessage } from './import.ts';
import { headerValue } from './header-form.ts';
import type { ListProperty } from './list-properties.ts';
import { type Message, wholeMessage } from './message.ts';
import { convenience } from './new-headers.ts';
import { messageProperties, type Wish, wishOf, writeMessage } from './properties.ts';

/** What only a stored Email has. */
const stored: ReadonlySet<ListProperty> = new Set(['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt']);

/** One property that for a stored Email the index answers. */
const valueOf = (name: ListProperty, blobId: BlobId, message: Message, facts: ReturnType<typeof digest>): unknown => {
  if (stored.has(name)) return null;
  if (name === 'blobId') return blobId;
  const header = convenience(name);
  if (header) return headerValue(message.header(), header);
  return name === 'size' || name === 'hasAttachment' || name === 'preview' ? facts[name] : null;
};

const parsed = async (
  { open }: AccountContext,
  blobId: BlobId,
  wish: Wish,
): Promise<{ json: string } | 'notFound' | 'notParsable'> => {
  const blob = await readBlob(open, blobId);
  if (!blob) return 'notFound';
  if (!looksLikeMessage(blob.bytes)) return 'notParsable';
  const message = wholeMessage(blob.bytes);
  const facts = digest(blob.bytes);
  const members = wish.list.map((name) => `"${name}":${JSON.stringify(valueOf(name, blobId, message, facts))}`);
  const rest = await writeMessage(message, blobId, wish);
  return { json: `{${members.length === 0 ? rest.slice(1) : `${members.join(',')}${rest}`}}` };
};

/** Email/parse – RFC 8621 §4.9; also of a message within a message. */
export const emailParse = method(
  'Email/parse',
  capabilities.mail,
  {},
  { ...bodyFields, blobIds: list(id), properties: orNull(list(text)) },
  async (context, args) => {
    admitBody(context, args);
    const wish = wishOf(args.properties ?? messageProperties, args);
    const found: string[] = [];
    const notParsable: string[] = [];
    const notFound: string[] = [];
    let length = 0;
    for (const blobId of wantedIds(args.blobIds)) {
      const outcome = await parsed(context, blobId as BlobId, wish);
      if (outcome === 'notFound') notFound.push(blobId);
      else if (outcome === 'notParsable') notParsable.push(blobId);
      else {
        found.push(`"${blobId}":${outcome.json}`);
        length += outcome.json.length;
      }
      if (length > limits.maxAnswer) throw new MethodFailure('requestTooLarge', 'Ask for fewer messages at once.');
    }
    const orNone = (ids: readonly string[]): string => (ids.length === 0 ? 'null' : JSON.stringify(ids));
    const map = found.length === 0 ? 'null' : `{${found.join(',')}}`;
    return {
      json: `{"accountId":"${context.open.jmapId}","parsed":${map},"notParsable":${orNone(notParsable)},"notFound":${orNone(notFound)}}`,
    };
  },
);
