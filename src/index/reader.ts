import { must } from '#base/must.ts';
import type { Core } from './core.ts';
import { readBody } from './bodies.ts';
import { correspondents } from './correspondents.ts';
import { emailByNumber, emailByRow, emailsByNumber } from './emails.ts';
import { hash48 } from './conversation/keys.ts';
import { readyIntents } from './model.ts';
import { positionsIn, runQuery } from './query/run.ts';
import { asksText } from './text/match.ts';
import { markAll, markAround, snippetTerms } from './text/snippet.ts';
import { textGaps, textWishes } from './text/todo.ts';
import type {
  Address,
  Changes,
  ChangeType,
  Email,
  EmailNumber,
  EmailRow,
  Filter,
  IndexReader,
  Intent,
  Mailbox,
  MailboxId,
  Placement,
  Query,
  QueryResult,
  TextGaps,
  TextWish,
  ThreadNumber,
  Uid,
} from './types.ts';

const known = (uid: Uid): Uid | null => (uid > 0 ? uid : null);

export class Reader implements IndexReader {
  protected readonly core: Core;

  constructor(core: Core) {
    this.core = core;
  }

  state(type: ChangeType): string {
    return this.core.log.storedState(type);
  }

  changes(type: ChangeType, since: string, max: number): Changes | null {
    return this.core.log.changes(type, since, max);
  }

  mailboxes(): Mailbox[] {
    this.ready();
    return this.core.mailboxes.all();
  }

  mailbox(id: MailboxId): Mailbox | undefined {
    this.ready();
    return this.core.mailboxes.get(id);
  }

  email(number: EmailNumber): Email | undefined {
    return emailByNumber(this.core, number);
  }

  emails(numbers: readonly EmailNumber[]): Email[] {
    return emailsByNumber(this.core, numbers);
  }

  byRow(row: EmailRow): Email | undefined {
    return emailByRow(this.core, row);
  }

  thread(thread: ThreadNumber): EmailNumber[] | undefined {
    const rows = this.core.db.values<EmailRow>(
      'SELECT id FROM email WHERE thread = ? AND hidden = 0 ORDER BY id DESC',
      thread,
    );
    return rows.length === 0 ? undefined : this.core.numbers.of(rows);
  }

  threads(threads: readonly ThreadNumber[]): Map<ThreadNumber, EmailNumber[]> {
    const pairs = this.core.db.rows<[ThreadNumber, EmailRow]>(
      `SELECT e.thread, e.id FROM json_each(?) j CROSS JOIN email e INDEXED BY email_thread ON e.thread = j.value
        WHERE e.hidden = 0 ORDER BY e.id DESC`,
      JSON.stringify(threads),
    );
    const numbers = this.core.numbers.of(pairs.map(([, row]) => row));
    const found = new Map<ThreadNumber, EmailNumber[]>();
    for (const [at, [thread]] of pairs.entries()) {
      const number = must(numbers[at], 'a number for each row');
      const known = found.get(thread);
      if (known) known.push(number);
      else found.set(thread, [number]);
    }
    return found;
  }

  query(query: Query): QueryResult {
    this.ready();
    if (asksText(query.filter)) this.searched();
    return runQuery(this.core, query);
  }

  positions(query: Query, emails: readonly EmailNumber[]): Map<EmailNumber, number> {
    this.ready();
    if (asksText(query.filter)) this.searched();
    return positionsIn(this.core, query, emails);
  }

  snippet(email: EmailNumber, filter: Filter | null): { subject: string | null; preview: string | null } {
    const terms = snippetTerms(filter);
    const found = this.email(email);
    if (!found) return { subject: null, preview: null };
    const preview = markAround(found.preview, terms.body);
    const body = (): string | undefined =>
      this.core.db.value<string>('SELECT text FROM body_text WHERE email = ?', found.row);
    return {
      subject: markAll(found.subject, terms.subject),
      preview: preview ?? (terms.body.length === 0 ? null : markAround(body() ?? '', terms.body)),
    };
  }

