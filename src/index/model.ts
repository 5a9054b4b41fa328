import { must } from '#base/must.ts';
import type { Core } from './core.ts';
import type { Value } from './database.ts';
import { combined, deleted, type Marks, sameMarks, withKeywords } from './keywords.ts';
import { numberOfRow } from './rows.ts';
import type { Counted } from './tally.ts';
import { removeBody } from './text/bodies.ts';
import type { EmailNumber, EmailRow, Intent, MailboxId, ThreadNumber, Uid, Want } from './types.ts';

/** The part of an Email that changes. */
export interface State extends Counted, Marks {
  number: EmailNumber;
  boxes: MailboxId[];
}

/** A placement as it is stored: a negative uid is not known yet. */
export interface Stored extends Marks {
  mailbox: MailboxId;
  uid: Uid;
  email: EmailRow;
  modseq: number;
  since: number | null;
}

export interface StoredIntent {
  id: number;
  email: EmailRow;
  want: Want;
  due: number;
  tries: number;
  started: number;
  mailbox: MailboxId | null;
  uidvalidity: number | null;
  uid: Uid | null;
}

type StateRow = [EmailRow, EmailNumber | null, ThreadNumber, number, string | null, string, number];

const intentColumns = 'id, email, want, due, tries, started, mailbox, uidvalidity, uid';
export type IntentRow = Omit<StoredIntent, 'want'> & { want: string };

export const readIntent = (row: IntentRow): StoredIntent => ({ ...row, want: JSON.parse(row.want) as Want });
export const selectIntents = `SELECT ${intentColumns} FROM intent`;

/** Wishes that can be carried out, an APPEND or one whose UID is known, and that the condition holds of. */
export const readyIntents = (core: Core, condition: string, value: Value): Intent[] =>
  core.db
    .all<IntentRow>(`${selectIntents} WHERE ${condition} AND (kind = 'append' OR uid IS NOT NULL) ORDER BY id`, value)
    .map(readIntent)
    .map(({ id, email, want, due, tries, mailbox, uidvalidity, uid }) => ({
      id,
      email,
      want,
      dueAt: due,
      tries,
      at: mailbox === null || uidvalidity === null || uid === null ? null : { mailbox, uidvalidity, uid },
    }));

/** Numbers of Emails that were given a new one. */
const nextNumber = (core: Core): EmailNumber => {
  const number = (core.db.value<number>("SELECT value FROM counter WHERE name = 'number'") ?? 0) + 1;
  core.db.run("INSERT OR REPLACE INTO counter(name, value) VALUES('number', ?)", number);
  return number as EmailNumber;
};

