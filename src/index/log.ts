import { must } from '#base/must.ts';
import type { Database } from './database.ts';
import type { ChangeKind, Changes, ChangeType, Follower } from './types.ts';

const types = ['Mailbox', 'Email', 'Thread', 'Identity', 'EmailSubmission', 'MailAccount', 'Quota'] as const;
/** Types that the index numbers itself, and the letter of their JMAP ids. */
const letters: Partial<Record<ChangeType, string>> = { Mailbox: 'B', Email: 'M', Thread: 'T' };

type Kind = ChangeKind | 'counts';
/** Types that tell whether anything but counts moved. */
const counting: readonly ChangeType[] = ['Mailbox', 'Quota'];
const kinds = ['created', 'updated', 'destroyed', 'counts'] as const satisfies Kind[];

/** A number of Mailbox, Email or Thread, or the JMAP id of any other type. */
type Key = number | string;

/** What two changes of one record after another amount to; null: nothing. */
export const netChange = (first: Kind | null | undefined, then: Kind): Kind | null => {
  switch (first) {
    case undefined:
    case null:
      return then;
    case 'created':
      return then === 'destroyed' ? null : 'created';
    case 'destroyed':
      return then === 'destroyed' ? 'destroyed' : 'updated';
    case 'updated':
      return then === 'destroyed' ? 'destroyed' : 'updated';
    case 'counts':
      return then;
  }
};

const idOf = (type: ChangeType, key: Key): string =>
  typeof key === 'string' ? key : `${must(letters[type], 'a numbered type')}${key.toString(36)}`;

/**
 * The change log: per type a sequence in which every id noted has a number of its own, so that a state may lie between
 * any two of them. Notes of one transaction about one record are one note.
 */
export class ChangeLog {
  readonly #db: Database;
  readonly #epoch: string;
  readonly #seq: number[];
  /** What of {@link #seq} is in the file. */
  #stored: number[];
  readonly #floor: number[];
  #pending: Map<Key, Kind | null>[] = types.map(() => new Map<Key, Kind | null>());
  #touched = new Set<ChangeType>();
  readonly #followers: Follower[] = [];

  constructor(db: Database, epoch: string) {
    this.#db = db;
    this.#epoch = epoch;
    const counter = (name: string): number => db.value<number>('SELECT value FROM counter WHERE name = ?', name) ?? 0;
    this.#seq = types.map((type) => counter(`seq ${type}`));
    this.#stored = [...this.#seq];
    this.#floor = types.map((type) => counter(`floor ${type}`));
  }

