import { type ParsedPart, parseMessage, partBytes } from '#mime/parse.ts';
import { parseEnvelope } from '#mime/envelope.ts';
import { partText } from '#mime/text.ts';
import { decodePart } from '#mime/transfer.ts';
import type { Envelope } from '#mime/types.ts';

export interface Parsed extends Envelope {
  text: string;
  html: string;
  /** Structure as `multipart/mixed(text/plain image/png)`. */
  shape: string;
  files: { name: string | null; cid: string | null; disposition: string | null; type: string; bytes: Buffer }[];
}

const shapeOf = (part: ParsedPart): string =>
  part.parts.length === 0 ? part.type : `${part.type}(${part.parts.map(shapeOf).join(' ')})`;

const leaves = (part: ParsedPart): ParsedPart[] => (part.parts.length === 0 ? [part] : part.parts.flatMap(leaves));

/** A message as its reader gets it; lines end in LF. */
export const parsed = (raw: Buffer): Parsed => {
  const { root } = parseMessage(raw);
  const all = leaves(root);
  const isText = (part: ParsedPart, type: string): boolean => part.type === type && part.disposition !== 'attachment';
  const text = (type: string): string =>
    all
      .filter((part) => isText(part, type))
      .map((part) => partText(partBytes(raw, part), part).replaceAll('\r\n', '\n'))
      .join('');
  return {
    ...parseEnvelope(raw),
    text: text('text/plain'),
    html: text('text/html'),
    shape: shapeOf(root),
    files: all
      .filter((part) => !isText(part, 'text/plain') && !isText(part, 'text/html'))
      .map((part) => ({ ...part, bytes: decodePart(partBytes(raw, part), part) })),
  };
};
