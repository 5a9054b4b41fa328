import { hash48 } from './conversation/keys.ts';
import type { Database, Value } from './database.ts';
import type { Delta } from './tally.ts';
import { whole } from './whole.ts';
import type { Mailbox, MailboxId, MailboxState, Role } from './types.ts';

type Row = [
  MailboxId,
  string,
  string,
  string | null,
  MailboxId | null,
  string,
  Role | null,
  number,
  number,
  number,
  number,
  number,
  number,
  string,
  number,
  number,
  MailboxState,
  number,
  number,
  number,
  number,
];

const fields = {
  pathRaw: 'path_raw',
  path: 'path',
  delimiter: 'delimiter',
  parent: 'parent',
  name: 'name',
  role: 'role',
  noselect: 'noselect',
  subscribed: 'subscribed',
  readOnly: 'read_only',
  keywordsAllowed: 'keywords_allowed',
  uidvalidity: 'uidvalidity',
  uidnext: 'uidnext',
  modseq: 'modseq',
  exists: 'exists_count',
  lowUid: 'low_uid',
  state: 'state',
} as const;

export type MailboxFields = Pick<Mailbox, keyof typeof fields>;
const names = Object.keys(fields) as (keyof typeof fields)[];

/** Fields that a JMAP client sees; a change of any other is not announced. */
const shown = new Set<string>([
  'name',
  'path',
  'parent',
  'role',
  'noselect',
  'subscribed',
  'readOnly',
  'keywordsAllowed',
]);

const fromRow = ([
  id,
  pathRaw,
  path,
  delimiter,
  parent,
  name,
  role,
  noselect,
  subscribed,
  readOnly,
  keywordsAllowed,
  uidvalidity,
  uidnext,
  modseq,
  exists,
  lowUid,
  state,
  totalEmails,
  unreadEmails,
  totalThreads,
  unreadThreads,
]: Row): Mailbox => ({
  id,
  pathRaw,
  path,
  delimiter,
  parent,
  name,
  role,
  noselect: noselect === 1,
  subscribed: subscribed === 1,
  readOnly: readOnly === 1,
  keywordsAllowed: keywordsAllowed === 1,
  uidvalidity,
  uidnext,
  modseq,
  exists,
  lowUid,
  state,
  totalEmails,
  unreadEmails,
  totalThreads,
  unreadThreads,
});

const stored = (value: string | number | boolean | null): Value => {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' ? whole(value) : value;
};

/** The mark of an id whose mailbox is no more. */
const spent = (id: number): string => `mailbox ${id}`;

/** The rows of `mailbox`, read once and again after a write. */
export class Mailboxes {
  readonly #db: Database;
  #known: Map<MailboxId, Mailbox> | undefined;
  #trash: Set<MailboxId> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): Mailbox[] {
    return [...this.#all().values()].map((box) => ({ ...box }));
  }

  get(id: MailboxId): Mailbox | undefined {
    const box = this.#all().get(id);
    return box && { ...box };
  }

  /** How many Emails or conversations there are in it. */
  total(id: MailboxId, of: 'totalEmails' | 'totalThreads'): number {
    return this.#all().get(id)?.[of] ?? 0;
  }

  isTrash(id: MailboxId): boolean {
    this.#trash ??= new Set(this.#db.values<MailboxId>("SELECT id FROM mailbox WHERE role = 'trash'"));
    return this.#trash.has(id);
  }

  byPath(pathRaw: string): MailboxId | undefined {
    return this.#db.value<MailboxId>('SELECT id FROM mailbox WHERE path_raw = ?', pathRaw);
  }

  insert(box: MailboxFields): MailboxId {
    const columns = names.map((name) => fields[name]).join(', ');
    const id = this.#db.insert(
      `INSERT INTO mailbox(id, ${columns}) VALUES(?, ${names.map(() => '?').join(', ')})`,
      this.#idFor(box.pathRaw),
      ...names.map((name) => stored(box[name])),
    );
    this.forget();
    return id as MailboxId;
  }

  /** Which of the given fields differ from what is stored, after storing them; `shown`: one that clients see. */
  update(id: MailboxId, patch: Partial<MailboxFields>): { role: boolean; shown: boolean } {
    const box = this.#all().get(id);
    const changed = names.filter((name) => patch[name] !== undefined && box !== undefined && patch[name] !== box[name]);
    for (const name of changed) {
      this.#db.run(`UPDATE mailbox SET ${fields[name]} = ? WHERE id = ?`, stored(patch[name] ?? null), id);
    }
    if (changed.length > 0) this.forget();
    return { role: changed.includes('role'), shown: changed.some((name) => shown.has(name)) };
  }

  remove(id: MailboxId): void {
    this.#db.run('DELETE FROM mailbox WHERE id = ?', id);
    this.#db.run('INSERT INTO counter(name, value) VALUES(?, 1)', spent(id));
    this.forget();
  }

  /**
   * By the path: an index that was made anew has the same ids, and who knows one from before moves nothing elsewhere by
   * it. Never one that another mailbox of this index has or had.
   */
  #idFor(path: string): number {
    const taken = (id: number): boolean =>
      this.#all().has(id as MailboxId) ||
      this.#db.value('SELECT 1 FROM counter WHERE name = ?', spent(id)) !== undefined;
    let id = 1 + (hash48(path) % 2 ** 24);
    while (taken(id)) id += 1;
    return id;
  }

  /** false: there is no such mailbox any more. */
  count(id: MailboxId, { totalEmails, unreadEmails, totalThreads, unreadThreads }: Delta): boolean {
    const box = this.#all().get(id);
    if (box === undefined) return false;
    box.totalEmails += totalEmails;
    box.unreadEmails += unreadEmails;
    box.totalThreads += totalThreads;
    box.unreadThreads += unreadThreads;
    this.#db.run(
      'UPDATE mailbox SET total_emails = ?, unread_emails = ?, total_threads = ?, unread_threads = ? WHERE id = ?',
      box.totalEmails,
      box.unreadEmails,
      box.totalThreads,
      box.unreadThreads,
      id,
    );
    return true;
  }

  /** After any other write to the table or a rollback. */
  forget(): void {
    this.#known = undefined;
    this.#trash = undefined;
  }

  #all(): Map<MailboxId, Mailbox> {
    this.#known ??= new Map(
      this.#db
        .rows<Row>(
          `SELECT id, ${names.map((name) => fields[name]).join(', ')},
            total_emails, unread_emails, total_threads, unread_threads FROM mailbox ORDER BY path_raw <> 'INBOX', path_raw`,
        )
        .map((row) => [row[0], fromRow(row)]),
    );
    return this.#known;
  }
}