  placements(email: EmailRow): Placement[] {
    return this.core.db
      .all<{ mailbox: MailboxId; uid: Uid; email: EmailRow }>(
        'SELECT mailbox, uid, email FROM placement WHERE email = ? ORDER BY mailbox, uid',
        email,
      )
      .map((placement) => ({ ...placement, uid: known(placement.uid) }));
  }

  placement(mailbox: MailboxId, uid: Uid): Placement | undefined {
    const email = this.core.db.value<EmailRow>(
      'SELECT email FROM placement WHERE mailbox = ? AND uid = ?',
      mailbox,
      uid,
    );
    return email === undefined ? undefined : { mailbox, uid, email };
  }

  uids(mailbox: MailboxId): Uid[] {
    return this.core.db.values('SELECT uid FROM placement WHERE mailbox = ? AND uid > 0 ORDER BY uid', mailbox);
  }

  uidCount(mailbox: MailboxId, from: number): number {
    const least = Math.max(1, from);
    return (
      this.core.db.value<number>('SELECT count(*) FROM placement WHERE mailbox = ? AND uid >= ?', mailbox, least) ?? 0
    );
  }

  body(email: EmailRow, part: string): Buffer | undefined {
    return readBody(this.core, email, part);
  }

  blob(id: string): { type: string; bytes: Buffer } | undefined {
    return this.core.db.get('SELECT type, bytes FROM blob WHERE id = ?', id);
  }

  intents(now: number): Intent[] {
    return readyIntents(this.core, 'due <= ?', now);
  }

  nextIntentAt(): number | null {
    return (
      this.core.db.value<number | null>(
        "SELECT due FROM intent WHERE kind = 'append' OR uid IS NOT NULL ORDER BY due LIMIT 1",
      ) ?? null
    );
  }

  intentCount(outOf?: MailboxId): number {
    const { db } = this.core;
    if (outOf === undefined) return db.value<number>('SELECT count(*) FROM intent') ?? 0;
    const lies = 'mailbox IS NULL AND email IN (SELECT email FROM placement WHERE mailbox = ?)';
    const leaving = `SELECT count(*) FROM intent WHERE kind IN ('move', 'copy') AND (mailbox = ? OR (${lies}))`;
    return db.value<number>(leaving, outOf, outOf) ?? 0;
  }

  isWished(email: EmailRow): boolean {
    return this.core.db.value('SELECT 1 FROM intent WHERE email = ? LIMIT 1', email) !== undefined;
  }

  textGaps(): TextGaps {
    return textGaps(this.core);
  }

  withoutPreview(limit: number): TextWish[] {
    return textWishes(this.core, 'todo_preview', limit);
  }

  withoutText(limit: number): TextWish[] {
    return textWishes(this.core, 'todo_body', limit);
  }

  byMessageId(messageId: string): EmailNumber[] {
    const { db, refs } = this.core;
    const key = hash48(messageId);
    refs.load([key]);
    let thread = refs.at(key);
    for (let into = thread; into !== undefined && into !== null;) {
      thread = into;
      into = db.value<ThreadNumber>('SELECT into_ FROM thread WHERE id = ?', thread);
    }
    if (thread === undefined) return [];
    const rows = db.values<EmailRow>(
      `SELECT e.id FROM email e CROSS JOIN envelope v ON v.email = e.id AND v.message_id = ?
        WHERE e.thread = ? AND e.hidden = 0 ORDER BY e.id`,
      messageId,
      thread,
    );
    return this.core.numbers.of(rows);
  }

  value(key: string): string | undefined {
    return this.core.db.value('SELECT value FROM setting WHERE key = ?', key);
  }

  correspondents(prefix: string, limit: number): (Address & { letters: number })[] {
    this.concluded();
    return correspondents(this.core, prefix, limit);
  }

  /** A transactor writes its sums before anybody looks at them. */
  protected ready(): void {}

  /** What is written at the end of a transaction only. */
  protected concluded(): void {
    this.core.store();
  }

  /** What is searched is written first. */
  protected searched(): void {
    if (this.core.heads.waits) this.core.store();
  }

  protected rowOf(number: EmailNumber): EmailRow | undefined {
    const row = this.core.numbers.rowOf(number);
    return row !== undefined && this.core.numbers.of([row])[0] === number ? row : undefined;
  }
}
