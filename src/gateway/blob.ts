import type { Email } from '#index/types.ts';
import { findPart } from '#mime/parse.ts';
import type { Part } from '#mime/types.ts';
import { decodePart } from '#mime/transfer.ts';
import { type Message, messageOf, wholeMessage } from './email/message.ts';
import { parseBlobId } from './ids.ts';
import type { OpenAccount } from './types.ts';

/** Decoded bytes with what is known of them. */
export interface Blob {
  type: string;
  name: string | null;
  charset: string | null;
  bytes: Buffer;
}

const messageType = 'message/rfc822';

const partOf = async (message: Message, section: string): Promise<Blob | undefined> => {
  const part = findPart<Part>(message.root, section);
  if (!part || part.type.startsWith('multipart/')) return undefined;
  const bytes = decodePart(await message.bytes(part), part);
  return { type: part.type, name: part.name, charset: part.charset, bytes };
};

const descend = async (message: Message, path: readonly string[]): Promise<Blob | undefined> => {
  const [section, ...rest] = path;
  const part = section === undefined ? undefined : await partOf(message, section);
  return part && rest.length > 0 ? descend(wholeMessage(part.bytes), rest) : part;
};

/** All of a blob in memory; undefined when there is none. @throws UpstreamError */
export const readBlob = async (open: OpenAccount, blobId: string): Promise<Blob | undefined> => {
  const name = parseBlobId(blobId);
  if (!name) return undefined;
  const { base, path } = name;
  if (base.kind === 'upload') {
    const upload = open.index.read((reader) => reader.blob(base.id));
    if (!upload) return undefined;
    return path.length > 0 ? descend(wholeMessage(upload.bytes), path) : { ...upload, name: null, charset: null };
  }
  const email = open.index.read((reader) => reader.email(base.email));
  if (!email) return undefined;
  if (path.length > 0) return descend(messageOf(await open.engine.source(email.row)), path);
  return { type: messageType, name: null, charset: null, bytes: await wholeBytes(open, email) };
};

/** The raw message. @throws UpstreamError */
export const wholeBytes = async ({ engine }: OpenAccount, email: Email): Promise<Buffer> => {
  const source = await engine.source(email.row);
  if (source.kind === 'whole') return source.raw;
  const chunks: Buffer[] = [];
  for await (const chunk of engine.stream(email.row, null)) chunks.push(chunk);
  return Buffer.concat(chunks);
};
