import { bodyLists } from '#mime/body-lists.ts';
import type { BlobId } from '#jmap/ids.ts';
import { MethodFailure } from '../errors.ts';
import { BodyView, type BodyWish, partProperties, wantsPartHeaders, wantsValues } from './body.ts';
import { headerList, headerValue, type HeaderWish, parseHeaderWish } from './header-form.ts';
import { isListProperty, type ListProperty, writerOf } from './list-properties.ts';
import type { Message } from './message.ts';

/** What Email/parse tells unless asked otherwise – RFC 8621 §4.9 – and Email/get besides what only a stored Email has. */
export const messageProperties: readonly string[] = [
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

/** What is asked of each Email, sorted by where it comes from. */
export interface Wish {
  /** From the index alone. */
  list: readonly ListProperty[];
  write: ReturnType<typeof writerOf>;
  /** From the shape of the message. */
  parts: readonly ('bodyStructure' | 'textBody' | 'htmlBody' | 'attachments')[];
  bodyValues: boolean;
  headers: boolean;
  header: readonly HeaderWish[];
  partProperties: readonly string[];
  body: BodyWish;
  /** outline: the index's BODYSTRUCTURE will do; source: the message must be read. */
  needs: 'index' | 'outline' | 'source';
}

const partLists = ['bodyStructure', 'textBody', 'htmlBody', 'attachments'] as const;
const isPartList = (name: string): name is (typeof partLists)[number] =>
  (partLists as readonly string[]).includes(name);

const kept = new Map<string, Wish>();
const mostKept = 200;

const makeWish = (properties: readonly string[], body: BodyWish): Wish => {
  const named = [...new Set(properties)];
  const header: HeaderWish[] = [];
  for (const name of named) {
    if (isListProperty(name) || isPartList(name) || name === 'bodyValues' || name === 'headers') continue;
    const wish = parseHeaderWish(name);
    if (!wish) throw new MethodFailure('invalidArguments', `properties: ${name} is none`);
    header.push(wish);
  }
  const list = named.filter(isListProperty);
  const parts = named.filter(isPartList);
  const asked = partProperties(body);
  const bodyValues = named.includes('bodyValues');
  const headers = named.includes('headers');
  const source =
    headers || header.length > 0 || (bodyValues && wantsValues(body)) || (parts.length > 0 && wantsPartHeaders(asked));
  return {
    list,
    write: writerOf(list),
    parts,
    bodyValues,
    headers,
    header,
    partProperties: asked,
    body,
    needs: source ? 'source' : parts.length > 0 ? 'outline' : 'index',
  };
};

/** Reads `properties` and the body arguments; equal wishes are one object. @throws MethodFailure invalidArguments */
export const wishOf = (properties: readonly string[], body: BodyWish): Wish => {
  const key = JSON.stringify([
    properties,
    body.bodyProperties,
    body.fetchTextBodyValues,
    body.fetchHTMLBodyValues,
    body.fetchAllBodyValues,
    body.maxBodyValueBytes,
    body.joinFlowed,
  ]);
  const known = kept.get(key);
  if (known) return known;
  const wish = makeWish(properties, body);
  if (kept.size >= mostKept) kept.clear();
  if (key.length < 4000) kept.set(key, wish);
  return wish;
};

/** The members that come from the message, as JSON text that begins with a comma; '' when there are none. */
export const writeMessage = async (message: Message, blob: BlobId, wish: Wish): Promise<string> => {
  const shown: Record<string, unknown> = {};
  const view = new BodyView(message, blob, wish.partProperties);
  if (wish.parts.length > 0) {
    const lists = bodyLists(message.root);
    for (const name of wish.parts) {
      if (name === 'bodyStructure') shown[name] = await view.part(message.root, true);
      else
        shown[name] = await view.parts(
          name === 'textBody' ? lists.text : name === 'htmlBody' ? lists.html : lists.attachments,
        );
    }
  }
  if (wish.bodyValues) shown['bodyValues'] = await view.values(wish.body);
  if (wish.headers) shown['headers'] = headerList(message.header());
  for (const header of wish.header) shown[header.property] = headerValue(message.header(), header);
  const json = JSON.stringify(shown);
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
};
