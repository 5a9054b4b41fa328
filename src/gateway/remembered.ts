import type { EmailNumber, EmailRow, Index, ThreadNumber } from '#index/types.ts';
import type { Wish } from './email/properties.ts';
import { Kept } from './kept.ts';

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
  readonly #emails = new Map<Wish, Kept<EmailNumber, WrittenEmail>>();

  constructor(index: Index) {
    index.follow({
      noted: (type, key) => {
        if (type === 'Email') for (const kept of this.#emails.values()) kept.forget(key as EmailNumber);
        else if (type === 'Thread') this.threads.forget(key as ThreadNumber);
      },
      lost: () => {
        this.#emails.clear();
        this.threads.clear();
      },
    });
  }

  /** Of these properties. What comes back is for this moment: it may not be followed any more later. */
  emails(wish: Wish): Kept<EmailNumber, WrittenEmail> {
    const kept = this.#emails.get(wish) ?? new Kept(emailBytes, ({ bytes }) => bytes.length + overhead);
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
