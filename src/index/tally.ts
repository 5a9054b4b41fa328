import { must } from '#base/must.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { isUnread } from './keywords.ts';
import type { ChangeLog } from './log.ts';
import type { EmailRow, MailboxId, ThreadNumber } from './types.ts';

/** What of an Email is counted. A hidden one counts nowhere. */
export interface Counted {
  row: EmailRow;
  thread: ThreadNumber;
  hidden: boolean;
  boxes: readonly MailboxId[];
  flags: number;
}

/** A conversation in one mailbox. `newest` is stale when the Email it named has left. */
interface Presence {
  emails: number;
  newest: EmailRow;
  stale: boolean;
}

export interface ThreadTally {
  readonly id: ThreadNumber;
  /** Hash of the base subject it began with. */
  readonly subject: number;
  /** Emails that exist, in any mailbox or none. */
  emails: number;
  /** Unread Emails with a mailbox other than Trash, and unread Emails in Trash (RFC 8621 §2, unreadThreads). */
  unread: number;
  unreadTrash: number;
  boxes: Map<MailboxId, Presence>;
  /** Where it was merged into. */
  into: ThreadNumber | null;
  /** An Email came to be or ceased to be in it. */
  changed: boolean;
  readonly isNew: boolean;
  readonly before: { emails: number; unread: number; unreadTrash: number; boxes: Map<MailboxId, Presence> };
}

/** What is added to the counts of a mailbox. */
export interface Delta {
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
}

/** Where mailboxes are counted. */
interface Counters {
  isTrash(mailbox: MailboxId): boolean;
  /** false: there is no such mailbox any more. */
  count(mailbox: MailboxId, delta: Delta): boolean;
}

/**
 * Told when the list of a mailbox changes: `plain` has every Email, `collapsed` the newest of each conversation. What one
 * {@link Tally.flush} removes comes before what it adds: an Email that went over to another conversation may be both.
 */
export interface ListEdits {
  plain(mailbox: MailboxId, add: EmailRow | null, remove: EmailRow | null): void;
  collapsed(mailbox: MailboxId, add: EmailRow | null, remove: EmailRow | null): void;
}

/** The newest Email of a conversation in a mailbox was, and is, another one. */
interface NewestChange {
  mailbox: MailboxId;
  was: EmailRow | null;
  is: EmailRow | null;
}

type ThreadRow = [ThreadNumber, number, number, number, number, string, ThreadNumber | null];
const columns = 'id, subject, emails, unread, unread_trash, boxes, into_';

const presences = (json: string): Map<MailboxId, Presence> => {
  const boxes = new Map<MailboxId, Presence>();
  if (json === '[]') return boxes;
  const flat = JSON.parse(json) as number[];
  for (let i = 0; i < flat.length; i += 3) {
    boxes.set(flat[i] as MailboxId, { emails: flat[i + 1] ?? 0, newest: flat[i + 2] as EmailRow, stale: false });
  }
  return boxes;
};

const copied = (boxes: Map<MailboxId, Presence>): Map<MailboxId, Presence> => {
  const copy = new Map<MailboxId, Presence>();
  for (const [mailbox, presence] of boxes) copy.set(mailbox, { ...presence });
  return copy;
};

/**
 * The counters of mailboxes and conversations during one transaction: Emails {@link enter} and {@link leave}, and
 * {@link flush} writes the sums in the same transaction.
 */
export class Tally {
  readonly #db: Database;
  readonly #log: ChangeLog;
  readonly #edits: ListEdits;
  readonly #mailboxes: Counters;
  readonly #threads = new Map<ThreadNumber, ThreadTally>();
  readonly #deltas = new Map<MailboxId, Delta>();
  readonly #created: BulkInsert;
  #newest: NewestChange[] = [];
  #next: number | undefined;

  constructor(db: Database, log: ChangeLog, edits: ListEdits, mailboxes: Counters) {
    this.#db = db;
    this.#log = log;
    this.#edits = edits;
    this.#mailboxes = mailboxes;
    this.#created = new BulkInsert(db, `INSERT INTO thread(${columns})`, 7);
  }

