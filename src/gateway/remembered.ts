import type { EmailNumber, EmailRow, Index, ThreadNumber } from '#index/types.ts';
import type { Wish } from './email/properties.ts';
import { Kept } from './kept.ts';
import { Lists } from './lists.ts';

/** An Email as it was written into an answer. */
export interface WrittenEmail {
  thread: ThreadNumber;
  /** Its row when it shows a preview that is not known yet. */
  waiting: EmailRow | null;
  /** `,{"id":…}` */
  bytes: Buffer;
}

/** A conversation likewise: a few ids, shorter as text. */
export interface WrittenThread {
  emails: readonly EmailNumber[];
  text: string;
}

/** Emails one after another, as they stood in an answer. */
interface EmailList {
  numbers: readonly EmailNumber[];
  /** Each once. */
  found: readonly EmailNumber[];
  threads: readonly ThreadNumber[];
  /** Rows of those that show a preview that is not known yet. */
  waiting: readonly EmailRow[];
  bytes: Buffer;
}

/** Conversations one after another. */
interface ThreadList {
  numbers: readonly ThreadNumber[];
  /** Each once. */
  found: readonly ThreadNumber[];
  emails: readonly EmailNumber[];
  text: string;
}

/** What was written of Emails with one set of properties. */
interface WrittenEmails {
  each: Kept<EmailNumber, WrittenEmail>;
  lists: Lists<EmailList>;
}

/** A list that is longer is put together anew. */
export const longestList = 48_000;
const mostLists = 3;
/** Bytes for each of the last few sets of properties: three hundred rows of a list. */
const emailBytes = 256_000;
const threadBytes = 64_000;
const mostWishes = 3;
/** What an entry takes beside its text, roughly. */
const overhead = 150;

/**
 * What was written of the Emails and conversations of one account. An entry is forgotten in the moment the change log notes its
 * record, all of them when a write is taken back; so put in only what was read outside of a write.
 */
export class Remembered {
  readonly threads = new Kept<ThreadNumber, WrittenThread>(
    threadBytes,
    ({ text, emails }) => text.length + 8 * emails.length + overhead,
  );
  readonly threadLists = new Lists<ThreadList>(mostLists);
  /** The ids of Emails as text: they never change. */
  readonly idLists = new Lists<{ numbers: readonly EmailNumber[]; text: string }>(mostLists);
  readonly #emails = new Map<Wish, WrittenEmails>();

  constructor(index: Index) {
    index.follow({
      noted: (type, key) => {
        if (type === 'Email') {
          for (const { each, lists } of this.#emails.values()) {
            each.forget(key as EmailNumber);
            lists.forget(key as EmailNumber);
          }
        } else if (type === 'Thread') {
          this.threads.forget(key as ThreadNumber);
          this.threadLists.forget(key as ThreadNumber);
        }
      },
      lost: () => {
        this.#emails.clear();
        this.threads.clear();
        this.threadLists.clear();
      },
    });
  }

  /** Of these properties. What comes back is for this moment: it may not be followed any more later. */
  emails(wish: Wish): WrittenEmails {
    const kept = this.#emails.get(wish) ?? {
      each: new Kept<EmailNumber, WrittenEmail>(emailBytes, ({ bytes }) => bytes.length + overhead),
      lists: new Lists<EmailList>(mostLists),
    };
    this.#emails.delete(wish);
    this.#emails.set(wish, kept);
    for (const [oldest] of this.#emails) {
      if (this.#emails.size <= mostWishes) break;
      this.#emails.delete(oldest);
    }
    return kept;
  }
}

/** A gateway's memories, one for each index. */
export const openMemories = (): ((index: Index) => Remembered) => {
  const memories = new WeakMap<Index, Remembered>();
  return (index) => {
    const known = memories.get(index);
    if (known) return known;
    const remembered = new Remembered(index);
    memories.set(index, remembered);
    return remembered;
  };
};
