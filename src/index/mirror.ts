import type { Core } from './core.ts';
import { lateTwin } from './identity.ts';
import type { Intents } from './intents.ts';
import { marksOf, sameMarks } from './keywords.ts';
import type { Model, Stored } from './model.ts';
import { whole } from './whole.ts';
import type { EmailRow, MailboxId, Uid } from './types.ts';

/** Placements that were expected before a time and never seen. */
export const waitingSql = 'SELECT mailbox, uid FROM placement WHERE uid < 0 AND since < ?';

/** Emails destroyed by one sweep: about 40 ms. */
const sweepAtOnce = 1000;

interface ServerFlags {
  uid: Uid;
  keywords: readonly string[];
  deleted: boolean;
  modseq: string;
}

/** What the server says of messages that are known. */
export class Mirror {
  readonly #core: Core;
  readonly #model: Model;
  readonly #intents: Intents;

  constructor(core: Core, model: Model, intents: Intents) {
    this.#core = core;
    this.#model = model;
    this.#intents = intents;
  }

  /** What an older answer says, one that was on its way on another connection, is not taken. */
  keywords(mailbox: MailboxId, flags: readonly ServerFlags[]): void {
    const { db } = this.#core;
    const stored = new Map<number, Stored>();
    const rows = db.all<Stored>(
      `SELECT mailbox, uid, email, flags, labels, modseq, since FROM placement
        WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?))`,
      mailbox,
      JSON.stringify(flags.map(({ uid }) => uid)),
    );
    for (const row of rows) stored.set(row.uid, row);
    for (const { uid, keywords, deleted, modseq } of flags) {
      const old = stored.get(uid);
      const seq = whole(Number(modseq));
      if (!old || (seq > 0 && seq < old.modseq)) continue;
      const marks = marksOf(keywords, deleted);
      if (sameMarks(old, marks)) continue;
      Object.assign(old, marks, { modseq: seq });
      db.run(
        'UPDATE placement SET flags = ?, labels = ?, modseq = ? WHERE mailbox = ? AND uid = ?',
        marks.flags,
        marks.labels,
        seq,
        mailbox,
        uid,
      );
      this.#model.remodel(old.email);
    }
  }

  vanished(mailbox: MailboxId, uids: readonly Uid[]): void {
    const { db } = this.#core;
    for (const uid of uids) {
      const row = db.value<EmailRow>('SELECT email FROM placement WHERE mailbox = ? AND uid = ?', mailbox, uid);
      if (row === undefined) continue;
      db.run('DELETE FROM placement WHERE mailbox = ? AND uid = ?', mailbox, uid);
      this.#left(mailbox, row);
    }
  }

  /** The Email's placement in this mailbox is gone. */
  #left(mailbox: MailboxId, row: EmailRow): void {
    const state = this.#model.state(row);
    if (!state) return;
    if (!state.hidden && this.#isNowhere(row)) {
      const twin = lateTwin(this.#core, row, state.thread, { outside: mailbox });
      if (twin !== undefined) this.#model.absorb(row, twin);
    }
    this.#intents.address(row);
    this.#intents.settle(row);
  }

  /** No copy is known, none is expected, and no wish will make one. */
  #isNowhere(row: EmailRow): boolean {
    return this.#model.placements(row).length === 0 && this.#model.intents(row).length === 0;
  }

  sweep(before: number): void {
    const { db } = this.#core;
    const expired = db.all<Stored>(waitingSql, before);
    for (const { mailbox, uid } of expired) this.vanished(mailbox, [uid]);
    for (const row of db.values<EmailRow>('SELECT email FROM gone WHERE at < ? LIMIT ?', before, sweepAtOnce)) {
      const state = this.#model.state(row);
      if (!state || this.#model.placements(row).length === 0) {
        this.#model.destroy(row);
        db.run('DELETE FROM gone WHERE email = ?', row);
        continue;
      }
      // All its copies are \Deleted: it may be undeleted, as another Email.
      this.#model.apply(state, { ...state, hidden: true });
      db.run('DELETE FROM gone WHERE email = ?', row);
    }
  }

  /** Every placement loses its UID and waits for {@link Adder.add} to find it again. */
  remap(mailbox: MailboxId, uidvalidity: number): void {
    const { db, mailboxes } = this.#core;
    const lowest = db.value<number | null>('SELECT min(uid) FROM placement WHERE mailbox = ?', mailbox) ?? 0;
    db.run(
      'UPDATE placement SET uid = ? - uid, modseq = 0 WHERE mailbox = ? AND uid > 0',
      Math.min(lowest, 0),
      mailbox,
    );
    db.run('UPDATE intent SET mailbox = NULL, uidvalidity = NULL, uid = NULL WHERE mailbox = ?', mailbox);
    mailboxes.update(mailbox, { uidvalidity, uidnext: 0, modseq: '0', lowUid: 0, state: 'remap' });
  }

  /** The mailbox was read again: what was not found in it is not there any more. */
  remapped(mailbox: MailboxId): void {
    const { db } = this.#core;
    const uids = db.values<Uid>('SELECT uid FROM placement WHERE mailbox = ? AND uid < 0 AND since IS NULL', mailbox);
    this.vanished(mailbox, uids);
  }

  /** True: only the `most` Emails went, and there may be more. */
  removeMailbox(mailbox: MailboxId, withEmails: boolean, most?: number): boolean {
    if (this.emptyMailbox(mailbox, withEmails, most)) return true;
    this.#core.settle();
    this.#core.mailboxes.remove(mailbox);
    this.#core.log.note('Mailbox', mailbox, 'destroyed');
    return false;
  }

  /**
   * What lay in it does not any more, and nothing will be taken there or out of it. True: there may be more than the `most`
   * that were looked at.
   */
  emptyMailbox(mailbox: MailboxId, withEmails: boolean, most = Number.MAX_SAFE_INTEGER): boolean {
    const { db } = this.#core;
    const rows = db.values<EmailRow>('SELECT DISTINCT email FROM placement WHERE mailbox = ? LIMIT ?', mailbox, most);
    const isLast = rows.length < most;
    db.run(
      'DELETE FROM placement WHERE email IN (SELECT value FROM json_each(?)) AND +mailbox = ?',
      JSON.stringify(rows),
      mailbox,
    );
    db.run(
      "DELETE FROM intent WHERE mailbox = ? OR want ->> '$.to' = ? OR want ->> '$.from' = ? OR want ->> '$.mailbox' = ?",
      mailbox,
      mailbox,
      mailbox,
      mailbox,
    );
    const members = isLast ? db.values<EmailRow>('SELECT email FROM member WHERE mailbox = ?', mailbox) : [];
    for (const row of new Set([...rows, ...members])) {
      this.#left(mailbox, row);
      if (withEmails && this.#isNowhere(row)) this.#model.destroy(row);
    }
    return !isLast;
  }
}
