import { randomUUID } from 'node:crypto';
import { buildMessage, isCarried } from '#mime/build.ts';
import type { DraftPart } from '#mime/types.ts';
import { type Blob, readBlob } from '../blob.ts';
import { SetFailure } from '../errors.ts';
import { limits } from '../limits.ts';
import type { OpenAccount } from '../types.ts';
import type { NewBody, NewPart } from './new-body.ts';
import type { NewHeader } from './new-headers.ts';

/** What a create of Email/set says of the message itself. */
export interface NewMessage {
  header: NewHeader;
  body: NewBody;
}

type Blobs = ReadonlyMap<string, Blob>;

type Content = Exclude<NewPart['content'], { kind: 'parts' }>;

/** What the parts hold, each as often as it stands in the message. */
const contentsOf = ({ content }: NewPart): Content[] =>
  content.kind === 'parts' ? content.parts.flatMap(contentsOf) : [content];

const partsOf = ({ text, html, attachments, structure }: NewBody): NewPart[] =>
  [text, html, ...attachments, structure].filter((part) => part !== null);

/** @throws SetFailure blobNotFound, tooLarge */
const readBlobs = async (open: OpenAccount, body: NewBody): Promise<Blobs> => {
  const blobs = new Map<string, Blob>();
  const missing = new Set<string>();
  const left: Record<Content['kind'], number> = {
    text: limits.maxSizeRequest,
    blob: limits.maxSizeAttachmentsPerEmail,
  };
  for (const content of partsOf(body).flatMap(contentsOf)) {
    if (content.kind === 'blob' && !blobs.has(content.blobId) && !missing.has(content.blobId)) {
      const blob = await readBlob(open, content.blobId);
      if (blob) blobs.set(content.blobId, blob);
      else missing.add(content.blobId);
    }
    left[content.kind] -=
      content.kind === 'text' ? Buffer.byteLength(content.value) : (blobs.get(content.blobId)?.bytes.length ?? 0);
    if (left[content.kind] < 0) throw new SetFailure({ type: 'tooLarge', maxSize: limits.maxSizeAttachmentsPerEmail });
  }
  if (missing.size > 0) throw new SetFailure({ type: 'blobNotFound', notFound: [...missing] });
  return blobs;
};

const blobOf = (part: NewPart, blobs: Blobs): Blob | null =>
  part.content.kind === 'blob' ? (blobs.get(part.content.blobId) ?? null) : null;

const quotedName = (name: string): string =>
  `"${name.replaceAll(/[\r\n\0]/gu, ' ').replaceAll(/["\\]/gu, String.raw`\$&`)}"`;

const typeOf = (part: NewPart, blob: Blob | null): string => {
  const own = blob?.type.startsWith('multipart/') ? undefined : blob?.type;
  const type = part.type ?? own ?? 'application/octet-stream';
  const charset = part.charset ?? (type.startsWith('text/') ? blob?.charset : null);
  return charset && /^[\w.:+-]{1,60}$/u.test(charset) && !type.includes(';') ? `${type}; charset=${charset}` : type;
};

const fieldsOf = (part: NewPart): DraftPart['headers'] => {
  const fields = [...part.headers];
  if (part.disposition !== null || part.name !== null) {
    const disposition = part.disposition ?? 'attachment';
    const value = part.name === null ? disposition : `${disposition}; filename=${quotedName(part.name)}`;
    fields.push({ name: 'Content-Disposition', value });
  }
  if (part.cid !== null) fields.push({ name: 'Content-ID', value: `<${part.cid.replaceAll(/[<>\s]/gu, '')}>` });
  if (part.language !== null) fields.push({ name: 'Content-Language', value: part.language.join(', ') });
  if (part.location !== null) fields.push({ name: 'Content-Location', value: part.location.replaceAll(/\s/gu, '') });
  return fields;
};

const draftPart = (part: NewPart, blobs: Blobs): DraftPart => {
  const headers = fieldsOf(part);
  switch (part.content.kind) {
    case 'text':
      return { type: part.type ?? 'text/plain', headers, content: part.content.value };
    case 'parts':
      return {
        type: part.type ?? 'multipart/mixed',
        headers,
        content: part.content.parts.map((below) => draftPart(below, blobs)),
      };
    case 'blob': {
      const blob = blobOf(part, blobs);
      const content = blob?.bytes ?? Buffer.alloc(0);
      const type = typeOf(part, blob);
      // A message in a message may not be encoded (RFC 2046 §5.2.1): one that would be broken on its way goes as a file.
      return /^message\//iu.test(type) && !isCarried(content)
        ? {
            type: 'application/octet-stream',
            headers: fieldsOf({ ...part, name: part.name ?? 'message.eml' }),
            content,
          }
        : { type, headers, content };
    }
  }
};

/** All parts as one tree: images that stand in the HTML beside it, the other attachments after the texts. */
const treeOf = ({ text, html, attachments, structure }: NewBody, blobs: Blobs): NewPart => {
  if (structure) return structure;
  const bare = { name: null, disposition: null, cid: null, language: null, location: null, charset: null, headers: [] };
  const group = (type: string, parts: NewPart[]): NewPart => ({ ...bare, type, content: { kind: 'parts', parts } });
  const empty: NewPart = { ...bare, type: 'text/plain', content: { kind: 'text', value: '' } };
  const named = attachments.map((part) => ({
    ...part,
    name: part.name ?? blobOf(part, blobs)?.name ?? null,
    disposition: part.disposition ?? 'attachment',
  }));
  const inside = named.filter((part) => html !== null && part.cid !== null && part.disposition === 'inline');
  const shown = html !== null && inside.length > 0 ? group('multipart/related', [html, ...inside]) : html;
  const bodies = [text, shown].filter((part) => part !== null);
  const body = bodies.length > 1 ? group('multipart/alternative', bodies) : (bodies[0] ?? empty);
  const files = named.filter((part) => !inside.includes(part));
  return files.length === 0 ? body : group('multipart/mixed', [body, ...files]);
};

export interface Composed {
  raw: Buffer;
  /** Without brackets. */
  messageId: string;
}

const domainOf = (address: string | undefined): string => /@([\w.-]+)$/u.exec(address ?? '')?.[1] ?? 'localhost';

/** The bytes of a new message, Bcc kept. @throws SetFailure blobNotFound, tooLarge */
export const compose = async (open: OpenAccount, wish: NewMessage, now: number): Promise<Composed> => {
  const blobs = await readBlobs(open, wish.body);
  const domain = domainOf(wish.header.from[0]?.email ?? open.account.address);
  const messageId = wish.header.messageId ?? `${randomUUID()}@${domain}`;
  const body = draftPart(treeOf(wish.body, blobs), blobs);
  const draft = { ...wish.header, messageId, date: wish.header.date ?? now, body };
  return { raw: await buildMessage(draft, { keepBcc: true }), messageId };
};
