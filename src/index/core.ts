import { Correspondence } from './correspondents.ts';
import type { Database } from './database.ts';
import { HashTable } from './hash-table.ts';
import { ChangeLog } from './log.ts';
import { Lists } from './lists.ts';
import { Mailboxes } from './mailboxes.ts';
import { Numbers } from './numbers.ts';
import { ResultCache } from './query/cache.ts';
import { Tally } from './tally.ts';
import { Heads } from './text/heads.ts';

export interface Limits {
  /** Bytes of bodies kept, least recently used first out. */
  bodies: number;
  /** Bytes of lists in memory, and as many of results. */
  lists: number;
}

/** What reader, transactor and queries share of one open index. */
export class Core {
  readonly db: Database;
  readonly epoch: string;
  readonly limits: Limits;
  readonly log: ChangeLog;
  readonly lists: Lists;
  readonly results: ResultCache;
  readonly mailboxes: Mailboxes;
  /** Which conversation an id leads to. */
  readonly refs: HashTable;
  /** Which Email a strong id may belong to. */
  readonly strong: HashTable;
  readonly correspondence: Correspondence;
  readonly heads: Heads;
  readonly numbers: Numbers;
  readonly tally: Tally;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Bodies read since the last write; their time of use is written with the next one. */
  readonly usedBodies = new Set<number>();
  /** When an Email was last added, as far as is known: at the latest when the index was opened. */
  lastAdded: number;
  /** Outside a write: stores what was gathered. */
  store: () => void = () => undefined;

  constructor(db: Database, epoch: string, limits: Limits, now: () => number) {
    this.db = db;
    this.epoch = epoch;
    this.limits = limits;
    this.now = now;
    this.lastAdded = now();
    this.log = new ChangeLog(db, epoch);
    this.lists = new Lists(db, limits.lists);
    this.results = new ResultCache(limits.lists);
    this.mailboxes = new Mailboxes(db);
    this.refs = new HashTable(db, 'ref', 'thread');
    this.strong = new HashTable(db, 'strong', 'email');
    this.correspondence = new Correspondence(db);
    this.heads = new Heads(db);
    this.numbers = new Numbers(db);
    this.tally = new Tally(db, this.log, this.lists, this.mailboxes);
  }

  /** Within a transaction: writes the sums, so that counters and lists are true. */
  settle(): void {
    if (this.tally.hasWork) this.tally.flush();
  }

  /** Within a transaction: {@link settle}, and the change log, so that states are true. */
  flush(): void {
    this.settle();
    this.log.flush(this.now());
  }

  /** Within a transaction, before its end: what is put together over all of it. */
  conclude(): void {
    this.correspondence.flush();
    this.heads.flush();
  }

  /** Within a transaction: what was kept aside while much came in goes to its place, a step of it. true: there is more. */
  order(): boolean {
    const [refs, strong] = [this.refs.order(), this.strong.order()];
    return refs || strong;
  }

  /** Much comes in at once, or does so no longer. */
  hasten(isHasty: boolean): void {
    this.refs.hasten(isHasty);
    this.strong.hasten(isHasty);
  }

  /** After a rollback: nothing in memory may be newer than the file. */
  forget(): void {
    this.tally.forget();
    this.log.forget();
    this.lists.forget();
    this.refs.forget();
    this.strong.forget();
    this.correspondence.forget();
    this.heads.forget();
    this.results.forget();
    this.mailboxes.forget();
    this.numbers.forget();
  }
}
