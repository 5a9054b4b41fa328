import { Conversations } from './conversation/assign.ts';
import { hash48, type Keys, keysOf } from './conversation/keys.ts';
import type { Core } from './core.ts';
import { Correspondence } from './correspondents.ts';
import { bulks } from './emails.ts';
import { Twins } from './identity.ts';
import type { Intents } from './intents.ts';
import { marksOf } from './keywords.ts';
import type { Mirror } from './mirror.ts';
import type { Model, Stored } from './model.ts';
import { numberOfRow, receivedAtOf, rowAt, tieOf } from './rows.ts';
import { whole } from './whole.ts';
import type { EmailRow, Envelope, Found, MailboxId, ThreadNumber } from './types.ts';

const json = (list: readonly unknown[]): string | null => (list.length === 0 ? null : JSON.stringify(list));

/** A message that is not in its mailbox yet. */
interface Newcomer {
  found: Found;
  row: EmailRow;
  keys: Keys;
}

const newcomer = (found: Found): Newcomer => {
  const keys = keysOf(found.envelope, found.strongThread);
  const bits = keys.own ?? hash48(found.envelope.subject);
  return { found, keys, row: rowAt(found.receivedAt, tieOf(found.uid, bits % 64)) };
};

type Local = Omit<Found, 'uid' | 'modseq' | 'strongId' | 'strongThread'>;

/** Turns messages into Emails: known ones by identity, new ones with their conversation. */
export class Adder {
  readonly #core: Core;
  readonly #model: Model;
  readonly #mirror: Mirror;
  readonly #intents: Intents;

  constructor(core: Core, model: Model, mirror: Mirror, intents: Intents) {
    this.#core = core;
    this.#model = model;
    this.#mirror = mirror;
    this.#intents = intents;
  }

  add(mailbox: MailboxId, found: readonly Found[]): void {
    const fresh = this.#fresh(mailbox, found);
    if (fresh.length === 0) return;
    // Newest first: rows, lists and the full text grow at their end.
    fresh.sort((a, b) => a.row - b.row);
    const conversations = this.#conversations(fresh.map(({ keys }) => keys));
    const strong = this.#byStrongId(fresh);
    const twins = new Twins(this.#core, mailbox);
    const correspondence = new Correspondence(this.#core, mailbox);
    const made: EmailRow[] = [];
    for (const { found: message, keys, row } of fresh) {
      const same =
        (message.strongId === null ? undefined : strong.get(message.strongId)) ??
        twins.find(message, conversations.ofOwn(keys)?.id, row);
      if (same !== undefined) {
        this.#attach(mailbox, same, message);
        continue;
      }
      const email = this.#insert(mailbox, message, row, conversations.assign(keys).id, false);
      made.push(email);
      this.#place(mailbox, email, message);
      if (message.strongId !== null) strong.set(message.strongId, email);
      if (!message.deleted) correspondence.note(message.envelope, receivedAtOf(email));
    }
    this.#queue('todo_text', made);
    this.#queue('todo_preview', made);
    conversations.flush();
    correspondence.flush();
  }

  /** A draft of ours: it has no placement before its `append` intent is done. */
  addLocal(mailbox: MailboxId, message: Local): EmailRow {
    const keys = keysOf(message.envelope, null);
    const conversations = this.#conversations([keys]);
    const row = rowAt(message.receivedAt, tieOf(0x3fff, (keys.own ?? 0) % 64));
    const made = this.#insert(mailbox, message, row, conversations.assign(keys).id, true);
    conversations.flush();
    this.#queue('todo_text', [made]);
    return made;
  }

  #queue(todo: 'todo_text' | 'todo_preview', emails: readonly EmailRow[]): void {
    this.#core.db.run(`INSERT INTO ${todo}(email) SELECT value FROM json_each(?)`, JSON.stringify(emails));
  }

  #conversations(keys: Keys[]): Conversations {
    const { db, refs, tally } = this.#core;
    return new Conversations(
      refs,
      tally,
      (smaller, larger) => {
        for (const row of db.values<EmailRow>('SELECT id FROM email WHERE thread = ?', smaller.id)) {
          this.#model.regroup(row, larger.id);
        }
        smaller.into = larger.id;
      },
      keys,
    );
  }

