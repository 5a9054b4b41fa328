import { Readable } from 'node:stream';
import { unpackPart } from '#mime/pack.ts';
import { findPart } from '#mime/parse.ts';
import { decodeStream } from '#mime/transfer.ts';
import type { Part } from '#mime/types.ts';
import { readBlob } from './blob.ts';
import { parseBlobId } from './ids.ts';
import type { OpenAccount } from './types.ts';

export interface Download {
  type: string;
  size: number | null;
  chunks: AsyncIterable<Buffer>;
}

async function* single(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

/** Parts above this go through decoded piece by piece. */
const streamAbove = 1_000_000;

const streamed = (open: OpenAccount, blobId: string): Download | undefined => {
  const name = parseBlobId(blobId);
  if (name?.base.kind !== 'email' || name.path.length > 1) return undefined;
  const { email: number } = name.base;
  const email = open.index.read((reader) => reader.email(number));
  const [section] = name.path;
  if (!email || email.size <= streamAbove) return undefined;
  if (section === undefined) return { type: 'message/rfc822', size: null, chunks: open.engine.stream(email.row, null) };
  const part = email.structure === null ? undefined : findPart<Part>(unpackPart(email.structure), section);
  if (!part || part.encodedSize <= streamAbove || part.type.startsWith('multipart/')) return undefined;
  const decoded = Readable.from(open.engine.stream(email.row, section)).compose(decodeStream(part.encoding));
  return { type: part.type, size: null, chunks: decoded as AsyncIterable<Buffer> };
};

/** The bytes of a blob: large parts of messages as a stream, else at once. null: no such blob. @throws UpstreamError */
export const openDownload = async (open: OpenAccount, blobId: string): Promise<Download | null> => {
  const stream = streamed(open, blobId);
  if (stream) return stream;
  const blob = await readBlob(open, blobId);
  return blob ? { type: blob.type, size: blob.bytes.length, chunks: single(blob.bytes) } : null;
};
