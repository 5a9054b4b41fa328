import { Conversations } from './conversation/assign.ts';
import { hash48, type Keys } from './conversation/keys.ts';
import type { Core } from './core.ts';
import type { Database } from './database.ts';
import { Twins } from './identity.ts';
import type { Intents } from './intents.ts';
import { marksOf } from './keywords.ts';
import type { Mirror } from './mirror.ts';
import type { Model, Stored } from './model.ts';
import { NewRows } from './new-rows.ts';
import { type Ready, type ReadyMessage, readyMessage } from './ready.ts';
import { numberOfRow, receivedAtOf, rowAt, tieOf } from './rows.ts';
import type { EmailRow, LocalMessage, MailboxId, ThreadNumber } from './types.ts';

/** A message that is not in its mailbox yet. */
interface Newcomer {
  message: Ready;
  row: EmailRow;
}

const newcomer = (message: Ready): Newcomer => {
  const bits = message.keys.own ?? hash48(message.subject);
  return { message, row: rowAt(message.receivedAt, tieOf(message.uid, bits % 64)) };
};

/** Turns messages into Emails: known ones by identity, new ones with their conversation. */
export class Adder {
  readonly #core: Core;
  readonly #model: Model;
  readonly #mirror: Mirror;
  readonly #intents: Intents;
  readonly #rows: NewRows;

  constructor(core: Core, model: Model, mirror: Mirror, intents: Intents) {
    this.#core = core;
    this.#model = model;
    this.#mirror = mirror;
    this.#intents = intents;
    this.#rows = new NewRows(core.db);
  }

  add(mailbox: MailboxId, messages: readonly Ready[]): void {
    const fresh = this.#fresh(mailbox, messages);
    if (fresh.length === 0) return;
    // Newest first: rows, lists and the full text grow at their end.
    fresh.sort((a, b) => a.row - b.row);
    const conversations = this.#conversations(fresh.map(({ message }) => message.keys));
    const strong = new StrongIds(this.#core, fresh);
    const twins = new Twins(this.#core, mailbox);
    const free = new FreeRows(this.#core, fresh);
    const role = this.#core.mailboxes.get(mailbox)?.role ?? null;
    for (const { message, row } of fresh) {
      if (twins.possible) this.#rows.flush();
      const same = strong.get(message.strongId) ?? twins.find(message, conversations.ofOwn(message.keys)?.id, row);
      if (same !== undefined) {
        this.#rows.flush();
        if (this.#attach(mailbox, same, message)) strong.set(message, same);
        continue;
      }
      const email = free.take(row);
      this.#insert(mailbox, message, email, conversations.assign(message.keys).id, message.strongId, false);
      this.#rows.placement(mailbox, email, message, marksOf(message.keywords, message.deleted));
      strong.set(message, email);
      if (!message.deleted) this.#core.correspondence.note(role, message, receivedAtOf(email));
    }
    this.#rows.flush();
    conversations.flush();
    strong.flush();
    this.#core.heads.relieve();
  }

  /** A draft of ours: it has no placement before its `append` intent is done. */
  addLocal(mailbox: MailboxId, local: LocalMessage): EmailRow {
    const message = readyMessage(local);
    const { keys } = message;
    const conversations = this.#conversations([keys]);
    const wanted = rowAt(message.receivedAt, tieOf(0x3fff, (keys.own ?? 0) % 64));
    const row = new FreeRows(this.#core, [{ row: wanted }]).take(wanted);
    this.#insert(mailbox, message, row, conversations.assign(keys).id, null, true);
    this.#rows.flush();
    conversations.flush();
    return row;
  }

  /** After a rollback. */
  forget(): void {
    this.#rows.forget();
  }

  #conversations(keys: Keys[]): Conversations {
    const { db, refs, tally } = this.#core;
    return new Conversations(
      refs,
      tally,
      (smaller, larger) => {
        this.#rows.flush();
        for (const row of db.values<EmailRow>('SELECT id FROM email WHERE thread = ?', smaller.id)) {
          this.#model.regroup(row, larger.id);
        }
        smaller.into = larger.id;
      },
      keys,
    );
  }

  /** Those whose UID is new here; the flags of the others are brought up to date. */
  #fresh(mailbox: MailboxId, messages: readonly Ready[]): Newcomer[] {
    const known = this.#known(mailbox, messages);
    if (known.size > 0) {
      this.#mirror.keywords(
        mailbox,
        messages.filter(({ uid }) => known.has(uid)),
      );
    }
    const fresh: Newcomer[] = [];
    for (const message of messages) {
      if (known.has(message.uid)) continue;
      known.add(message.uid);
      fresh.push(newcomer(message));
    }
    return fresh;
  }

  /** The UIDs of `messages` that are in the mailbox. */
  #known(mailbox: MailboxId, messages: readonly Ready[]): Set<number> {
    const { db } = this.#core;
    const among = messages.map(({ uid }) => uid);
    const [lowest, highest] = [Math.min(...among), Math.max(...among)];
    // Mostly they come from where nothing is known yet.
    const next = db.value<number>(
      'SELECT uid FROM placement WHERE mailbox = ? AND uid BETWEEN ? AND ? LIMIT 1',
      mailbox,
      lowest,
      highest,
    );
    if (next === undefined) return new Set();
    return new Set(
      db.values<number>(
        'SELECT uid FROM placement WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?))',
        mailbox,
        JSON.stringify(among),
      ),
    );
  }

  #insert(
    mailbox: MailboxId,
    message: ReadyMessage,
    row: EmailRow,
    thread: ThreadNumber,
    strongId: string | null,
    local: boolean,
  ): void {
    const core = this.#core;
    const marks = marksOf(message.keywords);
    const hidden = message.deleted && !local;
    const boxes = hidden ? [] : [mailbox];
    const now = core.now();
    core.lastAdded = now;
    core.heads.add(row, message.ordinary);
    this.#rows.email({ row, thread, marks, boxes, hidden, local, message, strongId, now });
    if (hidden) return;
    core.lists.plain(mailbox, row, null);
    core.tally.enter({ row, thread, hidden, boxes, flags: marks.flags });
    core.tally.touch(thread);
    core.log.note('Email', numberOfRow(row), 'created');
  }