  /** Those whose UID is new here; the flags of the others are brought up to date. */
  #fresh(mailbox: MailboxId, found: readonly Found[]): Newcomer[] {
    const known = new Set(
      this.#core.db.values<number>(
        'SELECT uid FROM placement WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?))',
        mailbox,
        JSON.stringify(found.map(({ uid }) => uid)),
      ),
    );
    if (known.size > 0) {
      this.#mirror.keywords(
        mailbox,
        found.filter(({ uid }) => known.has(uid)),
      );
    }
    const fresh: Newcomer[] = [];
    for (const message of found) {
      if (known.has(message.uid)) continue;
      known.add(message.uid);
      fresh.push(newcomer(message));
    }
    return fresh;
  }

  #byStrongId(fresh: readonly Newcomer[]): Map<string, EmailRow> {
    const ids = fresh.map(({ found }) => found.strongId).filter((id) => id !== null);
    if (ids.length === 0) return new Map();
    return new Map(
      this.#core.db.rows<[string, EmailRow]>(
        'SELECT strong, min(id) FROM email WHERE strong IN (SELECT value FROM json_each(?)) GROUP BY strong',
        JSON.stringify(ids),
      ),
    );
  }

  #insert(
    mailbox: MailboxId,
    message: Local | Found,
    wanted: EmailRow,
    thread: ThreadNumber,
    local: boolean,
  ): EmailRow {
    const { db, tally, lists, log } = this.#core;
    const { envelope } = message;
    const marks = marksOf(message.keywords);
    const hidden = message.deleted && !local;
    const boxes = hidden ? [] : [mailbox];
    const row = this.#insertRow(wanted, [
      thread,
      marks.flags,
      marks.labels,
      JSON.stringify(boxes),
      Number(hidden),
      whole(message.size),
      envelope.sentAt === null ? null : whole(envelope.sentAt),
      Number(message.hasAttachment),
      bulks.indexOf(envelope.bulk),
      Math.floor(this.#core.now() / 1000),
      'strongId' in message ? message.strongId : null,
    ]);
    this.#core.lastAdded = this.#core.now();
    this.#insertEnvelope(row, envelope, message.structure);
    if (hidden) return row;
    db.run('INSERT INTO member(mailbox, email, thread, flags) VALUES(?, ?, ?, ?)', mailbox, row, thread, marks.flags);
    lists.plain(mailbox, row, null);
    tally.enter({ row, thread, hidden, boxes, flags: marks.flags });
    tally.touch(thread);
    log.note('Email', numberOfRow(row), 'created');
    return row;
  }

  /** The wanted row, or the next free one that is a little newer. */
  #insertRow(wanted: EmailRow, values: (number | string | null)[]): EmailRow {
    let row = wanted;
    const sql = `INSERT OR IGNORE INTO email(id, number, thread, flags, labels, boxes, hidden, size, sent, attachment, bulk, added, strong)
      VALUES(?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    while (this.#core.db.run(sql, row, ...values) === 0) row = (row - 1) as EmailRow;
    return row;
  }

  #insertEnvelope(row: EmailRow, envelope: Envelope, structure: string | null): void {
    this.#core.db.run(
      `INSERT INTO envelope(email, subject, from_, sender, reply_to, to_, cc, bcc, message_id, in_reply_to, refs, list_id, structure)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row,
      envelope.subject,
      json(envelope.from),
      json(envelope.sender),
      json(envelope.replyTo),
      json(envelope.to),
      json(envelope.cc),
      json(envelope.bcc),
      envelope.messageId,
      json(envelope.inReplyTo),
      json(envelope.references),
      envelope.listId,
      structure,
    );
  }

  #place(mailbox: MailboxId, row: EmailRow, { uid, keywords, deleted, modseq }: Found): void {
    const marks = marksOf(keywords, deleted);
    this.#core.db.run(
      'INSERT INTO placement(mailbox, uid, email, flags, labels, modseq, since) VALUES(?, ?, ?, ?, ?, ?, NULL)',
      mailbox,
      uid,
      row,
      marks.flags,
      marks.labels,
      whole(Number(modseq)),
    );
  }

  /** One more copy of an Email, or the one that was expected here. */
  #attach(mailbox: MailboxId, row: EmailRow, message: Found): void {
    const { db } = this.#core;
    const waiting = this.#model.placements(row).find((one: Stored) => one.mailbox === mailbox && one.uid < 0);
    if (waiting) db.run('DELETE FROM placement WHERE mailbox = ? AND uid = ?', mailbox, waiting.uid);
    this.#place(mailbox, row, message);
    if (message.strongId !== null) {
      db.run('UPDATE email SET strong = ? WHERE id = ? AND strong IS NULL', message.strongId, row);
    }
    if (message.structure !== null) {
      db.run('UPDATE envelope SET structure = ? WHERE email = ? AND structure IS NULL', message.structure, row);
    }
    this.#intents.address(row);
    this.#model.remodel(row);
  }
}
