import { addMailbox, found, query } from '../fixture.ts';
import type { Email, Filter, Index, MailboxId } from '../types.ts';

export type Is = Extract<Filter, { op: 'is' }>;

const words = ['alpha', 'beta', 'gamma', 'delta'];
export const keywords = ['$seen', '$flagged', 'work'];

/** Sixty messages in three mailboxes, some with the same strong id in two. */
export const fill = (index: Index): MailboxId[] => {
  const boxes = ['inbox', 'archive', 'trash'].map((name) => addMailbox(index, name, name as 'inbox'));
  const messages = Array.from({ length: 60 }, (_, i) =>
    found(i + 1, {
      keywords: keywords.filter((_, k) => (i + k * 7) % (k + 2) === 0),
      size: 1000 + ((i * 37) % 20) * 10,
      hasAttachment: i % 4 === 0,
      strongId: i % 6 === 0 ? `strong${i}` : null,
      envelope: {
        subject: `${i % 3 === 0 ? 'Re: ' : ''}${words[i % 4] ?? ''} ${words[(i * 5) % 3] ?? ''}`,
        from: [{ name: i % 5 === 0 ? null : `Name${i % 5}`, email: `${words[i % 4] ?? ''}@from.example` }],
        to: i % 7 === 0 ? [] : [{ name: `To${i % 3}`, email: `to${i % 3}@to.example` }],
        cc: i % 8 === 0 ? [{ name: null, email: 'gamma@cc.example' }] : [],
        bcc: i % 16 === 0 ? [{ name: 'delta', email: 'x@bcc.example' }] : [],
        references: i % 4 === 3 ? [`m${i}@example.org`] : [],
        inReplyTo: i % 4 === 3 ? [`m${i}@example.org`] : [],
        sentAt: i % 9 === 0 ? null : 1_700_000_000 - ((i * 13) % 50),
        listId: i % 10 === 0 ? 'list.example' : null,
      },
    }),
  );
  index.write((w) => {
    w.add(boxes[0] as MailboxId, messages.slice(0, 40));
    w.add(boxes[1] as MailboxId, messages.slice(30));
    w.add(
      boxes[2] as MailboxId,
      messages.slice(0, 20).filter(({ strongId }) => strongId !== null),
    );
  });
  return boxes;
};

export const all = (index: Index, boxes: MailboxId[]): Email[] =>
  index.read((r) => {
    const lists = boxes.map((box) => r.query(query({ filter: { op: 'is', inMailbox: box }, limit: 1000 })).ids);
    return r.emails([...new Set(lists.flat())]).sort((a, b) => a.row - b.row);
  });
