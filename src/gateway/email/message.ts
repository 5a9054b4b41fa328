import { readFields } from '#mime/headers.ts';
import { unpackPart } from '#mime/pack.ts';
import { parseMessage, partBytes, partHeader, type ParsedPart } from '#mime/parse.ts';
import { decodePart } from '#mime/transfer.ts';
import type { HeaderField, Part } from '#mime/types.ts';
import type { Source } from '#upstream/engine.ts';

/** A message whose parts can be read, wherever its bytes are. */
export interface Message {
  readonly root: Part;
  /** The header of the message. */
  header(): HeaderField[];
  /** The header of a part. */
  fields(part: Part): Promise<HeaderField[]>;
  /** A part's bytes, still encoded. */
  bytes(part: Part): Promise<Buffer>;
  /** Octets after decoding; near the truth while the bytes were not read. */
  size(part: Part): number;
}

/** Octets of base64 text, from its length when its lines are even and else by counting. */
const base64Size = (bytes: Buffer): number => {
  if (bytes.length < 262_144) return decodePart(bytes, { encoding: 'base64' }).length;
  const line = bytes.indexOf(10) + 1;
  const ending = bytes[line - 2] === 13 ? 2 : 1;
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] ?? 0) <= 32) end -= 1;
  const lines = line === 0 ? 0 : Math.ceil(end / line) - 1;
  let characters = end - lines * ending;
  while (end > 0 && bytes[end - 1] === 61) {
    end -= 1;
    characters -= 1;
  }
  return Math.floor((characters * 3) / 4);
};

const exactSize = (bytes: Buffer, encoding: string): number => {
  switch (encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
      return bytes.length;
    case 'base64':
      return base64Size(bytes);
    default:
      return decodePart(bytes, { encoding }).length;
  }
};

/** From BODYSTRUCTURE alone: base64 in lines of 76 and CRLF; quoted-printable mostly plain. */
const likelySize = ({ encoding, encodedSize }: Part): number =>
  encoding === 'base64' ? Math.floor(((encodedSize * 76) / 78) * 0.75) : encodedSize;

export const wholeMessage = (raw: Buffer): Message => {
  const parsed = parseMessage(raw);
  return {
    root: parsed.root,
    header: () => parsed.header,
    fields: (part) => Promise.resolve(partHeader(raw, part as ParsedPart)),
    bytes: (part) => Promise.resolve(partBytes(raw, part as ParsedPart)),
    size: (part) => exactSize(partBytes(raw, part as ParsedPart), part.encoding),
  };
};

const partedMessage = (source: Extract<Source, { kind: 'parts' }>): Message => {
  const header = readFields(source.header, 0, source.header.length);
  const root = unpackPart(source.structure);
  return {
    root,
    header: () => header,
    fields: async (part) => {
      if (part === root) return header;
      const bytes = await source.part(`${part.section}.MIME`);
      return readFields(bytes, 0, bytes.length);
    },
    bytes: (part) => source.part(part.section),
    size: likelySize,
  };
};

export const messageOf = (source: Source): Message =>
  source.kind === 'whole' ? wholeMessage(source.raw) : partedMessage(source);

/** Only the shape, as the index knows it: enough for lists of parts. */
export const outlineOf = (structure: string): Message => {
  const none = (): never => {
    throw new TypeError('an outline has no bytes');
  };
  return { root: unpackPart(structure), header: none, fields: none, bytes: none, size: likelySize };
};
