import { randomUUID } from 'node:crypto';
import MimeNode from 'nodemailer/lib/mime-node';
import { buildMessage } from '#mime/build.ts';
import { headerSpan } from '#mime/headers.ts';
import type { Draft } from '#mime/types.ts';
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

const blobIdsOf = (part: NewPart): string[] => {
  switch (part.content.kind) {
    case 'blob':
      return [part.content.blobId];
    case 'parts':
      return part.content.parts.flatMap(blobIdsOf);
    case 'text':
      return [];
  }
};

const partsOf = ({ text, html, attachments, structure }: NewBody): NewPart[] =>
  [text, html, ...attachments, structure].filter((part) => part !== null);

/** @throws SetFailure blobNotFound, tooLarge */
const readBlobs = async (open: OpenAccount, body: NewBody): Promise<Blobs> => {
  const blobs = new Map<string, Blob>();
  const missing: string[] = [];
  let size = 0;
  for (const blobId of new Set(partsOf(body).flatMap(blobIdsOf))) {
    const blob = await readBlob(open, blobId);
    if (!blob) {
      missing.push(blobId);
      continue;
    }
    blobs.set(blobId, blob);
    size += blob.bytes.length;
    if (size > limits.maxSizeAttachmentsPerEmail)
      throw new SetFailure({ type: 'tooLarge', maxSize: limits.maxSizeAttachmentsPerEmail });
  }
  if (missing.length > 0) throw new SetFailure({ type: 'blobNotFound', notFound: missing });
  return blobs;
};

const blobOf = (part: NewPart, blobs: Blobs): Blob | null =>
  part.content.kind === 'blob' ? (blobs.get(part.content.blobId) ?? null) : null;

/** Whether the simple form of a draft says all of it; what a composer makes does. */
const isSimple = ({ text, html, attachments, structure }: NewBody): boolean =>
  structure === null &&
  [text, html].every(
    (part) => part === null || (part.content.kind === 'text' && part.headers.length === 0 && part.language === null),
  ) &&
  attachments.every(
    (part) =>
      part.content.kind === 'blob' && part.headers.length === 0 && part.language === null && part.location === null,
  );

const textOf = (part: NewPart | null): string | null => (part?.content.kind === 'text' ? part.content.value : null);

const draftOf = ({ header, body }: NewMessage, blobs: Blobs, messageId: string, now: number): Draft => ({
  ...header,
  messageId,
  date: header.date ?? now,
  text: textOf(body.text),
  html: textOf(body.html),
  attachments: body.attachments.map((part) => {
    const blob = blobOf(part, blobs);
    return {
      name: part.name ?? blob?.name ?? null,
      type: part.type ?? blob?.type ?? 'application/octet-stream',
      cid: part.cid,
      inline: part.disposition === 'inline',
      bytes: blob?.bytes ?? Buffer.alloc(0),
    };
  }),
});

const quotedName = (name: string): string =>
  `"${name.replaceAll(/[\r\n\0]/gu, ' ').replaceAll(/["\\]/gu, String.raw`\$&`)}"`;

const fill = (node: MimeNode, part: NewPart, blobs: Blobs): void => {
  const blob = blobOf(part, blobs);
  for (const { name, value } of part.headers) node.setHeader(name, value);
  if (part.disposition !== null || part.name !== null) {
    const disposition = part.disposition ?? 'attachment';
    node.setHeader(
      'Content-Disposition',
      part.name === null ? disposition : `${disposition}; filename=${quotedName(part.name)}`,
    );
  }
  if (part.cid !== null) node.setHeader('Content-ID', `<${part.cid.replaceAll(/[<>\s]/gu, '')}>`);
  if (part.language !== null) node.setHeader('Content-Language', part.language.join(', '));
  if (part.location !== null) node.setHeader('Content-Location', part.location.replaceAll(/\s/gu, ''));
  if (part.content.kind === 'text') node.setContent(part.content.value);
  else if (blob) node.setContent(blob.bytes);
  else if (part.content.kind === 'parts') {
    for (const below of part.content.parts) fill(node.createChild(contentType(below, blobs)), below, blobs);
  }
};

const contentType = (part: NewPart, blobs: Blobs): string => {
  const blob = blobOf(part, blobs);
  const type = part.type ?? blob?.type ?? 'application/octet-stream';
  const charset =
    part.content.kind === 'text' ? 'utf-8' : (part.charset ?? (type.startsWith('text/') ? blob?.charset : null));
  return charset && /^[\w.:+-]{1,60}$/u.test(charset) && !type.includes(';') ? `${type}; charset=${charset}` : type;
};

/** All parts of the simple form as one tree. */
const treeOf = ({ text, html, attachments, structure }: NewBody): NewPart => {
  if (structure) return structure;
  const bare = { name: null, disposition: null, cid: null, language: null, location: null, charset: null, headers: [] };
  const group = (type: string, parts: NewPart[]): NewPart => ({ ...bare, type, content: { kind: 'parts', parts } });
  const empty: NewPart = { ...bare, type: 'text/plain', content: { kind: 'text', value: '' } };
  const bodies = [text, html].filter((part) => part !== null);
  const body = bodies.length > 1 ? group('multipart/alternative', bodies) : (bodies[0] ?? empty);
  return attachments.length === 0 ? body : group('multipart/mixed', [body, ...attachments]);
};

/** The tree behind the header of a message that is otherwise empty. */
const buildTree = async (draft: Draft, tree: NewPart, blobs: Blobs): Promise<Buffer> => {
  const plain = await buildMessage({ ...draft, text: '', html: null, attachments: [] }, { keepBcc: true });
  const { headerEnd } = headerSpan(plain, 0, plain.length);
  const fields = plain.toString('latin1', 0, headerEnd).split(/\r\n(?![ \t])/u);
  const kept = fields.filter((field) => field !== '' && !/^content-/iu.test(field));
  const node = new MimeNode('multipart/mixed', {
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  }).createChild(contentType(tree, blobs));
  fill(node, tree, blobs);
  return Buffer.concat([Buffer.from(`${kept.join('\r\n')}\r\n`, 'latin1'), await node.build()]);
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
  const draft = draftOf(wish, blobs, messageId, now);
  const raw = isSimple(wish.body)
    ? await buildMessage(draft, { keepBcc: true })
    : await buildTree(draft, treeOf(wish.body), blobs);
  return { raw, messageId };
};