  /** One more copy of an Email, or the one that was expected here. Whether it got its strong id by it. */
  #attach(mailbox: MailboxId, row: EmailRow, message: Ready): boolean {
    const { db } = this.#core;
    const waiting = this.#model.placements(row).find((one: Stored) => one.mailbox === mailbox && one.uid < 0);
    if (waiting) db.run('DELETE FROM placement WHERE mailbox = ? AND uid = ?', mailbox, waiting.uid);
    this.#rows.placement(mailbox, row, message, marksOf(message.keywords, message.deleted));
    this.#rows.flush();
    const isNamed =
      message.strongId !== null &&
      db.run('UPDATE email SET strong = ? WHERE id = ? AND strong IS NULL', message.strongId, row) > 0;
    if (message.structure !== null) {
      db.run('UPDATE envelope SET structure = ? WHERE email = ? AND structure IS NULL', message.structure, row);
    }
    this.#intents.address(row);
    this.#model.remodel(row);
    return isNamed;
  }
}

/** The Emails that bear the strong ids of a batch. */
class StrongIds {
  readonly #core: Core;
  readonly #rows = new Map<string, EmailRow>();

  constructor(core: Core, batch: readonly Newcomer[]) {
    this.#core = core;
    const keys = batch.map(({ message }) => message.strongKey).filter((key) => key !== null);
    core.strong.load(keys);
    const candidates = new Set(keys.map((key) => core.strong.at(key)).filter((row) => row !== undefined));
    if (candidates.size === 0) return;
    // Looked at: what an entry names may be gone, and another id may have the same hash.
    const rows = core.db.rows<[string, EmailRow]>(
      'SELECT e.strong, e.id FROM json_each(?) j CROSS JOIN email e ON e.id = j.value WHERE e.strong IS NOT NULL',
      JSON.stringify([...candidates]),
    );
    for (const [id, row] of rows) this.#rows.set(id, row);
  }

  get(id: string | null): EmailRow | undefined {
    return id === null ? undefined : this.#rows.get(id);
  }

  set({ strongId, strongKey }: Ready, row: EmailRow): void {
    if (strongId === null || strongKey === null) return;
    this.#rows.set(strongId, row);
    this.#core.strong.set(strongKey, row);
  }

  flush(): void {
    this.#core.strong.flush();
  }
}

/** Rows that no Email has or had. */
class FreeRows {
  readonly #db: Database;
  readonly #taken: Set<EmailRow>;

  constructor({ db }: Core, batch: readonly { row: EmailRow }[]) {
    this.#db = db;
    const lasts = ['SELECT max(id) FROM email', 'SELECT max(email) FROM spent'];
    const last = Math.max(...lasts.map((text) => db.value<EmailRow | null>(text) ?? -Infinity));
    // While the newest mail comes in first all of it lies behind what is there.
    const among = batch.map(({ row }) => row).filter((row) => row <= last);
    this.#taken = new Set(
      among.length === 0
        ? []
        : db.values<EmailRow>(
            'SELECT value FROM json_each(?) WHERE value IN (SELECT id FROM email) OR value IN (SELECT email FROM spent)',
            JSON.stringify(among),
          ),
    );
  }

  /** The wanted row, or the next free one that is a little newer. */
  take(wanted: EmailRow): EmailRow {
    let row = wanted;
    while (this.#taken.has(row) || (row !== wanted && this.#isTaken(row))) row = (row - 1) as EmailRow;
    this.#taken.add(row);
    return row;
  }

  #isTaken(row: EmailRow): boolean {
    const taken = 'SELECT 1 WHERE ? IN (SELECT id FROM email) OR ? IN (SELECT email FROM spent)';
    return this.#db.value(taken, row, row) !== undefined;
  }
}