  /** Reads many conversations at once. */
  preload(ids: readonly ThreadNumber[]): void {
    const unknown = ids.filter((id) => !this.#threads.has(id));
    if (unknown.length === 0) return;
    const rows = this.#db.rows<ThreadRow>(
      `SELECT ${columns} FROM thread WHERE id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(unknown),
    );
    for (const row of rows) this.#adopt(row);
  }

  /** The conversation, or the one it was merged into; undefined when there is none any more. */
  find(id: ThreadNumber): ThreadTally | undefined {
    let thread = this.#thread(id);
    while (thread?.into !== null && thread?.into !== undefined) thread = this.#thread(thread.into);
    return thread;
  }

  create(subject: number): ThreadTally {
    this.#next ??= this.#db.value<number>("SELECT value FROM counter WHERE name = 'thread'") ?? 0;
    this.#next += 1;
    const thread: ThreadTally = {
      id: this.#next as ThreadNumber,
      subject,
      emails: 0,
      unread: 0,
      unreadTrash: 0,
      boxes: new Map(),
      into: null,
      changed: false,
      isNew: true,
      before: { emails: 0, unread: 0, unreadTrash: 0, boxes: new Map() },
    };
    this.#threads.set(thread.id, thread);
    return thread;
  }

  enter(email: Counted): void {
    if (email.hidden) return;
    const thread = must(this.#thread(email.thread), 'the conversation of an Email');
    thread.emails += 1;
    this.#count(thread, email, 1);
    for (const mailbox of email.boxes) {
      const presence = thread.boxes.get(mailbox);
      if (!presence) {
        thread.boxes.set(mailbox, { emails: 1, newest: email.row, stale: false });
        continue;
      }
      presence.emails += 1;
      if (presence.emails === 1 || email.row <= presence.newest) {
        presence.newest = email.row;
        presence.stale = false;
      }
    }
  }

  leave(email: Counted): void {
    if (email.hidden) return;
    const thread = must(this.#thread(email.thread), 'the conversation of an Email');
    thread.emails -= 1;
    this.#count(thread, email, -1);
    for (const mailbox of email.boxes) {
      const presence = must(thread.boxes.get(mailbox), 'the mailbox of an Email in its conversation');
      presence.emails -= 1;
      if (presence.newest === email.row) presence.stale = true;
    }
  }

  /** Says that an Email of the conversation came to be, ceased to be or got another number. */
  touch(id: ThreadNumber): void {
    must(this.#thread(id), 'the conversation of an Email').changed = true;
  }

  flush(): void {
    for (const thread of this.#threads.values()) this.#settle(thread);
    this.#created.flush();
    this.#threads.clear();
    for (const { mailbox, was } of this.#newest) if (was !== null) this.#edits.collapsed(mailbox, null, was);
    for (const { mailbox, is } of this.#newest) if (is !== null) this.#edits.collapsed(mailbox, is, null);
    this.#newest = [];
    if (this.#next !== undefined) {
      this.#db.run("INSERT OR REPLACE INTO counter(name, value) VALUES('thread', ?)", this.#next);
      this.#next = undefined;
    }
    for (const [mailbox, delta] of this.#deltas) {
      if (!delta.totalEmails && !delta.unreadEmails && !delta.totalThreads && !delta.unreadThreads) continue;
      if (this.#mailboxes.count(mailbox, delta)) this.#log.note('Mailbox', mailbox, 'counts');
    }
    this.#deltas.clear();
  }

  /** After a rollback. */
  forget(): void {
    this.#threads.clear();
    this.#created.forget();
    this.#deltas.clear();
    this.#newest = [];
    this.#next = undefined;
  }

  get hasWork(): boolean {
    return this.#threads.size > 0 || this.#deltas.size > 0;
  }

  #thread(id: ThreadNumber): ThreadTally | undefined {
    const known = this.#threads.get(id);
    if (known) return known;
    const row = this.#db.row<ThreadRow>(`SELECT ${columns} FROM thread WHERE id = ?`, id);
    return row && this.#adopt(row);
  }

  #adopt([id, subject, emails, unread, unreadTrash, json, into]: ThreadRow): ThreadTally {
    const boxes = presences(json);
    const thread: ThreadTally = {
      id,
      subject,
      emails,
      unread,
      unreadTrash,
      boxes,
      into,
      changed: false,
      isNew: false,
      before: { emails, unread, unreadTrash, boxes: copied(boxes) },
    };
    this.#threads.set(id, thread);
    return thread;
  }

  #count(thread: ThreadTally, email: Counted, by: 1 | -1): void {
    const unread = isUnread(email.flags);
    let inTrash = false;
    let elsewhere = false;
    for (const mailbox of email.boxes) {
      const delta = this.#delta(mailbox);
      delta.totalEmails += by;
      if (!unread) continue;
      delta.unreadEmails += by;
      if (this.#mailboxes.isTrash(mailbox)) inTrash = true;
      else elsewhere = true;
    }
    if (inTrash) thread.unreadTrash += by;
    if (elsewhere) thread.unread += by;
  }

  #delta(mailbox: MailboxId): Delta {
    let delta = this.#deltas.get(mailbox);
    if (!delta) {
      delta = { totalEmails: 0, unreadEmails: 0, totalThreads: 0, unreadThreads: 0 };
      this.#deltas.set(mailbox, delta);
    }
    return delta;
  }

  /** What the conversation adds to each mailbox it is in, or was in before. */
  #settle(thread: ThreadTally): void {
    for (const [mailbox, presence] of thread.boxes) {
      if (presence.emails === 0) thread.boxes.delete(mailbox);
      else if (presence.stale) presence.newest = this.#newestIn(thread.id, mailbox);
    }
    for (const mailbox of thread.before.boxes.keys()) this.#settleIn(mailbox, thread);
    for (const mailbox of thread.boxes.keys()) {
      if (!thread.before.boxes.has(mailbox)) this.#settleIn(mailbox, thread);
    }
    this.#write(thread);
  }

  #settleIn(mailbox: MailboxId, thread: ThreadTally): void {
    const was = thread.before.boxes.get(mailbox);
    const is = thread.boxes.get(mailbox);
    const unread = this.#mailboxes.isTrash(mailbox) ? 'unreadTrash' : 'unread';
    const threads = Number(is !== undefined) - Number(was !== undefined);
    const unreads =
      Number(is !== undefined && thread[unread] > 0) - Number(was !== undefined && thread.before[unread] > 0);
    if (threads !== 0 || unreads !== 0) {
      const delta = this.#delta(mailbox);
      delta.totalThreads += threads;
      delta.unreadThreads += unreads;
    }
    if (was?.newest !== is?.newest) this.#newest.push({ mailbox, was: was?.newest ?? null, is: is?.newest ?? null });
  }

  #newestIn(thread: ThreadNumber, mailbox: MailboxId): EmailRow {
    const newest = this.#db.value<EmailRow | null>(
      'SELECT min(m.email) FROM email e CROSS JOIN member m ON m.mailbox = ? AND m.email = e.id WHERE e.thread = ?',
      mailbox,
      thread,
    );
    return must(newest, 'the newest Email of a conversation in a mailbox');
  }

  #write(thread: ThreadTally): void {
    const { id, before } = thread;
    const flat: number[] = [];
    for (const [mailbox, { emails, newest }] of thread.boxes) flat.push(mailbox, emails, newest);
    const boxes = JSON.stringify(flat);
    if (thread.isNew) {
      this.#created.add(id, thread.subject, thread.emails, thread.unread, thread.unreadTrash, boxes, thread.into);
    } else {
      this.#db.run(
        'UPDATE thread SET emails = ?, unread = ?, unread_trash = ?, boxes = ?, into_ = ? WHERE id = ?',
        thread.emails,
        thread.unread,
        thread.unreadTrash,
        boxes,
        thread.into,
        id,
      );
    }
    if (before.emails === 0 && thread.emails > 0) this.#log.note('Thread', id, 'created');
    else if (before.emails > 0 && thread.emails === 0) this.#log.note('Thread', id, 'destroyed');
    else if (thread.emails > 0 && thread.changed) this.#log.note('Thread', id, 'updated');
  }
}
