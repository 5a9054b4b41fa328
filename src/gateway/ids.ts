import type { EmailNumber, MailboxId as BoxNumber, ThreadNumber } from '#index/types.ts';
import type { BlobId, EmailId, MailboxId, ThreadId } from '#jmap/ids.ts';

/** JMAP ids of what the index numbers: a letter and base 36. Only the canonical spelling is an id. */

const grammar = /^[A-Z][0-9a-z]{1,11}$/u;

const numberOf = (id: string, letter: string): number | undefined => {
  if (!id.startsWith(letter) || !grammar.test(id)) return undefined;
  const value = Number.parseInt(id.slice(1), 36);
  return Number.isSafeInteger(value) && base36(value) === id.slice(1) ? value : undefined;
};

const low = 36 ** 5;

/** `value.toString(36)`, in halves that the engine holds as small integers: row numbers are larger. */
const base36 = (value: number): string => {
  if (value < low) return value.toString(36);
  const high = Math.floor(value / low);
  return high.toString(36) + (value - high * low).toString(36).padStart(5, '0');
};

export const mailboxId = (box: BoxNumber): MailboxId => `B${base36(box)}` as MailboxId;
export const emailId = (email: EmailNumber): EmailId => `M${base36(email)}` as EmailId;
export const threadId = (thread: ThreadNumber): ThreadId => `T${base36(thread)}` as ThreadId;

export const mailboxNumber = (id: string): BoxNumber | undefined => numberOf(id, 'B') as BoxNumber | undefined;
export const emailNumber = (id: string): EmailNumber | undefined => numberOf(id, 'M') as EmailNumber | undefined;

type Lettered = 'M' | 'T';

/**
 * Ids of numbers that are at hand, as a result reference takes them from one call to the next: an array of strings to
 * whoever looks, written only then.
 */
export class IdList {
  readonly letter: Lettered;
  readonly numbers: readonly number[];
  #ids: readonly string[] | undefined;

  constructor(letter: Lettered, numbers: readonly number[]) {
    this.letter = letter;
    this.numbers = numbers;
  }

  get length(): number {
    return this.numbers.length;
  }

  get ids(): readonly string[] {
    this.#ids ??= this.numbers.map((number) => this.letter + base36(number));
    return this.#ids;
  }

  toJSON(): readonly string[] {
    return this.ids;
  }
}

/** The ids a /get was asked for: as they were sent, or as another call has given them. */
export type Ids = readonly string[] | IdList;

export const emailIds = (numbers: readonly EmailNumber[]): IdList => new IdList('M', numbers);
export const threadIds = (numbers: readonly ThreadNumber[]): IdList => new IdList('T', numbers);

interface Numbered<N> {
  /** In the order of the ids, and as often. */
  numbers: readonly N[];
  /** What is no such id, each once. */
  strangers: string[];
}

const numbersOf = <N extends number>(letter: Lettered, ids: Ids): Numbered<N> => {
  const isList = ids instanceof IdList;
  if (isList && ids.letter === letter) return { numbers: ids.numbers as readonly N[], strangers: [] };
  const numbers: N[] = [];
  const strangers = new Set<string>();
  for (const id of isList ? ids.ids : ids) {
    const number = numberOf(id, letter);
    if (number === undefined) strangers.add(id);
    else numbers.push(number as N);
  }
  return { numbers, strangers: [...strangers] };
};

export const emailNumbers = (ids: Ids): Numbered<EmailNumber> => numbersOf('M', ids);
export const threadNumbers = (ids: Ids): Numbered<ThreadNumber> => numbersOf('T', ids);

/**
 * What a blob id names: a whole message (`G` + base36), a part of it (`G…_1_2` for section 1.2), a part of a message
 * within (`G…_2-1_3`: section 1.3 of the message that is section 2), or an upload (`U…`). The same after `U…` for parts
 * of an uploaded message (`U…_1`).
 */
export interface BlobName {
  base: { kind: 'email'; email: EmailNumber } | { kind: 'upload'; id: string };
  /** Sections, outermost message first; empty: the whole. */
  path: string[];
}

const blobGrammar =
  /^(?:G([0-9a-z]{1,11})|(U[0-9a-z]{16,40}))((?:_[1-9]\d{0,4})+(?:-[1-9]\d{0,4}(?:_[1-9]\d{0,4})*)*)?$/u;

export const parseBlobId = (id: string): BlobName | undefined => {
  const match = blobGrammar.exec(id);
  if (!match) return undefined;
  const path = match[3]
    ? match[3]
        .slice(1)
        .split('-')
        .map((section) => section.replaceAll('_', '.'))
    : [];
  if (match[2]) return { base: { kind: 'upload', id: match[2] }, path };
  const email = emailNumber(`M${match[1] ?? ''}`);
  return email === undefined ? undefined : { base: { kind: 'email', email }, path };
};

export const messageBlobId = (email: EmailNumber): BlobId => `G${base36(email)}` as BlobId;

/** The blob of `section` in the message that is `message`. */
export const partBlobId = (message: BlobId, section: string): BlobId =>
  `${message}${message.includes('_') ? '-' : '_'}${section.replaceAll('.', '_')}` as BlobId;
