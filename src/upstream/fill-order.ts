import type { Mailbox, MailboxId, Role } from '#index/types.ts';
import { headSize, isFresh } from './catch-up.ts';

/** What the first sync knows of one mailbox. */
export interface FillState {
  box: Mailbox;
  /** Messages in the index. */
  known: number;
  /** Oldest INTERNALDATE of the run that reaches to the newest message, Unix seconds; null when nothing is known. */
  oldest: number | null;
}

/** One batch to fetch: the newest `count` of a fresh mailbox, or the next `count` below what is known. */
export interface FillWish {
  mailbox: MailboxId;
  count: number;
}

/** INBOX is filled this far before any other mailbox is begun; so is a mailbox the user looks at. */
const firstRun = 500;
const lookedRun = 200;
/** A mailbox of no more is read at once: opening it another time costs as much. */
const small = 500;

const order: Readonly<Partial<Record<Role, number>>> = {
  inbox: 0,
  sent: 1,
  drafts: 2,
  archive: 3,
  all: 4,
  flagged: 5,
  important: 5,
  trash: 8,
  junk: 9,
};
const rank = (box: Mailbox): number => (box.role === null ? 6 : (order[box.role] ?? 6));

const unfinished = ({ box }: FillState): boolean => !box.noselect && box.state !== 'live' && box.state !== 'gone';

/**
 * The next batch of the first sync (rules S6, S8): what the user looks at; INBOX to 500; the head of every mailbox, or
 * all of a small one; then always the mailbox whose oldest known message is the youngest. null when all is known.
 */
export const nextFill = (
  states: readonly FillState[],
  looked: readonly MailboxId[],
  batch: number,
): FillWish | null => {
  const open = states.filter(unfinished);
  const first = open.find((state) => looked.includes(state.box.id) && state.known < lookedRun);
  if (first !== undefined) return { mailbox: first.box.id, count: lookedRun };
  const inbox = open.find((state) => state.box.role === 'inbox');
  if (inbox !== undefined && isFresh(inbox.box)) return { mailbox: inbox.box.id, count: headSize };
  if (inbox !== undefined && inbox.known < firstRun) return { mailbox: inbox.box.id, count: firstRun - inbox.known };
  const [fresh] = open.filter((state) => isFresh(state.box)).toSorted((a, b) => rank(a.box) - rank(b.box));
  if (fresh !== undefined) {
    const { id, exists } = fresh.box;
    return { mailbox: id, count: exists > 0 && exists <= small ? small : headSize };
  }
  const [next] = open.toSorted((a, b) => (b.oldest ?? Infinity) - (a.oldest ?? Infinity) || rank(a.box) - rank(b.box));
  return next === undefined ? null : { mailbox: next.box.id, count: batch };
};

/** Messages of the next batch, so that one takes about a second (rule S7). */
export const nextBatch = (batch: number, count: number, ms: number): number => {
  if (count < batch / 2) return batch;
  const ideal = (count / Math.max(1, ms)) * 1_000;
  return Math.round(Math.min(20_000, Math.max(50, Math.min(batch * 4, Math.max(batch / 2, ideal)))));
};
