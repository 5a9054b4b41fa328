import type { Ready } from './ready.ts';
import type { Uid } from './types.ts';

/**
 * Messages on their way from one thread to another: text in one list, numbers in another, which costs a small part of what
 * objects do.
 */
export interface Sheet {
  /** {@link textColumns} for each message. */
  texts: (string | null)[];
  /** {@link numberColumns} for each message; NaN stands for null. */
  numbers: Float64Array<ArrayBuffer>;
  /** `keys.parents` and `keys.parentsHere` of all messages one after another. */
  parents: Float64Array<ArrayBuffer>;
}

const textColumns = 15;
const numberColumns = 16;

const orNaN = (value: number | null): number => value ?? Number.NaN;
const orNull = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

export const sheetOf = (messages: readonly Ready[]): Sheet => {
  const texts: (string | null)[] = [];
  const numbers = new Float64Array(messages.length * numberColumns);
  const parents: number[] = [];
  for (const [i, one] of messages.entries()) {
    const { keys } = one;
    texts.push(
      one.keywords.join(' '),
      one.subject,
      one.messageId,
      one.listId,
      one.structure,
      one.preview,
      one.from,
      one.sender,
      one.replyTo,
      one.to,
      one.cc,
      one.bcc,
      one.inReplyTo,
      one.references,
      one.strongId,
    );
    numbers.set(
      [
        one.uid,
        Number(one.modseq),
        Number(one.deleted),
        one.receivedAt,
        orNaN(one.sentAt),
        one.size,
        Number(one.hasAttachment),
        one.bulk,
        orNaN(one.strongKey),
        orNaN(keys.own),
        keys.parents.length,
        Number(keys.weak),
        orNaN(keys.ownHere),
        orNaN(keys.strong),
        keys.subject,
        Number(one.ordinary),
      ],
      i * numberColumns,
    );
    parents.push(...keys.parents, ...keys.parentsHere);
  }
  return { texts, numbers, parents: Float64Array.from(parents) };
};

/** What {@link sheetOf} was given. */
export const readySheet = ({ texts, numbers, parents }: Sheet): Ready[] => {
  const messages: Ready[] = [];
  const count = numbers.length / numberColumns;
  let parent = 0;
  for (let i = 0; i < count; i += 1) {
    const t = i * textColumns;
    const n = i * numberColumns;
    const text = (column: number): string | null => texts[t + column] ?? null;
    const number = (column: number): number => numbers[n + column] ?? 0;
    const keywords = text(0) ?? '';
    const isWeak = number(11) === 1;
    const take = (count: number): number[] => {
      parent += count;
      return [...parents.subarray(parent - count, parent)];
    };
    const named = take(number(10));
    messages.push({
      keywords: keywords === '' ? [] : keywords.split(' '),
      subject: text(1) ?? '',
      messageId: text(2),
      listId: text(3),
      structure: text(4),
      preview: text(5),
      from: text(6),
      sender: text(7),
      replyTo: text(8),
      to: text(9),
      cc: text(10),
      bcc: text(11),
      inReplyTo: text(12),
      references: text(13),
      strongId: text(14),
      ordinary: number(15) === 1,
      uid: number(0) as Uid,
      modseq: String(number(1)),
      deleted: number(2) === 1,
      receivedAt: number(3),
      sentAt: orNull(number(4)),
      size: number(5),
      hasAttachment: number(6) === 1,
      bulk: number(7),
      strongKey: orNull(number(8)),
      keys: {
        own: orNull(number(9)),
        parents: named,
        parentsHere: isWeak ? take(named.length) : [],
        weak: isWeak,
        ownHere: orNull(number(12)),
        strong: orNull(number(13)),
        subject: number(14),
      },
    });
  }
  return messages;
};