  note(type: ChangeType, key: Key, kind: Kind): void {
    const pending = must(this.#pending[types.indexOf(type)], 'a known type');
    pending.set(key, netChange(pending.get(key), kind));
    for (const follower of this.#followers) follower.noted(type, key);
  }

  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** With all that was flushed. */
  state(type: ChangeType): string {
    return `${this.#epoch}-${this.#seq[types.indexOf(type)] ?? 0}`;
  }

  /** What a crash cannot take back any more. */
  storedState(type: ChangeType): string {
    return `${this.#epoch}-${this.#stored[types.indexOf(type)] ?? 0}`;
  }

  /** RFC 8620 §5.2, up to {@link storedState} or to {@link state}. */
  changes(type: ChangeType, since: string, max: number, onlyStored = true): Changes | null {
    const at = types.indexOf(type);
    const last = (onlyStored ? this.#stored[at] : this.#seq[at]) ?? 0;
    const from = this.#seqOf(since);
    if (from === undefined || from > last || from < (this.#floor[at] ?? 0)) return null;
    const net = new Map<Key, Kind | null>();
    let reached = from;
    let countsOnly = counting.includes(type) && from < last;
    const runs = this.#db.each<[number, number, string]>(
      'SELECT seq, kind, ids FROM change WHERE type = ? AND seq > ? AND seq <= ? ORDER BY seq',
      at,
      from,
      last,
    );
    scan: for (const [seq, kindNumber, ids] of runs) {
      const keys = JSON.parse(ids) as Key[];
      const kind = must(kinds[kindNumber], 'a known kind');
      const first = seq - keys.length + 1;
      for (let i = Math.max(0, reached + 1 - first); i < keys.length; i += 1) {
        const key = must(keys[i], 'an id');
        if (net.size >= max && !net.has(key)) break scan;
        if (kind !== 'counts') countsOnly = false;
        net.set(key, netChange(net.get(key), kind));
        reached = first + i;
      }
    }
    const changes: Changes = {
      created: [],
      updated: [],
      destroyed: [],
      newState: `${this.#epoch}-${reached}`,
      hasMore: reached < last,
      countsOnly,
    };
    for (const [key, kind] of net) {
      if (kind !== null) changes[kind === 'counts' ? 'updated' : kind].push(idOf(type, key));
    }
    return changes;
  }

  /** Writes what was noted. */
  flush(now: number): void {
    const before = [...this.#seq];
    for (const [at, type] of types.entries()) {
      const pending = must(this.#pending[at], 'a known type');
      if (pending.size === 0) continue;
      for (const [kindNumber, kind] of kinds.entries()) {
        const keys = [...pending].filter(([, noted]) => noted === kind).map(([key]) => key);
        if (keys.length === 0) continue;
        const seq = (this.#seq[at] ?? 0) + keys.length;
        this.#seq[at] = seq;
        this.#touched.add(type);
        this.#db.run(
          'INSERT INTO change(type, seq, kind, at, ids) VALUES(?, ?, ?, ?, ?)',
          at,
          seq,
          kindNumber,
          Math.floor(now / 1000),
          JSON.stringify(keys),
        );
      }
      pending.clear();
      this.#keep(`seq ${type}`, this.#seq[at] ?? 0);
    }
    if (this.#seq.some((seq, at) => seq !== before[at])) this.#moved();
  }

  /** After a commit. */
  stored(): void {
    const before = this.#stored;
    this.#stored = [...this.#seq];
    if (this.#stored.some((seq, at) => seq !== before[at])) this.#moved();
  }

  #moved(): void {
    for (const follower of this.#followers) follower.moved?.();
  }

  /** The types that changed since the last call. */
  touched(): ReadonlySet<ChangeType> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** After a rollback. */
  forget(): void {
    for (const follower of this.#followers) follower.lost();
    for (const pending of this.#pending) pending.clear();
    this.#touched = new Set();
    for (const [at, type] of types.entries()) {
      this.#seq[at] = this.#db.value<number>('SELECT value FROM counter WHERE name = ?', `seq ${type}`) ?? 0;
      this.#floor[at] = this.#db.value<number>('SELECT value FROM counter WHERE name = ?', `floor ${type}`) ?? 0;
    }
    this.stored();
  }

  /** Forgets changes noted before `before` (Unix ms). */
  trim(before: number): void {
    const seconds = Math.floor(before / 1000);
    for (const [at, type] of types.entries()) {
      const floor = this.#db.value<number | null>('SELECT max(seq) FROM change WHERE type = ? AND at < ?', at, seconds);
      if (floor === null || floor === undefined) continue;
      this.#db.run('DELETE FROM change WHERE type = ? AND seq <= ?', at, floor);
      this.#floor[at] = floor;
      this.#keep(`floor ${type}`, floor);
    }
  }

  #keep(name: string, value: number): void {
    this.#db.run('INSERT OR REPLACE INTO counter(name, value) VALUES(?, ?)', name, value);
  }

  #seqOf(state: string): number | undefined {
    if (!state.startsWith(`${this.#epoch}-`)) return undefined;
    const digits = state.slice(this.#epoch.length + 1);
    return /^(?:0|[1-9]\d{0,14})$/u.test(digits) ? Number(digits) : undefined;
  }
}
