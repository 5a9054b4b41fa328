import type { Found } from '#index/types.ts';
import { bodyLists, hasAttachment } from '#mime/body-lists.ts';
import { parseEnvelope } from '#mime/envelope.ts';
import { packPart } from '#mime/pack.ts';
import { parseMessage, partBytes } from '#mime/parse.ts';
import { previewOf, previewPart } from '#mime/preview.ts';
import { partText } from '#mime/text.ts';

/** What the index keeps of raw bytes. */
export const digest = (
  raw: Buffer,
): Pick<Found, 'size' | 'envelope' | 'structure' | 'hasAttachment'> & { preview: string } => {
  const { root } = parseMessage(raw);
  const chosen = previewPart(root);
  const text = chosen === null ? '' : partText(partBytes(raw, chosen.part).subarray(0, chosen.octets), chosen.part);
  return {
    size: raw.length,
    envelope: parseEnvelope(raw.subarray(root.headerStart, root.bodyStart)),
    structure: packPart(root),
    hasAttachment: hasAttachment(root, bodyLists(root)),
    preview: chosen === null ? '' : previewOf(text, chosen.part.type === 'text/html'),
  };
};