/** What the server says and what the user wishes, put together: the Email as it is shown. */
export class Model {
  readonly #core: Core;
  #hasIntents: boolean | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  state(row: EmailRow): State | undefined {
    const found = this.#core.db.row<StateRow>(
      'SELECT id, number, thread, flags, labels, boxes, hidden FROM email WHERE id = ?',
      row,
    );
    if (!found) return undefined;
    const [id, number, thread, flags, labels, boxes, hidden] = found;
    return {
      row: id,
      number: number ?? numberOfRow(id),
      thread,
      flags,
      labels,
      boxes: JSON.parse(boxes) as MailboxId[],
      hidden: hidden === 1,
    };
  }

  placements(row: EmailRow): Stored[] {
    return this.#core.db.all<Stored>(
      'SELECT mailbox, uid, email, flags, labels, modseq, since FROM placement WHERE email = ? ORDER BY mailbox, uid',
      row,
    );
  }

  /** Oldest first. */
  intents(row: EmailRow): StoredIntent[] {
    if (!this.hasIntents) return [];
    return this.#core.db.all<IntentRow>(`${selectIntents} WHERE email = ? ORDER BY id`, row).map(readIntent);
  }

  get hasIntents(): boolean {
    this.#hasIntents ??= this.#core.db.value('SELECT 1 FROM intent LIMIT 1') !== undefined;
    return this.#hasIntents;
  }

  /** After an intent was written. */
  hasIntent(): void {
    this.#hasIntents = true;
  }

  /** After a rollback. */
  forget(): void {
    this.#hasIntents = undefined;
  }

  /** Makes the Email what its placements and intents amount to, with lists, counters and log. */
  remodel(row: EmailRow): void {
    const old = this.state(row);
    if (!old) return;
    const intents = this.intents(row);
    const placements = this.placements(row);
    const boxes = boxesOf(placements, intents);
    const marks = marksOf(old, placements, intents);
    const isDestroyed = intents.some(({ want }) => want.kind === 'destroy') && boxes.length === 0;
    const next: State = { ...old, ...marks, boxes, hidden: isDestroyed || (old.hidden && boxes.length === 0) };
    this.#noteGone(next);
    this.apply(old, next);
  }

  /** Writes `next` over `old`. An Email that shows itself again after it was destroyed gets a new number. */
  apply(old: State, next: State): void {
    if (sameState(old, next)) return;
    const { db, tally } = this.#core;
    if (old.hidden && !next.hidden) next.number = nextNumber(this.#core);
    tally.leave(old);
    this.#writeMembers(old, next);
    if (isOnlyMarked(old, next)) {
      db.run('UPDATE email SET flags = ?, labels = ? WHERE id = ?', next.flags, next.labels, old.row);
    } else {
      db.run(
        'UPDATE email SET number = ?, thread = ?, flags = ?, labels = ?, boxes = ?, hidden = ? WHERE id = ?',
        next.number === numberOfRow(old.row) ? null : next.number,
        next.thread,
        next.flags,
        next.labels,
        JSON.stringify(next.boxes),
        Number(next.hidden),
        old.row,
      );
      this.#core.numbers.set(old.row, next.number);
    }
    tally.enter(next);
    this.#announce(old, next);
  }

  /** Moves the Emails of a conversation into a larger one: same rows, new numbers (RFC 8621 §3). */
  regroup(row: EmailRow, thread: ThreadNumber): void {
    const old = must(this.state(row), 'an Email of a conversation');
    this.apply(old, { ...old, thread, number: old.hidden ? old.number : nextNumber(this.#core) });
  }

  /** What was taken for another Email is this one: it takes over all that the other had. */
  absorb(row: EmailRow, other: EmailRow): void {
    const { db } = this.#core;
    db.run('UPDATE placement SET email = ? WHERE email = ?', row, other);
    db.run('UPDATE intent SET email = ? WHERE email = ?', row, other);
    db.run('UPDATE OR IGNORE body SET email = ? WHERE email = ?', row, other);
    this.destroy(other);
  }

  /** The Email and all that is kept about it ceases to be. */
  destroy(row: EmailRow): void {
    const { db } = this.#core;
    const old = this.state(row);
    if (!old) return;
    this.apply(old, { ...old, boxes: [], hidden: true });
    db.run('DELETE FROM placement WHERE email = ?', row);
    if (this.hasIntents) db.run('DELETE FROM intent WHERE email = ?', row);
    this.#core.heads.remove(row);
    removeBody(this.#core, row);
    for (const table of ['envelope', 'body_text', 'todo_preview', 'todo_body', 'gone', 'body'] as const) {
      db.run(`DELETE FROM ${table} WHERE email = ?`, row);
    }
    db.run('DELETE FROM email WHERE id = ?', row);
    db.run('INSERT OR IGNORE INTO spent(email) VALUES(?)', row);
    this.#core.numbers.delete(row);
  }

  #writeMembers(old: State, next: State): void {
    const { db, lists } = this.#core;
    const { row, thread, flags } = next;
    for (const box of old.boxes) {
      if (next.boxes.includes(box)) continue;
      db.run('DELETE FROM member WHERE mailbox = ? AND email = ?', box, row);
      lists.plain(box, null, row);
    }
    for (const box of next.boxes) {
      if (!old.boxes.includes(box)) {
        db.run('INSERT INTO member(mailbox, email, thread, flags) VALUES(?, ?, ?, ?)', box, row, thread, flags);
        lists.plain(box, row, null);
      } else if (old.flags !== flags || old.thread !== thread) {
        db.run('UPDATE member SET flags = ?, thread = ? WHERE mailbox = ? AND email = ?', flags, thread, box, row);
      }
    }
  }

  #announce(old: State, next: State): void {
    const { log, tally } = this.#core;
    if (!old.hidden && !next.hidden && old.number === next.number) {
      log.note('Email', old.number, 'updated');
      return;
    }
    if (!old.hidden) {
      log.note('Email', old.number, 'destroyed');
      tally.touch(old.thread);
    }
    if (!next.hidden) {
      log.note('Email', next.number, 'created');
      tally.touch(next.thread);
    }
  }

  #noteGone(next: State): void {
    const { db } = this.#core;
    if (next.boxes.length > 0 || next.hidden) db.run('DELETE FROM gone WHERE email = ?', next.row);
    else db.run('INSERT OR IGNORE INTO gone(email, at) VALUES(?, ?)', next.row, this.#core.now());
  }
}

const sameState = (a: State, b: State): boolean => sameMarks(a, b) && isOnlyMarked(a, b);

/** Nothing but keywords differs: no index of `email` has to be touched. */
const isOnlyMarked = (a: State, b: State): boolean =>
  a.hidden === b.hidden &&
  a.thread === b.thread &&
  a.number === b.number &&
  a.boxes.length === b.boxes.length &&
  a.boxes.every((box, i) => box === b.boxes[i]);

/** Where the Email is seen: where the server has it, then each wish in its order. */
const boxesOf = (placements: readonly Stored[], intents: readonly StoredIntent[]): MailboxId[] => {
  const boxes = new Set<MailboxId>();
  // A message that lies nowhere cannot be moved, unless it lies nowhere because it is being moved.
  const isSomewhere =
    placements.length > 0 || intents.some(({ want, started }) => want.kind === 'append' || started === 1);
  if (!isSomewhere) return [];
  for (const placement of placements) if ((placement.flags & deleted) === 0) boxes.add(placement.mailbox);
  for (const { want } of intents) {
    switch (want.kind) {
      case 'move':
        boxes.delete(want.from);
        boxes.add(want.to);
        break;
      case 'copy':
        boxes.add(want.to);
        break;
      case 'append':
        boxes.add(want.mailbox);
        break;
      case 'leave':
        boxes.delete(want.from);
        break;
      case 'destroy':
        boxes.clear();
        break;
      case 'keywords':
        break;
    }
  }
  return [...boxes].sort((a, b) => a - b);
};

/** Keywords: the server's copies together, then each wish in its order. */
const marksOf = (old: Marks, placements: readonly Stored[], intents: readonly StoredIntent[]): Marks => {
  const shown = placements.filter(({ flags }) => (flags & deleted) === 0);
  let marks: Marks = { flags: old.flags, labels: old.labels };
  if (shown.length > 0) marks = combined(shown);
  else if (placements.length > 0) marks = combined(placements);
  for (const { want } of intents) {
    if (want.kind === 'keywords') marks = withKeywords(marks, want.add, want.remove);
    if (want.kind === 'append' && placements.length === 0)
      marks = withKeywords({ flags: 0, labels: null }, want.keywords, []);
  }
  return marks;
};
