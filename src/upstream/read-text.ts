import type { EmailRow, TextWish } from '#index/types.ts';
import { htmlToText } from '#mime/html-text.ts';
import { unpackPart } from '#mime/pack.ts';
import { parseMessage, partBytes } from '#mime/parse.ts';
import { previewOf, previewPart } from '#mime/preview.ts';
import { partText } from '#mime/text.ts';
import type { Part } from '#mime/types.ts';

/** Octets of the text part that are fetched, so that its words can be searched as well; HTML as far as mime wants it. */
const textOctets = 16_384;
const htmlOctets = 49_152;

export interface Target {
  wish: TextWish;
  /** null: the structure was impossible; what comes is the beginning of the message itself. */
  part: Part | null;
}

/** Messages of which one command fetches the same. */
export interface Group {
  section: string;
  bytes: number;
  targets: Target[];
}

/** Messages by the section and length that one command fetches of them; those without any text are left out. */
export const grouped = (wishes: readonly TextWish[]): Group[] => {
  const groups = new Map<string, Group>();
  for (const wish of wishes) {
    const root = wish.structure === null ? null : unpackPart(wish.structure);
    const found = root === null ? { part: null, octets: htmlOctets } : previewPart(root);
    if (found === null) continue;
    const section = found.part === null ? '' : found.part.section || '1';
    const bytes = found.octets > textOctets ? htmlOctets : textOctets;
    const key = `${section} ${bytes}`;
    const group = groups.get(key) ?? { section, bytes, targets: [] };
    group.targets.push({ wish, part: found.part });
    groups.set(key, group);
  }
  return [...groups.values()];
};

/** What was made of the bytes of one message. */
export interface Read {
  row: EmailRow;
  preview: string;
  text: string;
}

export const readText = ({ wish, part }: Target, encoded: Buffer): Read => {
  const text = part === null ? rawText(encoded) : partText(encoded, part);
  const isHtml = part?.type === 'text/html';
  return { row: wish.row, preview: previewOf(text, isHtml), text: isHtml ? htmlToText(text) : text };
};

/** Text of a message of which only the beginning is there. */
const rawText = (raw: Buffer): string => {
  const { root } = parseMessage(raw);
  const found = previewPart(root);
  if (found === null) return '';
  const text = partText(partBytes(raw, found.part), found.part);
  return found.part.type === 'text/html' ? htmlToText(text) : text;
};
