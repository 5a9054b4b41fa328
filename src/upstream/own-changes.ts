import type { Clock } from '#base/clock.ts';
import { decodeMailboxName } from '#imap/mailbox-name.ts';
import type { Mailbox } from '#index/types.ts';
import { lastName } from './folders.ts';
import type { Listed } from './folders.ts';

/** A LIST may say what was before a change of our own for this long, milliseconds. */
const staleFor = 30_000;

/** A name that a mailbox had until we changed that, and the one it has since; null: none. */
interface OwnChange {
  from: string | null;
  to: string | null;
  delimiter: string | null;
  until: number;
}

const isAtOrBelow = (pathRaw: string, top: string | null, delimiter: string | null): boolean =>
  top !== null && (pathRaw === top || (delimiter !== null && delimiter !== '' && pathRaw.startsWith(top + delimiter)));

/** As LIST would show a mailbox under the name it has now. */
const asListed = (box: Pick<Mailbox, 'pathRaw' | 'delimiter' | 'role' | 'noselect' | 'subscribed'>): Listed => {
  const { pathRaw, delimiter, role, noselect, subscribed } = box;
  const path = decodeMailboxName(pathRaw);
  const attributes = role === null ? [] : [`\\${role}`];
  return { pathRaw, path, name: lastName(path, delimiter), delimiter, attributes, noselect, subscribed, status: null };
};

/**
 * What the server confirmed of our own changes of names, as long as a LIST may still contradict it: Dovecot's index of
 * the list is written after the answer and breaks now and then while mailboxes change (rule S59).
 */
export class OwnChanges {
  readonly #clock: Clock;
  #all: OwnChange[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** RENAME: all below it went along. */
  moved(from: string, to: string, delimiter: string | null): void {
    this.#leave(from, delimiter);
    this.came(to, delimiter);
    this.#add({ from, to, delimiter });
  }

  /** DELETE */
  deleted(pathRaw: string, delimiter: string | null): void {
    this.#leave(pathRaw, delimiter);
    this.#add({ from: pathRaw, to: null, delimiter });
  }

  /** CREATE: what is listed under this name is no longer an old one. */
  came(pathRaw: string, delimiter: string | null): void {
    this.#all = this.#all.flatMap((change) => {
      const { from, to } = change;
      const isOf = isAtOrBelow(pathRaw, from, delimiter) || (from !== null && isAtOrBelow(from, pathRaw, delimiter));
      if (!isOf) return [change];
      return to === null ? [] : [{ ...change, from: null }];
    });
  }

  /** CREATE of what the list lacks though the server has it. */
  unlisted(pathRaw: string, delimiter: string | null): void {
    this.#add({ from: null, to: pathRaw, delimiter });
  }

  /** The list as it is to be believed: without what is stale in it, with what it lacks. */
  believed(known: readonly Mailbox[], listed: readonly Listed[]): { listed: Listed[]; isContradicted: boolean } {
    const now = this.#clock.now();
    this.#all = this.#all.filter(({ until }) => until > now);
    const all = this.#all;
    const knownPaths = new Set(known.map((box) => box.pathRaw));
    const listedPaths = new Set(listed.map((one) => one.pathRaw));
    const isStale = ({ pathRaw }: Listed): boolean =>
      !knownPaths.has(pathRaw) && all.some(({ from, delimiter }) => isAtOrBelow(pathRaw, from, delimiter));
    const isThere = ({ pathRaw }: Mailbox): boolean =>
      !listedPaths.has(pathRaw) && all.some(({ to, delimiter }) => isAtOrBelow(pathRaw, to, delimiter));
    const sound = listed.filter((one) => !isStale(one));
    const lacking = known.filter(isThere).map(asListed);
    for (const { from, to, delimiter } of all)
      if (from === null && to !== null && !knownPaths.has(to) && !listedPaths.has(to))
        lacking.push(asListed({ pathRaw: to, delimiter, role: null, noselect: false, subscribed: true }));
    return {
      listed: [...sound, ...lacking],
      isContradicted: sound.length < listed.length || lacking.length > 0,
    };
  }

  /** Nothing is at this name, or below it, any more. */
  #leave(pathRaw: string, delimiter: string | null): void {
    this.#all = this.#all.flatMap((change) => {
      if (change.to === null || !isAtOrBelow(change.to, pathRaw, delimiter)) return [change];
      return change.from === null ? [] : [{ ...change, to: null }];
    });
  }

  #add(change: Omit<OwnChange, 'until'>): void {
    this.#all.push({ ...change, until: this.#clock.now() + staleFor });
  }
}
